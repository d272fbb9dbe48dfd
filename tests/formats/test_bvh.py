# SPDX-License-Identifier: GPL-3.0-or-later
"""Motions as BVH."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aqgt import rotations as rot
from aqgt import skeleton as sk
from aqgt.errors import AqgtError
from aqgt.formats.bvh import PELVIS_HEIGHT, read_bvh, read_bvh_animation, write_bvh
from aqgt.motion import Motion
from aqgt.skeleton_pose import REST_VECTORS

FOREIGN = """HIERARCHY
ROOT hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT left arm {
    OFFSET 0 2 0
    CHANNELS 3 Yrotation Zrotation Xrotation
    End Site
    {
      OFFSET 1 0 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.0333333
0 1 0 0 0 0 0 0 0
1 1 0 90 0 0 0 90 0
"""


def swaying(n_frames: int = 30, seed: int = 0) -> Motion:
    """Every bone sways about its rest direction."""
    random = np.random.default_rng(seed)
    axes = random.normal(size=(sk.N_JOINTS, 3))
    time = np.linspace(0, 6, n_frames)[:, None]
    turn = rot.from_axis_angle(axes, 0.9 * np.sin(time * random.uniform(0.5, 2, sk.N_JOINTS)))
    return Motion(15.0, rot.rotate(turn, REST_VECTORS), sk.REFERENCE_LENGTHS)


def direction_error(one: Motion, other: Motion) -> float:
    """Largest angle between the bones of two motions, in radians."""
    a, b = one.directions()[:, 1:].astype(float), other.directions()[:, 1:].astype(float)
    return float(np.arctan2(np.linalg.norm(np.cross(a, b), axis=-1), np.sum(a * b, axis=-1)).max())


@pytest.mark.parametrize("seed", range(3))
def test_directions_come_back(tmp_path, seed):
    motion = swaying(seed=seed)
    write_bvh(tmp_path / "m.bvh", motion)
    read = read_bvh(tmp_path / "m.bvh")
    assert read.fps == 15
    assert direction_error(motion, read) < 1e-4
    np.testing.assert_allclose(read.positions(), motion.metric().positions(), atol=1e-5)
    np.testing.assert_allclose(read.lengths[1:], sk.REFERENCE_LENGTHS[1:], atol=2e-6)


def test_any_directions_come_back(tmp_path):
    motion = Motion(29.97, np.random.default_rng(1).normal(size=(20, sk.N_JOINTS, 3)))
    write_bvh(tmp_path / "m.bvh", motion)
    read = read_bvh(tmp_path / "m.bvh")
    assert read.fps == pytest.approx(29.97, abs=1e-6)
    assert direction_error(motion, read) < 1e-3


def test_the_rest_pose_turns_nothing(tmp_path):
    write_bvh(tmp_path / "m.bvh", Motion(15, np.tile(REST_VECTORS, (2, 1, 1))))
    animation = read_bvh_animation(tmp_path / "m.bvh")
    assert rot.angle(animation.rotations()).max() < 1e-4


def test_the_figure_stands_upright_facing_z_in_metres(tmp_path):
    write_bvh(tmp_path / "m.bvh", Motion(15, REST_VECTORS[None]))
    animation = read_bvh_animation(tmp_path / "m.bvh")
    place = {joint.name: animation.positions()[0, i] for i, joint in enumerate(animation.joints)}
    assert place["pelvis"] == pytest.approx([0, PELVIS_HEIGHT, 0])
    assert place["nose_end"][1] - place["pelvis"][1] == pytest.approx(0.79, abs=0.01)
    assert place["nose"][2] > place["thorax"][2] + 0.05
    assert place["left_wrist"][0] > 0.6 > -0.6 > place["right_wrist"][0]


def test_curves_do_not_jump(tmp_path):
    motion = swaying(300)
    write_bvh(tmp_path / "m.bvh", motion)
    values = read_bvh_animation(tmp_path / "m.bvh").values
    assert np.abs(np.diff(values, axis=0)).max() < 45


def test_another_skeleton_is_read_as_joints(tmp_path):
    (tmp_path / "f.bvh").write_text(FOREIGN)
    animation = read_bvh_animation(tmp_path / "f.bvh")
    assert [joint.name for joint in animation.joints] == ["hips", "left arm", "left arm_end"]
    assert animation.fps == 30
    expected = [[[0, 1, 0], [0, 3, 0], [1, 3, 0]], [[1, 1, 0], [-1, 1, 0], [-2, 1, 0]]]
    np.testing.assert_allclose(animation.positions(), expected, atol=1e-9)


def test_another_skeleton_is_no_motion(tmp_path):
    (tmp_path / "f.bvh").write_text(FOREIGN)
    with pytest.raises(AqgtError, match="no joint “pelvis” and 52 more"):
        read_bvh(tmp_path / "f.bvh")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("HIERARCHY", "HIRARCHY", "HIERARCHY"),
        ("Frames: 2", "Frames: 3", "3 frames of 9 channels hold 18"),
        ("Frames: 2", "Frames: 2.5", "frames"),
        ("Frames: 2", "Frames: 1e12", "hold 18"),
        ("Frame Time: 0.0333333", "Frame Time: 0", "frame time"),
        ("Frame Time:", "Time:", "Frame Time:"),
        ("CHANNELS 3", "CHANNELS 4", "CHANNELS"),
        ("Yrotation Zrotation", "Yrotation Wrotation", "channel"),
        ("OFFSET 0 2 0", "OFFSET 0 2", "OFFSET"),
        ("OFFSET 0 2 0", "OFFSET 0 two 0", "two"),
        ("1 1 0 90", "1 1 0 x", "numbers"),
        ("1 1 0 90", "1 1 0 nan", "NaN"),
        ("MOTION", "}", "out of place"),
        ("  JOINT", "  ROOT", "out of place"),
        ("MOTION", "ROOT b\n{\nOFFSET 0 0 0\nCHANNELS 0\n}\nMOTION", "more than one"),
    ],
)
def test_damaged_files_are_refused(tmp_path, old, new, message):
    assert old in FOREIGN
    (tmp_path / "f.bvh").write_text(FOREIGN.replace(old, new, 1))
    with pytest.raises(AqgtError, match=message):
        read_bvh_animation(tmp_path / "f.bvh")


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_damaged_file_is_never_a_python_error(tmp_path, data):
    cut = data.draw(st.integers(0, len(FOREIGN)))
    other = data.draw(st.text(max_size=8) | st.sampled_from(["{", "}", "\n", " 1 ", "End Site", "nan"]))
    (tmp_path / "f.bvh").write_text(FOREIGN[:cut] + other + FOREIGN[cut + 1 :], encoding="utf-8")
    try:
        read_bvh_animation(tmp_path / "f.bvh").positions()
    except AqgtError as error:
        assert "f.bvh" in str(error)  # noqa: PT017 — either outcome is right


def test_an_empty_motion_is_refused(tmp_path):
    with pytest.raises(AqgtError, match="no frames"):
        write_bvh(tmp_path / "m.bvh", Motion(15, np.zeros((0, 53, 3))))
