# SPDX-License-Identifier: GPL-3.0-or-later
"""A motion with every joint turning, and the bone directions it has with y up."""

from __future__ import annotations

import numpy as np

from aqgt.motion import Motion
from tests.retarget.motions import sample_motion

TO_Y_UP = np.array([1.0, -1.0, -1.0])


def moving(n_frames: int = 24) -> Motion:
    return sample_motion(3, n_frames)


def directions_y_up(motion: Motion) -> np.ndarray:
    return motion.directions().astype(np.float64) * TO_Y_UP


def angle(u: np.ndarray, v: np.ndarray) -> float:
    """Largest angle in degrees between vectors."""
    u, v = (one / np.linalg.norm(one, axis=-1, keepdims=True) for one in np.broadcast_arrays(u, v))
    return float(
        np.degrees(2 * np.arctan2(np.linalg.norm(u - v, axis=-1), np.linalg.norm(u + v, axis=-1))).max()
    )
