# SPDX-License-Identifier: GPL-3.0-or-later
"""From bone directions to joint rotations."""

from __future__ import annotations

import numpy as np
import pytest

from aqgt import rotations as rot
from aqgt import skeleton as sk
from aqgt.motion import Motion
from aqgt.skeleton_pose import CHILDREN, REST_VECTORS, bone_rotations, joint_rotations, local_rotations

RANDOM = Motion(15, np.random.default_rng(2).normal(size=(12, sk.N_JOINTS, 3)))


def turned(q: np.ndarray) -> Motion:
    return Motion(15, rot.rotate(q, REST_VECTORS)[None])


def test_the_rest_pose_turns_nothing():
    assert rot.angle(joint_rotations(turned(rot.IDENTITY))).max() < 1e-6


def test_every_bone_points_where_the_motions_does():
    found = rot.rotate(bone_rotations(RANDOM), REST_VECTORS)[:, 1:]
    wanted = RANDOM.metric().bone_vectors[:, 1:]
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_a_joint_with_one_child_turns_its_bone_exactly():
    joints, bones = joint_rotations(RANDOM), bone_rotations(RANDOM)
    for joint, children in enumerate(CHILDREN):
        if len(children) == 1:
            assert rot.angle_between(joints[:, joint], bones[:, children[0]]).max() < 1e-5, sk.JOINT_NAMES[
                joint
            ]


def test_a_body_that_leans_as_a_whole_leans_in_every_joint():
    q = rot.from_axis_angle([1, 0, 0], 0.4)  # sideways turns would leave a twist that bones can't show
    joints = joint_rotations(turned(q))[0]
    assert rot.angle_between(joints, q).max() < 1e-5


def test_chest_follows_the_shoulders_and_half_of_it_the_spine():
    vectors = REST_VECTORS.copy()
    yaw = rot.from_axis_angle([0, -1, 0], 0.6)
    for joint in (sk.LEFT_SHOULDER, sk.RIGHT_SHOULDER):
        vectors[joint] = rot.rotate(yaw, vectors[joint])
    joints = joint_rotations(Motion(15, vectors[None]))[0]
    assert rot.angle(joints[sk.PELVIS]) < 1e-3
    assert rot.angle(joints[sk.SPINE]) == pytest.approx(0.3, abs=0.02)
    assert rot.angle(joints[sk.THORAX]) == pytest.approx(0.6, abs=0.02)


def test_the_head_shakes():
    vectors = REST_VECTORS.copy()
    yaw = rot.from_axis_angle([0, -1, 0], 0.5)
    for joint in (sk.NOSE, sk.HEAD_TOP):
        vectors[joint] = rot.rotate(yaw, vectors[joint])
    joints = joint_rotations(Motion(15, vectors[None]))[0]
    assert rot.angle_between(joints[sk.NOSE], yaw) < 1e-4
    assert rot.angle(joints[sk.THORAX]) < 1e-6


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_turned_hand_turns_at_the_wrist_with_its_fingers(side):
    vectors = REST_VECTORS.copy()
    roll = rot.from_axis_angle([1, 0, 0], 1.2)
    hand = list(sk.LEFT_HAND_JOINTS if side == "left" else sk.RIGHT_HAND_JOINTS)
    vectors[hand] = rot.rotate(roll, vectors[hand])
    joints = joint_rotations(Motion(15, vectors[None]))[0]
    assert rot.angle_between(joints[[sk.JOINT_INDEX[f"{side}_wrist"], *hand]], roll).max() < 1e-4
    assert rot.angle(joints[sk.JOINT_INDEX[f"{side}_elbow"]]) < 1e-6


def test_signs_are_continuous():
    time = np.linspace(0, 8, 60)
    q = rot.from_axis_angle([1, 0, 0], time)
    joints = joint_rotations(Motion(15, rot.rotate(q[:, None], REST_VECTORS)))
    assert np.sum(joints[1:] * joints[:-1], axis=-1).min() > 0


def test_local_rotations_multiply_up_to_the_world():
    world = joint_rotations(RANDOM)
    local = local_rotations(world)
    again = local.copy()
    for joint in range(1, sk.N_JOINTS):
        again[:, joint] = rot.multiply(again[:, sk.PARENTS[joint]], local[:, joint])
    np.testing.assert_allclose(again, world, atol=1e-9)
