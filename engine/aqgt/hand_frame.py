# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame that a hand carries with it: fingers seen in it do not change as arm and wrist move."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations
from aqgt.skeleton import JOINT_INDEX

N_FINGER_BONES = 21
MIRROR = np.array([1.0, 1.0, -1.0])
"""A right hand's bone directions in its frame, times this, are those of the left hand that mirrors it."""


def hand_joints(side: str) -> slice:
    """The 21 joints of a hand, its root first."""
    first = JOINT_INDEX[f"{side}_hand"]
    return slice(first, first + N_FINGER_BONES)


def hand_frame(directions: NDArray, side: str) -> NDArray[np.float64]:
    """Rotations `[..., 4]` from the hand's own frame to the model's axes, of bone directions `[..., 53, 3]`.

    In the hand's frame x points along the middle finger's metacarpal, y from the little finger to the index.
    """
    along = directions[..., JOINT_INDEX[f"{side}_middle_1"], :]
    index, little = (directions[..., JOINT_INDEX[f"{side}_{name}_1"], :] for name in ("index", "little"))
    return rotations.from_frames(np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]), along, index - little)
