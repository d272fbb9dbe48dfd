# SPDX-License-Identifier: GPL-3.0-or-later
"""Depth of a motion that was lifted from flat video: scaled, and its scale judged by bone lengths."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aqgt import skeleton
from aqgt.motion import Motion

_ARMS = tuple(
    skeleton.JOINT_INDEX[f"{side}_{name}"] for side in ("left", "right") for name in ("elbow", "wrist")
)
_GAINS = 0.25, 4.0
_LEAST_SPREAD = 0.02  # of depth², in bone lengths: below it the arms hardly change their depth


def with_depth_gain(motion: Motion, gain: float) -> Motion:
    """The motion with its depth scaled; every bone keeps its length in each frame."""
    if gain == 1.0:
        return motion
    vectors = motion.bone_vectors.astype(np.float64)
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled = vectors * np.array([1.0, 1.0, gain])
    size = np.linalg.norm(scaled, axis=-1, keepdims=True)
    scaled *= np.where(size > 1e-9, lengths / np.maximum(size, 1e-9), 1.0)
    scaled[:, 0] = vectors[:, 0]
    return Motion(motion.fps, scaled.astype(np.float32), motion.lengths)


def estimate_depth_gain(motion: Motion, lengths: NDArray | None = None) -> float:
    """The factor on depth under which the arm bones keep their lengths best.

    A bone of length L seen with depth z and width and height xy obeys xy² + g²·z² = L², whatever its
    direction; g (the gain) comes from least squares over the four arm bones and all frames.

    Only a motion whose lengths were not evened out can tell: one whose bones keep their lengths gives 1. So
    does one whose arms never change their depth. The result lies within 0.25 and 4; noise in the depth makes
    it too small.

    Args:
        motion: as tracked, ``Motion.from_positions``.
        lengths: `[53]` the speaker's bone lengths in any unit, if their ratios are known. Without, each
            bone's own length is only taken to be constant, which needs more movement.
    """
    if len(motion) == 0:
        return 1.0
    vectors = motion.bone_vectors[:, _ARMS].astype(np.float64)
    sizes = (skeleton.REFERENCE_LENGTHS if lengths is None else np.asarray(lengths, dtype=np.float64))[
        [*_ARMS]
    ]
    flat = np.sum(vectors[..., :2] ** 2, axis=-1) / sizes**2
    deep = vectors[..., 2] ** 2 / sizes**2
    scale = float(np.mean(flat + deep))
    # What is constant falls out: each bone's length, or with known ratios the one scale of all.
    together = 0 if lengths is None else None
    flat, deep = flat - flat.mean(axis=together), deep - deep.mean(axis=together)
    spread = float(np.sum(deep * deep))
    if scale <= 0 or np.sqrt(spread / deep.size) < _LEAST_SPREAD * scale:
        return 1.0
    squared = -float(np.sum(flat * deep)) / spread
    return float(np.sqrt(np.clip(squared, _GAINS[0] ** 2, _GAINS[1] ** 2)))
