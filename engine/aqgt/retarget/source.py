# SPDX-License-Identifier: GPL-3.0-or-later
"""A motion as the solver reads it: bone vectors in character axes, smoothed if wished."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aqgt import skeleton
from aqgt.motion import Motion
from aqgt.retarget.curves import smooth, unit
from aqgt.retarget.options import SMOOTHING_SECONDS
from aqgt.retarget.pose import LEFT, UP, from_model_axes

Floats = NDArray[np.float64]


class Source:
    """Directions and frames of a motion, all `[T, 3]` in character axes."""

    def __init__(self, motion: Motion, smoothing: str = "none") -> None:
        self.fps = motion.fps
        self.n_frames = len(motion)
        lengths = np.linalg.norm(motion.bone_vectors, axis=-1, keepdims=True)
        lengths[:, 0] = 1.0
        vectors = from_model_axes(motion.directions() * np.where(lengths > 0, lengths, 1e-6))
        vectors[:, 0] = 0.0
        seconds = SMOOTHING_SECONDS[smoothing]
        if seconds:
            size = np.linalg.norm(vectors, axis=-1, keepdims=True)
            vectors = unit(smooth(vectors, seconds, motion.fps)) * size
        self.vectors: Floats = vectors
        self.positions: Floats = skeleton.positions_from_bone_vectors(vectors)

    def direction(self, start: int, end: int) -> Floats:
        """Unit vectors from one joint to another; straight up where both coincide."""
        return _filled(self.positions[:, end] - self.positions[:, start], UP)

    def bone(self, joint: int) -> Floats:
        """Unit vectors from the parent of a joint to the joint."""
        return _filled(self.vectors[:, joint], UP)

    def shoulder_line(self) -> Floats:
        """Unit vectors from the right shoulder to the left one."""
        line = self.positions[:, skeleton.LEFT_SHOULDER] - self.positions[:, skeleton.RIGHT_SHOULDER]
        return _filled(line, LEFT)


def _filled(vectors: Floats, fallback: Floats) -> Floats:
    size = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(size > 1e-9, vectors / np.maximum(size, 1e-9), fallback)
