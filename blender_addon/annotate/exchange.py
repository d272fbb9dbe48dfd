# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotations of the scene to files and back, in seconds of the sound where there is one."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import bpy

from aqgt.annotations import Span
from aqgt.errors import AqgtError
from aqgt.formats.span_files import read_span_file, write_span_file

from ..speech.source import sound_times
from ..translations import rpt
from . import store
from .addressing import new_address
from .reading import read_annotations


def export_annotations(context: bpy.types.Context, path: Path) -> tuple[int, list[str]]:
    """Write what the chosen character is told; how many annotations, and a sentence for each left out.

    Raises:
        AqgtError: there is none that can be written, or the file can't be written.
    """
    scene = context.scene
    start, duration, media = _clock(context)
    found = read_annotations(scene, _character(scene), start, duration)
    left_out = [f"Left out: {entry.name} ({entry.problem})" for entry in found.entries if entry.problem]
    if not found.spans:
        raise AqgtError(
            "There is no annotation to write.",
            left_out[0] if left_out else "Add one, or have gestures suggested.",
            "no-annotation",
        )
    # Blender keeps single precision; a microsecond is more than anyone annotates.
    spans = [span if span.end is None else replace(span, end=round(span.end, 6)) for span in found.spans]
    write_span_file(path, spans, duration if math.isfinite(duration) else None, media)
    return len(spans), left_out


def import_annotations(context: bpy.types.Context, path: Path, *, instead: bool) -> tuple[int, list[str]]:
    """Set a marker for each annotation of a file that is not there yet; how many, and notes.

    Args:
        context: whose scene.
        path: the file.
        instead: take away first what addresses the same character and is not locked.

    Raises:
        AqgtError: the file can't be read, or no character is chosen for it; nothing has changed.
    """
    scene = context.scene
    spans, notes = read_span_file(path)
    start, _, _ = _clock(context)
    character = new_address(scene)
    wanted = [store.from_span(span, start, character) for span in spans]
    for one in wanted:
        store.check(one)
    store.sync(scene)
    present = {marker: store.read(scene, marker) for marker in store.gesture_markers(scene)}
    if instead:
        for marker, annotation in list(present.items()):
            if store.same_address(annotation.content.character, character) and not annotation.locked:
                del present[marker]
                scene.timeline_markers.remove(marker)
    known = [_essence(one.span(start)) for one in present.values() if _is_readable(one, start)]
    fresh = [one for one in wanted if _essence(one.span(start)) not in known]
    for one in fresh:
        store.add(scene, one)
    store.activate(scene, None)
    if len(fresh) < len(wanted):
        notes.append(rpt("{number} were there already", number=len(wanted) - len(fresh)))
    return len(fresh), notes


def _clock(context: bpy.types.Context) -> tuple[float, float, str | None]:
    """Where the sound starts on the timeline, how long it lasts, its address; without one, the timeline's."""
    try:
        start, duration = sound_times(context)
    except AqgtError:
        return 0.0, math.inf, None
    speech = context.scene.aqgt_speech
    media = None
    if speech.source == "FILE":
        media = Path(bpy.path.abspath(speech.filepath)).absolute().as_uri()
    return start, duration, media


def _character(scene: bpy.types.Scene) -> str | None:
    character = scene.aqgt_generate.character
    return None if character is None else character.name


def _is_readable(annotation: store.Annotation, start: float) -> bool:
    return annotation.problem is None and annotation.time >= start


def _essence(span: Span) -> tuple[object, ...]:
    """What makes two annotations the same, in milliseconds."""
    end = None if span.end is None else round(span.end * 1000)
    named = frozenset((channel.key, channel.value_of(label)) for channel, label in span.channels())
    return round(span.start * 1000), end, span.side, span.rest, named
