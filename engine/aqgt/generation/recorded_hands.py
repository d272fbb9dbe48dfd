# SPDX-License-Identifier: GPL-3.0-or-later
"""Fingers like those of recorded hands where an annotation names a hand shape or a gesture form.

A network that learns by regression makes the mean of all hands that fit a label, which is no hand shape any
more. So its fingers are drawn towards the recorded hands that are nearest to them among those of the label.
What a frame gets depends on the network's fingers there and the annotations around it alone, so that windows,
ranges and the whole clip agree. Arms and wrists stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations
from aqgt.annotations import CHANNEL_BY_KEY, HANDS
from aqgt.generation.weights import growing, smoothed
from aqgt.hand_frame import MIRROR, hand_frame, hand_joints
from aqgt.models.hand_table import HandTable

_SMOOTH_SECONDS = 0.12
"""Deviation of the Gaussian that a weight is smoothed by."""
_AROUND_SECONDS = 0.13
"""How long before its stroke, and after its hold, a hand is already or still formed."""
_NEARNESS = 0.1
"""Squared distance, summed over a hand's bones, at which a recorded one counts 1/e of the nearest."""
_LEAST = 1e-3


@dataclass(frozen=True)
class _Pull:
    """Recorded hands `[K, 21, 3]` and their weight `[T]` in one hand of one variant."""

    variant: int
    hand: str
    recorded: NDArray[np.float64]
    weight: NDArray[np.float64]


class RecordedHands:
    """What recorded hands do to the fingers of some variants.

    Args:
        table: of the model.
        share: of a recorded hand where it has its full weight, 0 to 1.
        tracks: `[V, 17, T]` annotation matrices of the whole clip.
        forms: `[V, 2, T]` the gesture forms of both hands, 1 + place among the model's; None: it has none.
        fps: frames per second.
        grows_from: see `growing`.
    """

    def __init__(
        self,
        table: HandTable,
        share: float,
        tracks: NDArray[np.float32],
        forms: NDArray[np.float32] | None,
        fps: float,
        *,
        grows_from: int | None = None,
    ) -> None:
        self._n_frames = tracks.shape[-1]
        self._pulls: list[_Pull] = []
        for variant, track in enumerate(tracks):
            for row, hand in enumerate(HANDS):
                form = np.zeros(self._n_frames) if forms is None else forms[variant, row]
                for recorded, asked in _asked(table, track, form, hand, fps):
                    weight = growing(share * smoothed(asked, _SMOOTH_SECONDS * fps), grows_from, fps)
                    self._pulls.append(_Pull(variant, hand, recorded, weight))

    def apply(self, vectors: NDArray, start: int) -> NDArray:
        """Bone vectors `[V, n, 53, 3]` of the frames from ``start`` of the clip on, with these fingers."""
        frames = np.clip(np.arange(start, start + vectors.shape[1]), 0, self._n_frames - 1)
        out = np.array(vectors)
        for variant in range(len(vectors)):
            for hand in HANDS:
                pulls = [
                    (pull.recorded, pull.weight[frames])
                    for pull in self._pulls
                    if (pull.variant, pull.hand) == (variant, hand)
                    and pull.weight[frames].max(initial=0) > _LEAST
                ]
                if pulls:
                    out[variant] = _drawn(out[variant], hand, pulls)
        return out


def _asked(
    table: HandTable, track: NDArray[np.float32], form: NDArray, hand: str, fps: float
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """The recorded hands that one hand is asked for, and how much of them `[T]` at each frame, 0 to 1."""
    shape, phase = (CHANNEL_BY_KEY[f"{family}_{hand}"] for family in ("shape", "phase"))
    moving = np.isin(track[phase.index], [phase.value_of(name) for name in ("prep", "retr")])
    labels = np.stack([track[shape.index], form]).astype(int)
    labels[:, moving] = 0
    found = []
    for label in np.unique(labels, axis=1).T:
        recorded = table.of(int(label[0]), int(label[1]))
        if recorded is not None:
            found.append((recorded, (labels == label[:, None]).all(axis=0)))
    around = np.ones(1 + 2 * round(_AROUND_SECONDS * fps))
    wide = [np.convolve(asked, around)[len(around) // 2 :][: len(asked)] > 0 for _, asked in found]
    together = np.maximum(np.sum(wide, axis=0), 1) if wide else 1
    return [(recorded, each / together) for (recorded, _), each in zip(found, wide, strict=True)]


def _drawn(
    vectors: NDArray, hand: str, pulls: list[tuple[NDArray[np.float64], NDArray[np.float64]]]
) -> NDArray:
    """Bone vectors `[n, 53, 3]` with one hand drawn to recorded ones by their weights `[n]`."""
    joints = hand_joints(hand)
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    directions = (vectors / np.maximum(lengths, 1e-9)).astype(np.float64)
    frame = hand_frame(directions, hand)
    mirror = MIRROR if hand == "right" else np.ones(3)
    own = mirror * rotations.rotate(rotations.conjugate(frame)[:, None], directions[:, joints])
    change = np.zeros_like(own)
    for recorded, weight in pulls:
        change += weight[:, None, None] * (_nearest(recorded, own) - own)
    touched = np.sum([weight for _, weight in pulls], axis=0) > _LEAST
    fingers = own + change
    fingers /= np.maximum(np.linalg.norm(fingers, axis=-1, keepdims=True), 1e-9)
    placed = rotations.rotate(frame[:, None], mirror * fingers) * lengths[:, joints]
    out = np.array(vectors)
    out[touched, joints] = placed[touched]
    return out


def _nearest(recorded: NDArray[np.float64], own: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of recorded hands `[K, 21, 3]`, mostly of those nearest to each of `[n, 21, 3]`."""
    distance = ((own[:, None] - recorded) ** 2).sum(axis=(2, 3))
    nearness = np.exp((distance.min(axis=1, keepdims=True) - distance) / _NEARNESS)
    nearness /= nearness.sum(axis=1, keepdims=True)
    mean: NDArray[np.float64] = np.einsum("nk,kjc->njc", nearness, recorded)
    return mean
