# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes and their time: seconds ↔ frames, and which scene's sequencer is heard."""

from __future__ import annotations

import bpy


def blender_version() -> str:
    """The version of this Blender, for people."""
    return bpy.app.version_string


def frames_per_second(scene: bpy.types.Scene) -> float:
    """The scene's real frame rate; 29.97 is kept as 30 over a base of 1.001."""
    return scene.render.fps / scene.render.fps_base


def seconds(scene: bpy.types.Scene, frame: float) -> float:
    """The time of a frame of the scene; frame 0 is 0 s."""
    return frame / frames_per_second(scene)


def sequencer_scene(context: bpy.types.Context) -> bpy.types.Scene:
    """The scene whose sequencer is heard: from Blender 5.0 on the workspace may pin another one."""
    pinned = getattr(context.workspace, "sequencer_scene", None)
    return pinned if pinned is not None else context.scene
