# SPDX-License-Identifier: GPL-3.0-or-later
"""The `G:` markers of a scene, as spans and, where one cannot be read, as a reason."""

from __future__ import annotations

import math
from dataclasses import dataclass

import bpy

from aqgt.annotations import Span
from aqgt.markers import is_marker, markers_to_spans

from ..scene.markers import read_markers


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
    for time, name in read_markers(scene):
        if not is_marker(name):
            continue
        if not start <= time < start + duration:
            side = "before" if time < start else "after"
            entries.append(Entry(time, name, f"It stands {side} the sound."))
            continue
        found, problems = markers_to_spans([(time - start, name)], character)
        spans.extend(found)
        if problems:
            entries.append(Entry(time, name, f"{problems[0].sentence} {problems[0].next_step}".strip()))
        elif found:
            entries.append(Entry(time, name))
    return Annotations(tuple(entries), tuple(spans))
