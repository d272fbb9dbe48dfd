# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back: solve → forward kinematics → read gives the motion again, whatever the rig."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from aqgt import skeleton
from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt.retarget import Mapping, RetargetOptions, RigDescription, match, read, solve
from tests.retarget.kinematics import angles, posed_matrices
from tests.retarget.motions import RIG_NAMES, load_rig, rig_and_mapping, sample_motion

PLAIN = RetargetOptions(keep_out=False, head_neutral="reference")
JOINT = skeleton.JOINT_INDEX


@pytest.fixture(scope="module")
def motion() -> Motion:
    return sample_motion(12, 120)


def there_and_back(motion: Motion, rig: RigDescription, mapping: Mapping | None = None) -> Motion:
    mapping = mapping or match(rig)
    animation = solve(motion, rig, mapping, PLAIN)
    return read(rig, mapping, posed_matrices(rig, animation), motion.fps)


def gap(first: Motion, second: Motion, start: str, end: str) -> float:
    """The most degrees between the directions from one joint to another."""
    a, b = (m.positions().astype(np.float64) for m in (first, second))
    return float(angles(a[:, JOINT[end]] - a[:, JOINT[start]], b[:, JOINT[end]] - b[:, JOINT[start]]).max())


@pytest.mark.parametrize("name", RIG_NAMES)
def test_round_trip_within_a_degree(name: str, motion: Motion) -> None:
    rig, mapping = rig_and_mapping(name)
    back = there_and_back(motion, rig, mapping)
    assert len(back) == len(motion)
    assert back.fps == motion.fps
    for side in ("left", "right"):
        assert gap(motion, back, f"{side}_shoulder", f"{side}_elbow") < 1.0
        assert gap(motion, back, f"{side}_elbow", f"{side}_wrist") < 1.0
        for finger in skeleton.FINGERS:
            there = [k for k in (1, 2, 3) if f"{side}_{finger}_{k}" in mapping.bones]
            for k, following in pairwise([*there, 4]):  # one bone may stand for several phalanges
                joints = f"{side}_{finger}_{k}", f"{side}_{finger}_{following}"
                assert gap(motion, back, *joints) < 1.0, joints
    assert gap(motion, back, "pelvis", "thorax") < 1.0
    assert gap(motion, back, "nose", "head_top") < 1.0


def test_lengths_are_constant_and_do_not_depend_on_the_unit(motion: Motion) -> None:
    rig = load_rig("mixamo")
    data = rig.to_json()
    for bone in data["bones"]:
        bone["rest"] = (np.array(bone["rest"]) * np.array([[1, 1, 1, 100]] * 3 + [[1, 1, 1, 1]])).tolist()
        bone["tail"] = (100 * np.array(bone["tail"])).tolist()
    metres, centimetres = (there_and_back(motion, r) for r in (rig, RigDescription.from_json(data)))
    np.testing.assert_allclose(metres.lengths, centimetres.lengths, rtol=1e-5)
    norms = np.linalg.norm(metres.bone_vectors, axis=-1)
    np.testing.assert_allclose(norms[:, 1:], np.tile(metres.lengths[1:], (len(metres), 1)), rtol=1e-4)
    arms = [JOINT[f"{side}_{name}"] for side in ("left", "right") for name in ("elbow", "wrist")]
    assert metres.lengths[arms].sum() == pytest.approx(skeleton.HUMAN_LENGTHS[arms].sum(), rel=1e-6)


def test_the_rest_pose_of_a_rig_is_read_upright_and_facing_the_viewer() -> None:
    rig = load_rig("vroid")
    at = read(rig, match(rig), rig.rest[None], 30.0).positions()[0]
    assert at[skeleton.THORAX, 1] < -0.1, "up is -y"
    assert at[JOINT["left_wrist"], 0] > 0 > at[JOINT["right_wrist"], 0]
    assert at[skeleton.NOSE, 2] < at[skeleton.HEAD_TOP, 2], "the nose is nearer to the viewer"


def test_scale_in_the_pose_and_object_do_not_matter(motion: Motion) -> None:
    rig = load_rig("mixamo")
    mapping = match(rig)
    pose = posed_matrices(rig, solve(motion, rig, mapping, PLAIN))
    scaled = pose.copy()
    scaled[..., :3, :3] *= 1.7  # what inherited scale leaves in the matrices of bones without moving joints
    tips = [JOINT[f"{side}_{f}_4"] for side in ("left", "right") for f in skeleton.FINGERS]
    first, second = (read(rig, mapping, p, 30.0).positions() for p in (pose, scaled))
    np.testing.assert_allclose(np.delete(first, tips, 1), np.delete(second, tips, 1), atol=1e-6)


@pytest.mark.parametrize("shape", [(3, 52, 3, 3), (3, 5, 4, 4), (52, 4, 4), (0, 52, 4, 4)])
def test_a_pose_that_does_not_fit_is_refused(shape: tuple[int, ...]) -> None:
    rig = load_rig("mixamo")
    with pytest.raises(AqgtError) as caught:
        read(rig, match(rig), np.ones(shape), 30.0)
    assert caught.value.next_step
