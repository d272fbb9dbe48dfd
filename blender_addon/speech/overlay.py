# SPDX-License-Identifier: GPL-3.0-or-later
"""The words, and the spans of the gesture markers, drawn over timeline, dope sheet and sequencer.

Only what is in view is drawn; the times are read again where a word has changed.
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
from . import changes
from .source import heard_range, origin
from .words import stored

_MEASURED = (0.16, 0.36, 0.62, 0.85)
_ESTIMATED = (0.38, 0.38, 0.38, 0.80)
_SPAN = (0.72, 0.42, 0.10, 0.85)
_LETTERS = (1.0, 1.0, 1.0, 1.0)
_SCRUBBING = 28
"""Height of the frame numbers and the preview range below them, at the usual size of the interface."""
_ROW = 16
_LABEL_PIXELS = 18
"""Below this width a text would be a stroke or two."""

Times = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]

_handles: list[tuple[Any, Any]] = []
_cached_times: tuple[Any, Times] | None = None
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


def read_times(group: Any) -> Times:
    """Starts, ends and estimated marks of a word list, each `[N]`; read again where one changed."""
    global _cached_times
    count = len(group.words)
    key = (group.as_pointer(), count, changes.revision)
    if _cached_times is not None and _cached_times[0] == key:
        return _cached_times[1]
    starts, ends = np.empty(count, np.float32), np.empty(count, np.float32)
    estimated = np.empty(count, np.bool_)
    group.words.foreach_get("start", starts)
    group.words.foreach_get("end", ends)
    group.words.foreach_get("estimated", estimated)
    _cached_times = key, (starts, ends, estimated)
    return _cached_times[1]


def marker_spans(context: bpy.types.Context) -> list[tuple[float, float, str]]:
    """Start, end in seconds and a title of what the gesture markers ask for; read again where one changed."""
    global _cached_spans
    scene = context.scene
    character = scene.aqgt_generate.character
    key = (
        frames_per_second(scene),
        character.name if character else None,
        tuple(map(_shown, scene.timeline_markers)),
    )
    if _cached_spans[0] != key:
        spans = read_annotations(scene, key[1]).spans
        found = {
            (round(gesture.start, 4), round(gesture.end, 4)): gesture.span.labels.get("phrase", "gesture")
            for hand in HANDS
            for gesture in hand_gestures(spans, hand)
            if not gesture.span.rest
        }
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
    if _draw_words(context, left, right, region.width, top, size):
        top -= _ROW * size
    _draw_spans(context, left, right, region.width, top, size)


def _draw_words(
    context: bpy.types.Context, left: float, right: float, width: int, top: float, size: float
) -> bool:
    group = stored(context)
    if group is None:
        return False
    try:
        shift, (begin, stop) = origin(context), heard_range(context)
    except AqgtError:
        return False
    starts, ends, estimated = read_times(group)
    seen, first, last = in_view(starts, ends, left - shift, right - shift, width)
    sounding = (ends[seen] > begin - shift) & (starts[seen] < stop - shift)
    seen, first, last = seen[sounding], first[sounding], last[sounding]
    for wanted, colour in ((False, _MEASURED), (True, _ESTIMATED)):
        chosen = estimated[seen] == wanted
        _boxes(first[chosen], last[chosen], top, size, colour)
    wide = np.flatnonzero(last - first >= _LABEL_PIXELS * size)
    texts = [("~" if estimated[seen[at]] else "") + group.words[int(seen[at])].text for at in wide]
    _texts(texts, first[wide], last[wide], top, size)
    return True


def _draw_spans(
    context: bpy.types.Context, left: float, right: float, width: int, top: float, size: float
) -> None:
    spans = marker_spans(context)
    if not spans:
        return
    starts, ends = (np.array([span[part] for span in spans], np.float32) for part in (0, 1))
    seen, first, last = in_view(starts, ends, left, right, width)
    _boxes(first, last, top, size, _SPAN)
    wide = np.flatnonzero(last - first >= _LABEL_PIXELS * size)
    _texts([spans[int(seen[at])][2] for at in wide], first[wide], last[wide], top, size)


def _boxes(
    first: NDArray[np.float32],
    last: NDArray[np.float32],
    top: float,
    size: float,
    colour: tuple[float, float, float, float],
) -> None:
    """One draw call for all boxes of a colour."""
    import gpu  # only a window has it
    from gpu_extras.batch import batch_for_shader

    if not len(first):
        return
    low, high = top - (_ROW - 1) * size, top
    corners: Any = np.empty((len(first), 6, 2), np.float32)
    corners[:, (0, 3, 5), 0], corners[:, (1, 2, 4), 0] = first[:, None], last[:, None]
    corners[:, (0, 1, 3), 1], corners[:, (2, 4, 5), 1] = low, high
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    batch = batch_for_shader(shader, "TRIS", {"pos": corners.reshape(-1, 2)})
    gpu.state.blend_set("ALPHA")
    shader.uniform_float("color", colour)
    batch.draw(shader)
    gpu.state.blend_set("NONE")


def _texts(
    texts: list[str], first: NDArray[np.float32], last: NDArray[np.float32], top: float, size: float
) -> None:
    """Each text within its box; what is too long is cut by the font's own clipping."""
    import blf  # only a window has it

    blf.size(0, 11 * size)
    blf.color(0, *_LETTERS)
    blf.enable(0, blf.CLIPPING)
    low = top - (_ROW - 1) * size
    for text, left, right in zip(texts, first.tolist(), last.tolist(), strict=True):
        blf.clipping(0, left, low, right, top)
        blf.position(0, left + 2 * size, low + 4 * size, 0)
        blf.draw(0, text)
    blf.disable(0, blf.CLIPPING)


def on_show(_group: object, _context: bpy.types.Context) -> None:
    """The words are switched on or off."""
    changes.redraw()


def add() -> None:
    """Draw in every timeline, dope sheet and sequencer from now on."""
    for editor in (bpy.types.SpaceDopeSheetEditor, bpy.types.SpaceSequenceEditor):
        _handles.append((editor, editor.draw_handler_add(draw, (), "WINDOW", "POST_PIXEL")))


def remove() -> None:
    """Stop drawing."""
    while _handles:
        editor, handle = _handles.pop()
        editor.draw_handler_remove(handle, "WINDOW")
