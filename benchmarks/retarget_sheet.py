# SPDX-License-Identifier: GPL-3.0-or-later
"""The same ten seconds on every rig side by side: one picture, a row per moment, to be looked at.

    make extension && .venv-blender/bin/python benchmarks/retarget_sheet.py out/retarget.png [MOTION.npz]

Rendered with Workbench after Blender's own evaluation. Rigs without a mesh are drawn as sticks along their
deforming bones. Rigs beside the demo character come from the shared folder ($AQGT_SHARED, else ../shared
beside the checkout) and are left out where it is not there.
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

# It installs the built extension into a folder of this run, before Blender is imported.
installed = importlib.import_module("tests.blender.conftest")

import bpy  # noqa: E402
import numpy as np  # noqa: E402
from mathutils import Vector  # noqa: E402

from aqgt.formats.npz import write_npz  # noqa: E402
from tests.blender import rigs  # noqa: E402
from tests.retarget.motions import sample_motion  # noqa: E402

SECONDS = 10.0
MOMENTS = 6
COLUMN, ROW = 300, 310
"""Pixels of one picture."""
SPACE = 1.2
"""Metres between two characters."""
COLOUR = (0.62, 0.45, 0.36, 1.0)


def main() -> None:
    """Load, retarget, render, put together."""
    target = Path(sys.argv[1])
    motion = Path(sys.argv[2]) if len(sys.argv) > 2 else installed.USER / "motion.npz"
    if len(sys.argv) < 3:
        write_npz(motion, sample_motion(5, 300))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.preferences.addon_enable(module=installed.EXTENSION)
    scene = bpy.context.scene
    scene.render.fps, scene.frame_start = 30, 1
    scene.aqgt_retarget.source, scene.aqgt_retarget.filepath = "FILE", str(motion)
    for place, (name, armature) in enumerate(characters()):
        armature.location.x += SPACE * place
        bpy.context.view_layer.update()
        scene.aqgt_generate.character = armature
        bpy.ops.aqgt.retarget()
        if not [one for one in bpy.data.objects if one.type == "MESH" and one.parent == armature]:
            draw_sticks(armature)
        print(f"{place + 1}: {name}, {len(armature.data.bones)} bones")
    set_stage(scene, place + 1)
    rows = [render(scene, 1 + round(second * 30)) for second in np.linspace(0.5, SECONDS - 0.5, MOMENTS)]
    save(np.concatenate(rows[::-1]), target)


def characters() -> list[tuple[str, Any]]:
    """Every rig of the shared folder, and built ones: without fingers, and with names that say nothing."""
    shared = Path(os.environ.get("AQGT_SHARED", CHECKOUT.parent / "shared")) / "rigs"
    found = []
    for name, file in rigs.RIGS.items():
        path = CHECKOUT / "rigs" / "characters" / file if name == "mixamo" else shared / file
        if path.is_file():
            found.append((name, rigs.load(path, installed.USER)))
    stick = rigs.without_fingers()
    unknown = {bone.name: f"b{index:02d}" for index, bone in enumerate(stick.data.bones)}
    return [*found, ("no fingers", stick), ("unknown names", rigs.without_fingers(unknown))]


def draw_sticks(armature: Any) -> None:
    """One thin box along each deforming bone, which follows it."""
    for bone in armature.data.bones:
        controls = armature.name == "rig"
        if bone.length < 1e-3 or (controls and not bone.name.startswith("DEF-")) or "breast" in bone.name:
            continue
        width = min(0.025, 0.18 * bone.length)
        corners = [(x, y, z) for y in (0.0, bone.length) for x, z in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        mesh = bpy.data.meshes.new(bone.name)
        faces = [(0, 1, 2, 3), (7, 6, 5, 4), (0, 4, 5, 1), (1, 5, 6, 2), (2, 6, 7, 3), (3, 7, 4, 0)]
        mesh.from_pydata([(x * width, y, z * width) for x, y, z in corners], [], faces)
        box = bpy.data.objects.new(bone.name, mesh)
        bpy.context.scene.collection.objects.link(box)
        box.parent, box.parent_type, box.parent_bone = armature, "BONE", bone.name
        box.location = (0, -bone.length, 0)  # children of a bone begin at its tail


def set_stage(scene: Any, count: int) -> None:
    """Camera in front of all, plain light."""
    for one in bpy.data.objects:
        one.color = COLOUR
        if one.type == "ARMATURE":
            one.hide_render = True
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.data.type = "ORTHO"
    camera.data.ortho_scale = SPACE * count
    middle = Vector((SPACE * (count - 1) / 2, 0.0, 1.28))
    camera.location = middle + Vector((0, -8, 0.8))
    camera.rotation_euler = (middle - camera.location).to_track_quat("-Z", "Y").to_euler()
    scene.collection.objects.link(camera)
    scene.camera = camera
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.display.shading.light = "STUDIO"
    scene.display.shading.color_type = "OBJECT"
    scene.display.shading.show_cavity = True
    scene.render.film_transparent = False
    scene.world = bpy.data.worlds.new("Backdrop")
    scene.world.color = (0.8, 0.8, 0.8)
    scene.render.resolution_x, scene.render.resolution_y = COLUMN * count, ROW
    scene.render.image_settings.file_format = "PNG"


def render(scene: Any, frame: int) -> np.ndarray:
    """One row of pixels `[ROW, width, 4]`, bottom line first."""
    scene.frame_set(frame)
    scene.render.filepath = str(installed.USER / f"{frame}.png")
    bpy.ops.render.render(write_still=True)
    picture = bpy.data.images.load(scene.render.filepath)
    pixels = np.empty(len(picture.pixels), dtype=np.float32)
    picture.pixels.foreach_get(pixels)
    return pixels.reshape(scene.render.resolution_y, scene.render.resolution_x, 4)


def save(pixels: np.ndarray, target: Path) -> None:
    """Write a PNG."""
    target.parent.mkdir(parents=True, exist_ok=True)
    picture = bpy.data.images.new("sheet", pixels.shape[1], pixels.shape[0])
    picture.pixels.foreach_set(np.ascontiguousarray(pixels).ravel())
    picture.filepath_raw, picture.file_format = str(target.absolute()), "PNG"
    picture.save()


if __name__ == "__main__":
    try:
        main()
        sys.stdout.flush()
    finally:
        shutil.rmtree(installed.USER, ignore_errors=True)
    os._exit(0)
