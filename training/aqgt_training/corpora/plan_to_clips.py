# SPDX-License-Identifier: GPL-3.0-or-later
"""From the planner's gestures to recorded ones: which clip, how fast, how large, from when to when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np

from aqgt.planner.forms import EXTENTS
from aqgt.planner.planning import PlannedGesture
from aqgt.planner.rules import kinds
from aqgt_training.corpora.form_labels import extent_label
from aqgt_training.corpora.gesture_clips import GestureClip, wrist_paths
from aqgt_training.corpora.placing import PlacedGesture
from aqgt_training.corpora.sound_effects import Heard
from aqgt_training.corpora.speakers import Speaker
from aqgt_training.corpora.variation import Variation, reach_for

_ONE_HAND_OF_TWO = 0.25
_EXTENT_MISS = (1.0, 0.25, 0.05)
_STAND_IN = 0.25
_AS_RECORDED = Variation()
_BEFORE_STROKE = 0.15
"""The stroke is labelled from this much before the recorded stroke mark, which lies inside the movement."""


@dataclass(frozen=True)
class _Entry:
    clip: GestureClip
    extent: dict[str, str]


class ClipPool:
    """Recorded gestures to choose from; prefers those it has chosen less."""

    def __init__(self, clips: Sequence[GestureClip]) -> None:
        self._entries = [_Entry(clip, _extents(clip)) for clip in clips]
        self._used: Counter[str] = Counter()

    def fresh(self) -> ClipPool:
        """The same recordings, none of them chosen yet."""
        pool = copy(self)
        pool._used = Counter()
        return pool

    def choose(self, planned: PlannedGesture, random: np.random.Generator) -> tuple[GestureClip, str]:
        """A clip for a planned gesture, and the hands of it to use."""
        options = [
            (entry, side, weight) for entry in self._entries for side, weight in self._fits(entry, planned)
        ]
        if not options:
            options = [
                (entry, entry.clip.side, 1.0) for entry in self._entries if entry.clip.kind == planned.kind
            ]
        if not options:
            options = [(entry, entry.clip.side, 1.0) for entry in self._entries]
        weights = np.array([weight / (1.0 + self._used[entry.clip.name]) for entry, _, weight in options])
        entry, side, _ = options[int(random.choice(len(options), p=weights / weights.sum()))]
        self._used[entry.clip.name] += 1
        return entry.clip, side

    def _fits(self, entry: _Entry, planned: PlannedGesture) -> list[tuple[str, float]]:
        clip = entry.clip
        weight = clip.weight
        if clip.kind != planned.kind:
            if clip.kind not in kinds()[planned.kind].like:
                return []
            weight *= _STAND_IN
        if clip.side != planned.side:
            if clip.side != "both":
                return []
            weight *= _ONE_HAND_OF_TWO
        extent = max((entry.extent[s] for s in _sides(planned.side)), key=EXTENTS.index)
        weight *= _EXTENT_MISS[abs(EXTENTS.index(extent) - EXTENTS.index(planned.extent))]
        return [(planned.side, weight)]


def place(
    planned: Sequence[PlannedGesture],
    pool: ClipPool,
    speaker: Speaker,
    random: np.random.Generator,
    heard: Heard,
    vary: Variation = _AS_RECORDED,
) -> list[PlacedGesture]:
    """Recorded gestures on the timeline, in order; each hand's gestures leave one another room to arrive.

    Where the sound has a say (``heard``), it changes their size and the sharpness of their strokes; what else
    sets them apart from their recordings, ``vary`` says.
    """
    placed: list[PlacedGesture] = []
    for gesture in planned:
        clip, side = pool.choose(gesture, random)
        speed = float(np.clip(random.normal(1.0 + 0.15 * (gesture.stress - 0.5), 0.1), 0.85, 1.3))
        recorded = (clip.marks.emphasis - clip.marks.stroke_start + _BEFORE_STROKE) / speed
        stroke = gesture.arrival - float(np.clip(recorded, 0.3, 0.8))
        begin = stroke - float(np.clip(random.normal(0.37, 0.07), 0.22, 0.55))
        if placed:
            free = placed[-1].arrival + 0.12
            stroke = max(stroke, min(free + 0.2, gesture.arrival - 0.3))
            begin = max(begin, min(free, stroke - 0.15))
        end = max(gesture.end, gesture.arrival + 0.1)
        size = 0.88 + 0.24 * gesture.stress if gesture.kind != "beat" else 0.8 + 0.4 * gesture.stress
        size *= speaker.amplitude
        amplitude = float(np.clip(size * random.normal(1.0, 0.06), 0.75, 1.2)) * heard.size(gesture.arrival)
        factors = {}
        if vary.reaches is not None:
            reach = reach_for(gesture.extent, size * heard.size(gesture.arrival), random)
            factors = vary.reaches.factors(clip, side, speaker, reach)
        fingers = None if vary.hands is None else vary.hands.choose(clip, side, random)
        placed.append(
            PlacedGesture(
                clip, gesture.kind, side, max(0.0, begin), max(0.05, stroke), gesture.arrival, end, speed,
                amplitude, gesture.word, heard.sharpness(gesture.arrival), factors,
                fingers,
            )
        )  # fmt: skip
    return placed


def _extents(clip: GestureClip) -> dict[str, str]:
    first, last = int(clip.marks.onset * clip.fps), int(clip.marks.relax * clip.fps) + 1
    return {
        side: extent_label(float(np.linalg.norm(path[first:last] - path[0], axis=-1).max()))
        for side, path in wrist_paths(clip.directions).items()
    }


def _sides(side: str) -> tuple[str, ...]:
    return ("left", "right") if side == "both" else (side,)
