# SPDX-License-Identifier: GPL-3.0-or-later
"""How the demo looks: framing, light and colour of a Workbench render of a character's upper body."""

from __future__ import annotations

import math

import bpy
import numpy as np
from mathutils import Vector

RESOLUTION = (960, 540)
BACKGROUND = (0.50, 0.57, 0.63)
STUDIO_LIGHT = "paint.sl"
"""The brightest of the studio lights that come with Blender: a face stays readable in a small video."""
LENS = 50.0
SIDE = math.radians(22.0)
"""How far the camera stands to the side of the character's front."""
COLOURS = {
    "Skin": (0.78, 0.49, 0.36, 1.0),
    "Shirt": (0.075, 0.22, 0.30, 1.0),
    "Trousers": (0.045, 0.05, 0.065, 1.0),
}
"""What the parts of the body wear, linear RGB."""
HEM = 8
"""How sharply one piece of clothing ends where another begins."""
TROUSERS = ("Hips", "UpLeg", "Leg", "Foot", "Toe")
SHIRT = ("Spine", "Shoulder", "Arm", "ForeArm")


def dress(scene: bpy.types.Scene, character: bpy.types.Object) -> None:
    """Give the scene a camera, the character its colours, and Workbench its settings."""
    bodies = [one for one in character.children_recursive if one.type == "MESH"]
    for body in bodies:
        colour(body)
    height = max((body.matrix_world @ Vector(corner)).z for body in bodies for corner in body.bound_box)
    place_camera(scene, height)
    scene.world = bpy.data.worlds.new("Backdrop")
    scene.world.color = BACKGROUND
    set_workbench(scene)


def colour(body: bpy.types.Object) -> None:
    """Skin, shirt and trousers as vertex colours, by the bones that move each vertex.

    Mixed by weight, a hem is soft; faces of one colour each would end it in triangles.
    """
    worn = np.array([COLOURS[_worn_on(group.name)] for group in body.vertex_groups])
    mixed = np.tile(np.array(COLOURS["Skin"]), (len(body.data.vertices), 1))
    for vertex in body.data.vertices:
        weights = np.array([group.weight for group in vertex.groups]) ** HEM
        if weights.sum() > 0:
            mixed[vertex.index] = weights @ worn[[group.group for group in vertex.groups]] / weights.sum()
    attribute = body.data.color_attributes.new("Clothes", "FLOAT_COLOR", "POINT")
    attribute.data.foreach_set("color", mixed.astype(np.float32).ravel())
    body.data.color_attributes.active_color = attribute
    body.data.shade_smooth()


def _worn_on(bone: str) -> str:
    short = bone.rpartition(":")[2].removeprefix("Left").removeprefix("Right")
    if short.startswith(TROUSERS):
        return "Trousers"
    return "Shirt" if short.rstrip("0123456789") in SHIRT else "Skin"


def place_camera(scene: bpy.types.Scene, height: float) -> None:
    """From the front, a little aside and above the chest, wide enough for large gestures."""
    target = Vector((0.0, 0.0, 0.712 * height))
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.data.lens = LENS
    distance = 1.64 * height
    camera.location = target + Vector((math.sin(SIDE) * distance, -math.cos(SIDE) * distance, 0.06 * height))
    camera.rotation_euler = (target - camera.location).to_track_quat("-Z", "Y").to_euler()
    scene.collection.objects.link(camera)
    scene.camera = camera


def set_workbench(scene: bpy.types.Scene) -> None:
    """Studio light with cavities, soft shadows and smooth edges, quick without a graphics card."""
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.render.resolution_x, scene.render.resolution_y = RESOLUTION
    scene.render.resolution_percentage = 100
    scene.view_settings.view_transform = "Standard"
    scene.display.render_aa = "FXAA"
    shading = scene.display.shading
    shading.light = "STUDIO"
    shading.studio_light = STUDIO_LIGHT
    shading.color_type = "VERTEX"
    shading.show_cavity = True
    shading.cavity_type = "BOTH"
    shading.show_shadows = True
    shading.shadow_intensity = 0.35
    shading.show_specular_highlight = False
