# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of a character whose joints are known.

Usage: render_known_joints.py BLEND FOLDER START SECONDS FPS WIDTH HEIGHT, with the Python of .venv-blender.
Beside the numbered pictures it writes joints.npz: `names` of the bones, `camera` `[T, bones, 3]` heads of the
bones before the camera in metres (x right, y down, z away), `image` `[T, bones, 2]` the same in pixels.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import bpy
import numpy as np
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
from demo_stage import dress

LOWER = 0.64
"""Height of the picture's middle, as a share of the character's: low enough for resting hands."""


def place_camera(scene: bpy.types.Scene, bodies: list[bpy.types.Object]) -> None:
    """Straight from the front, as a person who speaks to a camera is filmed, hands included."""
    height = max((body.matrix_world @ Vector(corner)).z for body in bodies for corner in body.bound_box)
    target = Vector((0.0, 0.0, LOWER * height))
    scene.camera.location = target + Vector((0.0, -1.85 * height, 0.04 * height))
    scene.camera.rotation_euler = (target - scene.camera.location).to_track_quat("-Z", "Y").to_euler()


def main() -> None:
    """Open, dress, render, note."""
    blend, folder = Path(sys.argv[1]), Path(sys.argv[2])
    start, seconds, fps = (float(value) for value in sys.argv[3:6])
    width, height = (int(value) for value in sys.argv[6:8])
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    scene = bpy.context.scene
    character = next(one for one in scene.objects if one.type == "ARMATURE")
    bodies = [one for one in character.children_recursive if one.type == "MESH"]
    if not any(body.data.color_attributes.get("Clothes") for body in bodies):
        dress(scene, character)
    place_camera(scene, bodies)
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.render.use_sequencer = False
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGB"
    names = [bone.name for bone in character.pose.bones]
    before, seen = [], []
    for number in range(round(seconds * fps)):
        at = scene.frame_start + (start + number / fps) * scene.render.fps / scene.render.fps_base
        scene.frame_set(int(at), subframe=at - int(at))
        scene.render.filepath = str(folder / f"{number:06d}.png")
        bpy.ops.render.render(write_still=True)
        heads = [character.matrix_world @ bone.head for bone in character.pose.bones]
        to_camera = scene.camera.matrix_world.inverted()
        before.append([tuple(to_camera @ head) for head in heads])
        seen.append([tuple(world_to_camera_view(scene, scene.camera, head)) for head in heads])
    camera = np.array(before) * (1, -1, -1)
    image = (np.array(seen)[..., :2] * (1, -1) + (0, 1)) * (width, height)
    np.savez(folder / "joints.npz", names=np.array(names), camera=camera, image=image)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # Blender can hang while Python shuts down
