# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands and elbows stay out of torso and head, and arms that touch nothing stay as they are."""

from __future__ import annotations

import numpy as np
import pytest

from aqgt import rotations, skeleton
from aqgt.motion import Motion
from aqgt.retarget import RetargetOptions, match, quality, solve
from tests.retarget.motions import FPS, RIG_NAMES, load_rig, rig_and_mapping, sample_motion


def folded_motion(turn_in: float, lower: float, n_frames: int = 90) -> Motion:
    """Elbows close from straight to fully bent, upper arms turned in: hands go through chest or chin."""
    rest = skeleton.REFERENCE_REST
    joint = skeleton.JOINT_INDEX
    positions = np.tile(rest, (n_frames, 1, 1))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        shoulder, elbow = rest[joint[f"{side}_shoulder"]], rest[joint[f"{side}_elbow"]]
        hand = [
            joint[f"{side}_wrist"],
            *(skeleton.LEFT_HAND_JOINTS if sign > 0 else skeleton.RIGHT_HAND_JOINTS),
        ]
        bend = rotations.from_axis_angle([0.0, 1.0, 0.0], sign * np.linspace(0.3, 2.3, n_frames))
        positions[:, hand] = elbow + rotations.rotate(bend[:, None], rest[hand] - elbow)
        arm = rotations.multiply(
            rotations.from_axis_angle([0.0, 1.0, 0.0], sign * turn_in),
            rotations.from_axis_angle([0.0, 0.0, 1.0], sign * lower),
        )
        whole = [joint[f"{side}_elbow"], *hand]
        positions[:, whole] = shoulder + rotations.rotate(arm, positions[:, whole] - shoulder)
    return Motion.from_positions(positions, FPS)


@pytest.mark.parametrize("name", RIG_NAMES)
@pytest.mark.parametrize(("turn_in", "lower"), [(1.5, 1.3), (1.6, 1.4), (1.7, 1.0), (1.7, 0.0)])
def test_hands_that_would_go_through_the_body_stay_outside(name: str, turn_in: float, lower: float) -> None:
    rig, mapping = rig_and_mapping(name)
    motion = folded_motion(turn_in, lower)
    without, with_it = (
        quality.penetration(rig, mapping, solve(motion, rig, mapping, RetargetOptions(keep_out=keep)))
        for keep in (False, True)
    )
    assert max(depth.max() for depth in without.values()) > 0.01, "the case tests something"
    for point, depth in with_it.items():
        assert depth.max() < 0.01, f"{point} lies {depth.max():.3f} m deep"


@pytest.mark.parametrize(("turn_in", "lower"), [(1.5, 1.3), (1.6, 1.4), (1.7, 1.0), (1.7, 0.0)])
def test_pushing_out_does_not_jump(turn_in: float, lower: float) -> None:
    rig = load_rig("mixamo")
    mapping = match(rig)
    animation = solve(folded_motion(turn_in, lower), rig, mapping)
    for role in ("left_upper_arm_1", "left_forearm_1"):
        assert quality.joint_steps(animation, mapping.bones[role]).max() < 15.0


def test_arms_that_touch_nothing_are_left_alone() -> None:
    rig = load_rig("mixamo")
    mapping = match(rig)
    motion = sample_motion(8, 120, arms_down=0.4, bend=0.5)
    free = solve(motion, rig, mapping, RetargetOptions(keep_out=False))
    assert max(depth.max() for depth in quality.penetration(rig, mapping, free).values()) == 0.0
    np.testing.assert_array_equal(solve(motion, rig, mapping).quaternions, free.quaternions)
