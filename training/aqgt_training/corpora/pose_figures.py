# SPDX-License-Identifier: GPL-3.0-or-later
"""Mean, deviation and rest pose of a corpus, gathered shard by shard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt.annotations import CHANNELS, NOTHING
from aqgt.skeleton import N_JOINTS
from aqgt_training.corpora.clip_lmdb import ClipRecord

_SAMPLED = 32
"""Frames of each shard that speak for its rest pose."""
_EVERY = 7


class PoseFigures:
    """Sums over the frames of a shard's clips, from which mean, deviation and rest pose of a split come."""

    def __init__(self) -> None:
        self.n = 0
        self.sum, self.squares = np.zeros((N_JOINTS, 3)), np.zeros((N_JOINTS, 3))
        self.resting: list[NDArray] = []
        self.any: list[NDArray] = []

    def add(self, clip: ClipRecord) -> None:
        """Count a clip's frames."""
        vectors = np.asarray(clip.bone_vectors, dtype=np.float64)
        self.n += len(vectors)
        self.sum += vectors.sum(axis=0)
        self.squares += np.square(vectors).sum(axis=0)
        phases = [channel.index for channel in CHANNELS if channel.family == "phase"]
        rests = (clip.track().values[phases] == NOTHING).all(axis=0)
        self.resting.extend(vectors[rests][::_EVERY])
        self.any.extend(vectors[::_EVERY])

    def figures(self) -> dict[str, Any]:
        """What `statistics_of` needs of this shard, as JSON."""

        def some(frames: list[NDArray]) -> list:
            step = max(1, len(frames) // _SAMPLED)
            return np.round(frames[::step][:_SAMPLED], 6).tolist()

        return {
            "frames": self.n,
            "sum": self.sum.tolist(),
            "squares": self.squares.tolist(),
            "resting": some(self.resting),
            "any": some(self.any),
        }


def statistics_of(figures: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Mean, standard deviation and rest pose `[53, 3]` over the figures of some shards."""
    n = sum(each["frames"] for each in figures)
    mean = np.sum([each["sum"] for each in figures], axis=0) / n
    variance = np.sum([each["squares"] for each in figures], axis=0) / n - np.square(mean)
    resting = [frame for each in figures for frame in each["resting"]]
    frames = resting or [frame for each in figures for frame in each["any"]]
    return {
        "mean": mean.tolist(),
        "std": np.sqrt(np.maximum(variance, 0)).tolist(),
        "rest_pose": np.median(frames, axis=0).tolist(),
    }
