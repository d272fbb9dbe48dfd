# SPDX-License-Identifier: GPL-3.0-or-later
"""The words, and the spans of the gesture markers, drawn over timeline, dope sheet and sequencer.

Only what is in view is drawn; it is laid out again where a word, a marker or the view has changed.
"""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from aqgt.annotations import HANDS, hand_gestures
from aqgt.errors import AqgtError

from ..annotate.reading import read_annotations
from ..scene.context import frames_per_second, sequencer_scene
from ..ui import redraw
from . import changes, overlay_row
from .overlay_row import Row, laid_out, row_of
from .source import heard_range, origin
from .times import read_times
from .words import stored

_MEASURED = (0.16, 0.36, 0.62, 0.85)
_ESTIMATED = (0.38, 0.38, 0.38, 0.80)
_SPAN = (0.72, 0.42, 0.10, 0.85)
_SCRUBBING = 28
"""Height of the frame numbers and the preview range below them, at the usual size of the interface."""

Seen = tuple[float, float, int, float]
"""Seconds at the left and right edge, width in pixels, size of the interface."""

_handles: list[tuple[Any, Any]] = []
_spans_revision = 0
_cached_spans: tuple[Any, list[tuple[float, float, str]]] = (None, [])


def in_view(
    starts: NDArray[np.float32], ends: NDArray[np.float32], left: float, right: float, width: float
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Which intervals are seen, and from which to which pixel.

    Args:
        starts: seconds `[N]`, in any order.
        ends: seconds `[N]`.
        left: seconds at the left edge.
        right: seconds at the right edge, > left.
        width: pixels.

    Returns:
        Indices `[K]`, first and last pixel `[K]`; each interval is at least one pixel wide.
    """
    seen = np.flatnonzero((ends >= left) & (starts <= right))
    scale = width / (right - left)
    first = np.clip((starts[seen] - left) * scale, 0.0, width)
    # One pixel is left free, so that words that touch can be told apart.
    last = np.maximum(np.clip((ends[seen] - left) * scale, 0.0, width) - 1.0, first + 1.0)
    return seen, first.astype(np.float32), last.astype(np.float32)


def marker_spans(context: bpy.types.Context) -> list[tuple[float, float, str]]:
    """Start, end in seconds and a title of what the gesture markers ask for; read again where one changed."""
    global _cached_spans, _spans_revision
    scene = context.scene
    character = scene.aqgt_generate.character
    key = (
        frames_per_second(scene),
        character.name if character else None,
        tuple(_shown(marker) for marker in scene.timeline_markers if marker.name.lstrip()[:1] in ("G", "g")),
    )
    if _cached_spans[0] != key:
        spans = read_annotations(scene, key[1]).spans
        found = {
            (round(gesture.start, 4), round(gesture.end, 4)): gesture.span.labels.get("phrase", "gesture")
            for hand in HANDS
            for gesture in hand_gestures(spans, hand)
            if not gesture.span.rest
        }
        _spans_revision += 1
        _cached_spans = key, [(*times, title) for times, title in sorted(found.items())]
    return _cached_spans[1]


def _shown(marker: bpy.types.TimelineMarker) -> tuple[object, ...]:
    """What of a marker shows in its span; a name that was cut short doesn't tell all of it."""
    held: Any = marker.aqgt  # type: ignore[attr-defined]
    return marker.frame, marker.name, held.subframe, held.length, held.phrase_left, held.phrase_right


def draw() -> None:
    """Called by Blender after an editor has drawn its content."""
    context = bpy.context
    region, scene = context.region, context.scene
    if not scene.aqgt_speech.show_words:
        return
    shown = sequencer_scene(context) if context.area.type == "SEQUENCE_EDITOR" else scene
    rate = frames_per_second(shown)
    view: Any = region.view2d
    left = view.region_to_view(0, 0)[0] / rate
    right = view.region_to_view(region.width, 0)[0] / rate
    if right <= left:
        return
    size = context.preferences.system.ui_scale
    top = region.height - _SCRUBBING * size
    seen = (left, right, region.width, size)
    words = _words_row(context, seen, top)
    if words is not None:
        overlay_row.draw(words, top, size)
        top -= overlay_row.HEIGHT * size
    spans = _spans_row(context, seen, top)
    if spans is not None:
        overlay_row.draw(spans, top, size)


def _words_row(context: bpy.types.Context, seen: Seen, top: float) -> Row | None:
    group = stored(context)
    if group is None:
        return None
    try:
        shift, (begin, stop) = origin(context), heard_range(context)
    except AqgtError:
        return None
    key = (group.as_pointer(), len(group.words), changes.revision, shift, begin, stop, seen, top)
    place = context.region.as_pointer(), "words"
    return row_of(place, key, lambda: _lay_out_words(group, shift, begin, stop, seen, top))


def _lay_out_words(group: Any, shift: float, begin: float, stop: float, seen: Seen, top: float) -> Row:
    left, right, width, size = seen
    starts, ends, estimated = read_times(group)
    found, first, last = in_view(starts, ends, left - shift, right - shift, width)
    sounding = (ends[found] > begin - shift) & (starts[found] < stop - shift)
    found, first, last = found[sounding], first[sounding], last[sounding]
    guessed = estimated[found]

    def text_of(at: int) -> str:
        return ("~" if guessed[at] else "") + str(group.words[int(found[at])].text)

    return laid_out(first, last, ((~guessed, _MEASURED), (guessed, _ESTIMATED)), text_of, top, size)


def _spans_row(context: bpy.types.Context, seen: Seen, top: float) -> Row | None:
    spans = marker_spans(context)
    if not spans:
        return None
    place = context.region.as_pointer(), "spans"
    return row_of(place, (_spans_revision, seen, top), lambda: _lay_out_spans(spans, seen, top))


def _lay_out_spans(spans: list[tuple[float, float, str]], seen: Seen, top: float) -> Row:
    left, right, width, size = seen
    starts, ends = (np.array([span[part] for span in spans], np.float32) for part in (0, 1))
    found, first, last = in_view(starts, ends, left, right, width)
    every = np.ones(len(found), np.bool_)
    return laid_out(first, last, ((every, _SPAN),), lambda at: spans[int(found[at])][2], top, size)


def on_show(_group: object, _context: bpy.types.Context) -> None:
    """The words are switched on or off."""
    redraw()


def add() -> None:
    """Draw in every timeline, dope sheet and sequencer from now on."""
    for editor in (bpy.types.SpaceDopeSheetEditor, bpy.types.SpaceSequenceEditor):
        _handles.append((editor, editor.draw_handler_add(draw, (), "WINDOW", "POST_PIXEL")))


def remove() -> None:
    """Stop drawing."""
    while _handles:
        editor, handle = _handles.pop()
        editor.draw_handler_remove(handle, "WINDOW")
    overlay_row.forget()
