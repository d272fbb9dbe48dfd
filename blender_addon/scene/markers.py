# SPDX-License-Identifier: GPL-3.0-or-later
"""Timeline markers, in seconds. They belong to the scene, not to a character."""

from __future__ import annotations

import bpy

from .context import frames_per_second, seconds

NAME_LIMIT = 63
"""Bytes of a marker's name that Blender keeps; it cuts the rest without a word."""


def read_markers(scene: bpy.types.Scene) -> list[tuple[float, str]]:
    """Time in seconds and name of every marker, in order of time."""
    return sorted((seconds(scene, marker.frame), marker.name) for marker in scene.timeline_markers)


def add_marker(scene: bpy.types.Scene, time: float, name: str) -> bpy.types.TimelineMarker:
    """A marker at the frame nearest to ``time`` seconds."""
    return scene.timeline_markers.new(name, frame=round(time * frames_per_second(scene)))
