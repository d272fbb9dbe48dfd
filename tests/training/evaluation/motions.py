# SPDX-License-Identifier: GPL-3.0-or-later
"""Motions whose figures are known, for the tests of the evaluation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aqgt import skeleton
from aqgt.annotations import CHANNEL_BY_KEY
from aqgt.models.rest_pose import rest_pose
from aqgt.motion import Motion

FPS = 15.0


def standing(n_frames: int = 60) -> Motion:
    """Nothing moves."""
    vectors = np.repeat(rest_pose()[None], n_frames, axis=0).astype(np.float32)
    return Motion(FPS, vectors).with_lengths(skeleton.HUMAN_LENGTHS)


def lifting(side: str, at: int = 20, n_frames: int = 60, share: float = 1.0, over: int = 8) -> Motion:
    """One forearm swings up to the front from frame ``at`` on, over some frames, and stays there."""
    motion = standing(n_frames)
    vectors = motion.bone_vectors.copy()
    joint = skeleton.JOINT_INDEX[f"{side}_wrist"]
    weight = np.clip((np.arange(n_frames) - at) / over, 0, 1) * share
    up = np.array([0.0, -0.6, -0.8]) * skeleton.HUMAN_LENGTHS[joint]
    vectors[:, joint] += weight[:, None] * (up - vectors[:, joint])
    return Motion(FPS, vectors).with_lengths(skeleton.HUMAN_LENGTHS)


def track(side: str, begin: int = 15, stroke: int = 20, arrival: int = 28, end: int = 40, n: int = 60,
          **labels: str) -> NDArray[np.float32]:  # fmt: skip
    """A matrix with one gesture of one hand."""
    values = np.full((17, n), -1.0, dtype=np.float32)
    for hand in ("left", "right"):
        for family in ("phase", "phrase"):
            values[CHANNEL_BY_KEY[f"{family}_{hand}"].index] = 0.0
    phase = CHANNEL_BY_KEY[f"phase_{side}"]
    for name, first, last in (
        ("prep", begin, stroke),
        ("stroke", stroke, arrival),
        ("post.hold", arrival, end),
        ("retr", end, min(end + 6, n)),
    ):
        values[phase.index, first:last] = phase.value_of(name)
    for family, label in labels.items():
        channel = CHANNEL_BY_KEY[f"{family}_{side}"]
        values[channel.index, begin : end + 6] = channel.value_of(label)
    return values
