# SPDX-License-Identifier: GPL-3.0-or-later
"""The gestures that an annotation matrix asks of each hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aqgt.annotations import CHANNEL_BY_KEY, HANDS, SIDED_FAMILIES

_PREP, _STROKE, _RETR, _PRE_HOLD = (
    CHANNEL_BY_KEY["phase_left"].value_of(name) for name in ("prep", "stroke", "retr", "pre.hold")
)
_OTHER = dict(zip(HANDS, reversed(HANDS), strict=True))
_LEADING = (_PREP, _PRE_HOLD)


@dataclass(frozen=True)
class AskedGesture:
    """What one hand is asked to do; all times are frames.

    Attributes:
        side: the hand.
        begin: first frame of the preparation, or of the stroke where there is none.
        stroke: first frame of the stroke.
        arrival: frame after the stroke's last.
        end: frame after the hold's last (the retraction begins).
        labels: family → label of the other channels at the stroke; unknown ones are left out.
        alone: whether the other hand is asked for nothing meanwhile.
    """

    side: str
    begin: int
    stroke: int
    arrival: int
    end: int
    labels: Mapping[str, str]
    alone: bool


def asked_gestures(track: NDArray[np.float32]) -> list[AskedGesture]:
    """All gestures of a matrix `[17, T]` that have a stroke, by hand and time."""
    return [gesture for side in HANDS for gesture in _of_hand(track, side)]


def _of_hand(track: NDArray[np.float32], side: str) -> Iterator[AskedGesture]:
    phase = track[CHANNEL_BY_KEY[f"phase_{side}"].index]
    other = track[CHANNEL_BY_KEY[f"phase_{_OTHER[side]}"].index]
    for begin, until in _stretches(phase):
        inside = phase[begin:until]
        strokes = np.flatnonzero(inside == _STROKE)
        if len(strokes) == 0:
            continue
        stroke = begin + int(strokes[0])
        after = np.flatnonzero(phase[stroke:until] != _STROKE)
        arrival = stroke + int(after[0]) if len(after) else until
        retraction = np.flatnonzero(phase[arrival:until] == _RETR)
        end = arrival + int(retraction[0]) if len(retraction) else until
        alone = not (other[begin:end] > 0).any()
        yield AskedGesture(side, begin, stroke, arrival, end, _labels(track, side, stroke), alone)


def _stretches(phase: NDArray[np.float32]) -> list[tuple[int, int]]:
    """First frame and frame after the last of each gesture; a new preparation begins a new one."""
    found: list[tuple[int, int]] = []
    begin: int | None = None
    before = 0.0
    for frame, value in enumerate([*phase.tolist(), 0.0]):
        fresh = value > 0 and (
            (value in _LEADING and before not in _LEADING)
            or (value == _STROKE and before not in (*_LEADING, _STROKE))
        )
        if begin is not None and (value <= 0 or fresh):
            found.append((begin, frame))
            begin = None
        if fresh:
            begin = frame
        before = value
    return found


def _labels(track: NDArray[np.float32], side: str, frame: int) -> dict[str, str]:
    labels = {}
    for family in SIDED_FAMILIES:
        channel = CHANNEL_BY_KEY[f"{family}_{side}"]
        name = channel.name_of(float(track[channel.index, frame]))
        if name is not None:
            labels[family] = name
    return labels
