# SPDX-License-Identifier: GPL-3.0-or-later
"""Clasped hands stay clasped on bodies with other shoulders; hands apart are left alone."""

from __future__ import annotations

import numpy as np
import pytest

from aqgt import rotations, skeleton
from aqgt.motion import Motion
from aqgt.retarget import RetargetOptions, quality, solve
from tests.retarget.kinematics import posed_heads
from tests.retarget.motions import FPS, FULL_RIGS, rig_and_mapping, sample_motion, wander

JOINT = skeleton.JOINT_INDEX


def clasping(n_frames: int = 90, seed: int = 1) -> Motion:
    """Hands before the belly, wrists 0.1 m apart, moving about together; elbows follow by two-bone reach."""
    from aqgt.retarget.arms import reach

    rest = np.tile(skeleton.REFERENCE_REST, (n_frames, 1, 1))
    # From the model's axes to the character's and back: y and z change places and sign.
    middle = np.array([0.0, -0.30, 0.25]) + 0.04 * wander(np.random.default_rng(seed), n_frames, 1.0)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        shoulder, elbow, wrist = (JOINT[f"{side}_{n}"] for n in ("shoulder", "elbow", "wrist"))
        hand = list(skeleton.LEFT_HAND_JOINTS if side == "left" else skeleton.RIGHT_HAND_JOINTS)
        start = rest[:, shoulder][:, [0, 2, 1]] * [1, 1, -1]
        lengths = [skeleton.REFERENCE_LENGTHS[j] for j in (elbow, wrist)]
        low = start + np.array([sign * 0.1, 0.05, -0.3])
        upper, fore = reach(start, low, middle + [sign * 0.05, 0, 0], low, np.zeros_like(start), *lengths)
        upper, fore = (v[:, [0, 2, 1]] * [1, -1, 1] for v in (upper, fore))
        turn = rotations.between(np.array([sign, 0.0, 0.0]), fore)
        local = skeleton.REFERENCE_REST[hand] - skeleton.REFERENCE_REST[wrist]
        rest[:, elbow] = rest[:, shoulder] + lengths[0] * upper
        rest[:, wrist] = rest[:, elbow] + lengths[1] * fore
        rest[:, hand] = rest[:, wrist][:, None] + rotations.rotate(turn[:, None], local)
    return Motion.from_positions(rest, FPS)


def gap_in_hands(name: str, motion: Motion, *, keep: bool) -> np.ndarray:
    """Distance of the wrists over wrist → knuckles of the rig, `[T]`."""
    rig, mapping = rig_and_mapping(name)
    options = RetargetOptions(keep_contact=keep, keep_out=False)
    heads = posed_heads(rig, solve(motion, rig, mapping, options))
    at = {r: heads[mapping.bones[r]] for r in ("left_hand", "right_hand", "left_middle_1", "left_ring_1")}
    hand = np.linalg.norm((at["left_middle_1"] + at["left_ring_1"]) / 2 - at["left_hand"], axis=-1)
    return np.linalg.norm(at["left_hand"] - at["right_hand"], axis=-1) / hand


@pytest.mark.parametrize("name", FULL_RIGS)
def test_clasped_hands_stay_as_close(name: str) -> None:
    motion = clasping()
    at = motion.positions().astype(np.float64)
    knuckles = (at[:, JOINT["left_middle_1"]] + at[:, JOINT["left_ring_1"]]) / 2
    wanted = np.linalg.norm(at[:, JOINT["left_wrist"]] - at[:, JOINT["right_wrist"]], axis=-1)
    wanted = wanted / np.linalg.norm(knuckles - at[:, JOINT["left_wrist"]], axis=-1)
    np.testing.assert_allclose(gap_in_hands(name, motion, keep=True), wanted, atol=0.02)


def test_without_it_they_do_not() -> None:
    off = [np.abs(gap_in_hands(n, clasping(), keep=False) - gap_in_hands(n, clasping(), keep=True)).max()
           for n in FULL_RIGS]  # fmt: skip
    assert max(off) > 0.1, "the case tests something"


def test_hands_apart_are_left_alone_and_nothing_jumps() -> None:
    rig, mapping = rig_and_mapping("vroid")
    apart = sample_motion(8, 60, arms_down=0.4, bend=0.5)
    free, kept = (solve(apart, rig, mapping, RetargetOptions(keep_contact=keep)) for keep in (False, True))
    np.testing.assert_array_equal(free.quaternions, kept.quaternions)
    # Hands that come together and part again.
    both = clasping(60).join(apart.with_lengths(clasping(60).lengths), blend=1.0)
    plain, kept = (solve(both, rig, mapping, RetargetOptions(keep_contact=keep)) for keep in (False, True))
    for role in ("left_upper_arm_1", "left_forearm_1"):
        steps = [quality.joint_steps(a, mapping.bones[role]).max() for a in (plain, kept)]
        assert steps[1] < steps[0] + 5.0, role
