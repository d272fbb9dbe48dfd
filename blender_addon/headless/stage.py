# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scene lacks for a picture: a camera before the character, light, a backdrop, plain shading."""

from __future__ import annotations

import math
from typing import Any

import bpy
from mathutils import Vector

from aqgt.errors import AqgtError

BACKDROP = (0.50, 0.57, 0.63)
CLAY = (0.55, 0.36, 0.27)
"""What a character without colours of its own is shown in, linear RGB."""
LENS = 50.0
SIDE = math.radians(22.0)
"""How far the camera stands to the side of the character's front."""
STUDIO_LIGHT = "paint.sl"
"""The brightest of the studio lights that come with Blender: a face stays readable in a small video."""


def choose_camera(scene: bpy.types.Scene, name: str | None) -> None:
    """Use the named camera, else the scene's own, else one put before the character.

    Raises:
        AqgtError: there is no camera of that name.
    """
    if name is not None:
        camera: bpy.types.Object | None = scene.objects.get(name)
        if camera is None or camera.type != "CAMERA":
            raise AqgtError(
                f"The scene has no camera “{name}”.", "Correct the name, or leave it away.", "no-camera"
            )
        scene.camera = camera
    elif scene.camera is None:
        _place_camera(scene)


def add_missing_light(scene: bpy.types.Scene) -> None:
    """A sun and a bright backdrop where the scene has no light of its own."""
    if scene.world is None:
        scene.world = bpy.data.worlds.new("Backdrop")
        scene.world.color = BACKDROP
    if any(one.type == "LIGHT" for one in scene.objects):
        return
    sun = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
    sun.data.energy = 2.5
    sun.rotation_euler = (math.radians(50), 0.0, math.radians(35))
    scene.collection.objects.link(sun)


def shade_plainly(scene: bpy.types.Scene) -> None:
    """Workbench with studio light, soft shadows and the character's own textures or colours."""
    scene.view_settings.view_transform = "Standard"
    scene.display.render_aa = "FXAA"
    shading = scene.display.shading
    shading.light = "STUDIO"
    shading.studio_light = STUDIO_LIGHT
    shading.color_type = _colour_type(scene)
    shading.single_color = CLAY
    shading.show_cavity = True
    shading.cavity_type = "BOTH"
    shading.show_shadows = True
    shading.shadow_intensity = 0.35
    shading.show_specular_highlight = False


def _colour_type(scene: bpy.types.Scene) -> Any:
    """Textures where there are some, else the materials' colours; one colour of clay where all are grey."""
    if _has_textures(scene):
        return "TEXTURE"
    materials: list[Any] = [
        slot.material for one in scene.objects for slot in one.material_slots if slot.material
    ]
    colours = {tuple(one.diffuse_color)[:3] for one in materials}
    return "MATERIAL" if any(max(colour) - min(colour) > 0.02 for colour in colours) else "SINGLE"


def _has_textures(scene: bpy.types.Scene) -> bool:
    materials = {slot.material for one in scene.objects for slot in one.material_slots if slot.material}
    return any(
        node.type == "TEX_IMAGE"
        for one in materials
        if one.node_tree is not None
        for node in one.node_tree.nodes
    )


def _place_camera(scene: bpy.types.Scene) -> None:
    """From the front, a little aside and above the chest, wide enough for large gestures."""
    low, high = _extent(scene)
    height = high.z - low.z
    target = Vector(((low.x + high.x) / 2, (low.y + high.y) / 2, low.z + 0.712 * height))
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.data.lens = LENS
    distance = 1.64 * height
    offset = Vector((math.sin(SIDE) * distance, -math.cos(SIDE) * distance, 0.06 * height))
    camera.location = target + offset
    camera.rotation_euler = (-offset).to_track_quat("-Z", "Y").to_euler()
    scene.collection.objects.link(camera)
    scene.camera = camera


def _extent(scene: bpy.types.Scene) -> tuple[Vector, Vector]:
    """Lowest and highest corner of the characters' meshes at rest, else of their bones."""
    armatures = [one for one in scene.objects if one.type == "ARMATURE"]
    if not armatures:
        raise AqgtError("The scene has neither a camera nor a character.", "Add a camera to it.", "no-camera")
    bodies: list[Any] = [
        child for one in armatures for child in one.children_recursive if child.type == "MESH"
    ]
    corners = [one.matrix_world @ Vector(corner) for one in bodies or armatures for corner in one.bound_box]
    low = Vector([min(corner[axis] for corner in corners) for axis in range(3)])
    high = Vector([max(corner[axis] for corner in corners) for axis in range(3)])
    return low, high
