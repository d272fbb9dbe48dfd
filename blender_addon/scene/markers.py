# SPDX-License-Identifier: GPL-3.0-or-later
"""Timeline markers, the playhead and the preview range, in seconds.

Markers belong to the scene, not to a character, and stand on whole frames.
"""

from __future__ import annotations

import bpy

from .context import frames_per_second, seconds


def names_and_frames(scene: bpy.types.Scene) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Of all markers; a panel asks at every draw."""
    markers = scene.timeline_markers
    frames = [0] * len(markers)
    markers.foreach_get("frame", frames)
    return tuple([marker.name for marker in markers]), tuple(frames)


def marker_time(scene: bpy.types.Scene, marker: bpy.types.TimelineMarker, subframe: float = 0.0) -> float:
    """The time of a marker; ``subframe`` is a part of a frame to add."""
    return seconds(scene, marker.frame + subframe)


def new_marker(scene: bpy.types.Scene, time: float, name: str) -> bpy.types.TimelineMarker:
    """A marker at the frame nearest to ``time`` seconds."""
    return scene.timeline_markers.new(name, frame=round(time * frames_per_second(scene)))


def place_marker(scene: bpy.types.Scene, marker: bpy.types.TimelineMarker, time: float) -> float:
    """Move a marker to the frame nearest to ``time`` seconds; the part of a frame that is left over."""
    frames = time * frames_per_second(scene)
    marker.frame = round(frames)
    return frames - marker.frame


def playhead(scene: bpy.types.Scene) -> float:
    """Where the playhead stands."""
    return seconds(scene, scene.frame_current)


def go_to(scene: bpy.types.Scene, marker: bpy.types.TimelineMarker) -> None:
    """Move the playhead to a marker."""
    scene.frame_set(marker.frame)


def preview_range(scene: bpy.types.Scene) -> tuple[float, float]:
    """Start and end of the preview range; it includes its last frame."""
    return seconds(scene, scene.frame_preview_start), seconds(scene, scene.frame_preview_end + 1)


def preview_frames(scene: bpy.types.Scene) -> tuple[int, int] | None:
    """First and last frame of the preview range; None where there is none."""
    return (scene.frame_preview_start, scene.frame_preview_end) if scene.use_preview_range else None


def selected_frames(scene: bpy.types.Scene) -> tuple[int, int] | None:
    """Frames of the first and the last selected marker; None where fewer than two are."""
    frames = [marker.frame for marker in scene.timeline_markers if marker.select]
    return (min(frames), max(frames)) if len(set(frames)) > 1 else None
