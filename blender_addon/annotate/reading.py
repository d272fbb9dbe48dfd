# SPDX-License-Identifier: GPL-3.0-or-later
"""The `G:` markers of a scene, as spans and, where one cannot be read, as a reason."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import bpy

from aqgt.annotations import Span
from aqgt.errors import AqgtError
from aqgt.markers import is_marker

from ..scene.markers import names_and_frames
from ..speech import changes
from .store import Annotation, gesture_markers, heading, is_stale, read, speaks_to_all

_settled: tuple[Any, ...] | None = None
"""Scene, revision, names and frames that were found settled last."""


@dataclass(frozen=True)
class Entry:
    """One gesture marker: its time on the timeline in seconds, its name, and why it is not sent, if so."""

    time: float
    name: str
    problem: str = ""


@dataclass(frozen=True)
class Annotations:
    """All gesture markers, and the spans of those that are sent (seconds from the start of the sound)."""

    entries: tuple[Entry, ...]
    spans: tuple[Span, ...]


def read_annotations(
    scene: bpy.types.Scene, character: str | None, start: float = 0.0, duration: float = math.inf
) -> Annotations:
    """The gesture markers that address a character.

    Args:
        scene: whose timeline.
        character: name of the armature; None: whatever is addressed.
        start: where the sound starts on the timeline, in seconds.
        duration: how long it lasts, in seconds.
    """
    entries: list[Entry] = []
    spans: list[Span] = []
    for marker in gesture_markers(scene):
        annotation = read(scene, marker)
        if not annotation.speaks_to(character):
            continue
        problem = ""
        if not start <= annotation.time < start + duration:
            problem = f"It stands {'before' if annotation.time < start else 'after'} the sound."
        else:
            try:
                spans.append(annotation.span(start))
            except AqgtError as error:
                problem = f"{error.sentence} {error.next_step}".strip()
        entries.append(Entry(annotation.time, annotation.name, problem))
    return Annotations(tuple(entries), tuple(spans))


def not_used(scene: bpy.types.Scene, markers: list[bpy.types.TimelineMarker]) -> list[tuple[str, str]]:
    """Name and reason of each gesture marker that no character of the scene hears.

    A panel asks at every draw: markers whose group is up to date and that address nobody are not read.
    """
    found = []
    for marker in markers:
        if speaks_to_all(marker):
            continue
        annotation = read(scene, marker)
        if reason := reason_not_used(scene, annotation):
            found.append((annotation.name, reason))
    return found


def is_settled(scene: bpy.types.Scene) -> bool:
    """Whether every marker's group is up to date and addresses nobody: then there is nothing to read or say.

    A panel asks at every draw; as long as no name and no frame changes, the answer is the one of before.
    """
    global _settled
    state = scene.as_pointer(), changes.revision, names_and_frames(scene)
    if state == _settled:
        return True
    if not all(_is_plain(marker) for marker in scene.timeline_markers if is_marker(marker.name)):
        return False
    _settled = state
    return True


def listed(scene: bpy.types.Scene, marker: bpy.types.TimelineMarker) -> tuple[Annotation, str]:
    """What a list shows of a gesture marker (see `heading`), and why no character hears it, if so."""
    if _is_plain(marker):
        return heading(scene, marker), ""
    annotation = read(scene, marker)
    return annotation, reason_not_used(scene, annotation)


def _is_plain(marker: bpy.types.TimelineMarker) -> bool:
    """Whether a marker's group is up to date and addresses nobody."""
    return not is_stale(marker) and speaks_to_all(marker)


def reason_not_used(scene: bpy.types.Scene, annotation: Annotation) -> str:
    """Why no character of the scene hears a gesture marker; empty where one does."""
    if annotation.problem is not None:
        return f"{annotation.problem.sentence} {annotation.problem.next_step}".strip()
    address = annotation.content.character
    if address is None:
        return ""
    armatures = [one.name for one in scene.objects if one.type == "ARMATURE"]
    if any(annotation.speaks_to(name) for name in armatures):
        return ""
    known = ", ".join(armatures) or "none"
    return f"No character here is called “{address}”. Address one of this scene's armatures: {known}."
