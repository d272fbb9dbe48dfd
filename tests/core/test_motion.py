# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws of Motion and of the skeleton it lives on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aqgt import skeleton as sk
from aqgt.errors import AqgtError
from aqgt.motion import Motion

DATA = Path(__file__).parents[1] / "data"

components = st.floats(-1, 1, width=32).map(lambda x: x if abs(x) > 2**-10 else 2**-10)
motions = st.integers(1, 9).flatmap(
    lambda n: st.builds(
        Motion,
        st.sampled_from([12.5, 15.0, 25.0, 30.0]),
        arrays(np.float32, (n, sk.N_JOINTS, 3), elements=components, fill=components),
    )
)


def random_motion(n_frames: int = 30, fps: float = 15.0, seed: int = 0) -> Motion:
    """Random directions on the lengths of fresh models."""
    vectors = np.random.default_rng(seed).normal(size=(n_frames, sk.N_JOINTS, 3))
    return Motion(fps, vectors).with_lengths(sk.HUMAN_LENGTHS)


def lengths(motion: Motion) -> np.ndarray:
    return np.linalg.norm(motion.bone_vectors, axis=-1)


# ---------------------------------------------------------------- skeleton


def test_parents_precede_their_children():
    assert sk.PARENTS[0] == -1
    assert all(0 <= parent < joint for joint, parent in enumerate(sk.PARENTS) if joint)
    assert len(set(sk.JOINT_NAMES)) == len(sk.JOINT_NAMES) == len(sk.PARENTS) == sk.N_JOINTS


def test_mirroring_keeps_the_tree():
    for joint, twin in enumerate(sk.MIRROR):
        assert sk.MIRROR[twin] == joint
        assert joint == 0 or sk.MIRROR[sk.PARENTS[joint]] == sk.PARENTS[twin]


def test_the_reference_skeleton_is_symmetric_and_of_human_size():
    np.testing.assert_allclose(sk.REFERENCE_REST[list(sk.MIRROR)] * [-1, 1, 1], sk.REFERENCE_REST, atol=1e-12)
    size = sk.REFERENCE_REST.max(axis=0) - sk.REFERENCE_REST.min(axis=0)
    assert 1.5 < size[0] < 1.9  # the span of the arms
    assert 0.75 < size[1] < 0.85  # pelvis to head top
    assert sk.REFERENCE_LENGTHS[1:].min() > 0.009


def test_fresh_models_measure_neck_to_head_top_as_a_tenth():
    positions = Motion(15, sk.bone_vectors_from_positions(sk.REFERENCE_REST)[None]).with_lengths(
        sk.HUMAN_LENGTHS
    )
    rest = positions.positions()[0]
    assert np.linalg.norm(rest[sk.HEAD_TOP] - rest[sk.THORAX]) == pytest.approx(0.1, abs=1e-5)


def test_bone_vectors_and_positions_of_the_published_model():
    with np.load(DATA / "pose_representation.npz") as expected:
        pose, vectors, back = expected["pose"], expected["dir_vec"], expected["back"]
    np.testing.assert_allclose(sk.bone_vectors_from_positions(pose), vectors, atol=1e-12)
    np.testing.assert_allclose(sk.positions_from_bone_vectors(vectors), back, atol=1e-12)


def test_resampling_points_where_the_published_one_does():
    """The lengths differ on purpose: ours do not shrink between frames."""
    with np.load(DATA / "pose_representation.npz") as expected:
        source, wanted = expected["resample_in"], expected["resample_out"]
    filled = np.ones((len(source), sk.N_JOINTS, 3))
    filled[:, : source.shape[1]] = source
    found = Motion(25, filled).resample(15).bone_vectors[:, 1 : source.shape[1]]
    wanted = wanted[:, 1:]
    assert found.shape == wanted.shape
    cosine = np.sum(found * wanted, -1) / np.linalg.norm(found, axis=-1) / np.linalg.norm(wanted, axis=-1)
    assert cosine.min() > 1 - 1e-6


# ---------------------------------------------------------------- motion


@given(motions)
def test_positions_and_back(motion):
    again = Motion.from_positions(motion.positions(), motion.fps)
    np.testing.assert_allclose(again.bone_vectors, motion.bone_vectors, atol=1e-5)


@given(motions)
def test_mirrored_twice_is_the_same(motion):
    np.testing.assert_array_equal(motion.mirrored().mirrored().bone_vectors, motion.bone_vectors)


@given(motions)
def test_mirroring_exchanges_the_sides(motion):
    left, right = motion.positions()[:, sk.LEFT_WRIST], motion.mirrored().positions()[:, sk.RIGHT_WRIST]
    np.testing.assert_allclose(right, left * [-1, 1, 1], atol=1e-6)


@given(motions)
def test_directions_are_units_and_lengths_bring_them_back(motion):
    np.testing.assert_allclose(np.linalg.norm(motion.directions(), axis=-1), 1, atol=1e-5)
    metric = motion.metric()
    np.testing.assert_allclose(
        lengths(metric)[:, 1:], np.tile(sk.REFERENCE_LENGTHS[1:], (len(motion), 1)), atol=1e-6
    )
    np.testing.assert_allclose(metric.directions()[:, 1:], motion.directions()[:, 1:], atol=1e-4)


@pytest.mark.parametrize("fps", [10.0, 24.0, 30.0, 60.0, 23.976])
def test_resampling_keeps_duration_lengths_and_the_start(fps):
    motion = random_motion()
    other = motion.resample(fps)
    assert other.duration == pytest.approx(motion.duration, abs=0.5 / fps)
    np.testing.assert_allclose(
        lengths(other)[:, 1:], np.tile(sk.HUMAN_LENGTHS[1:], (len(other), 1)), atol=1e-6
    )
    np.testing.assert_array_equal(other.bone_vectors[0], motion.bone_vectors[0])


def test_resampling_a_pose_keeps_its_duration():
    assert len(random_motion(1, 15.0).resample(60.0)) == 4


def test_doubling_the_rate_keeps_every_second_frame():
    motion = random_motion()
    np.testing.assert_allclose(motion.resample(30.0).bone_vectors[::2], motion.bone_vectors, atol=1e-6)


def test_bones_that_turn_round_between_frames_keep_their_length():
    vectors = np.tile(np.eye(3)[0], (2, sk.N_JOINTS, 1))
    vectors[1] *= -1
    np.testing.assert_allclose(lengths(Motion(15, vectors).resample(30))[:, 1:], 1, atol=1e-6)


def test_the_root_is_mixed_as_a_place():
    vectors = np.ones((2, sk.N_JOINTS, 3))
    vectors[:, 0] = [[0, 0, 0], [2, 0, 0]]
    np.testing.assert_allclose(Motion(1, vectors).sample(np.array([0.5]))[0, 0], [1, 0, 0])


def test_times_outside_are_held():
    motion = random_motion()
    np.testing.assert_array_equal(motion.sample(np.array([-5.0, 99.0])), motion.bone_vectors[[0, -1]])


@given(st.integers(0, 30))
def test_slices_join_to_the_whole(cut):
    motion = random_motion()
    one, other = motion.slice(0, cut / 15), motion.slice(cut / 15, motion.duration)
    assert len(one) == cut
    np.testing.assert_array_equal(one.join(other).bone_vectors, motion.bone_vectors)


def test_a_blended_join_overlaps_and_keeps_lengths():
    one, other = random_motion(seed=1), random_motion(seed=2)
    joined = one.join(other, blend=0.4)
    assert len(joined) == 30 + 30 - 6
    np.testing.assert_array_equal(joined.bone_vectors[:24], one.bone_vectors[:24])
    np.testing.assert_array_equal(joined.bone_vectors[30:], other.bone_vectors[6:])
    np.testing.assert_allclose(lengths(joined)[:, 1:], np.tile(sk.HUMAN_LENGTHS[1:], (54, 1)), atol=1e-6)


def test_blending_a_motion_into_itself_changes_nothing():
    motion = random_motion()
    joined = motion.slice(0, 1).join(motion.slice(0.6, 2), blend=0.4)
    np.testing.assert_allclose(joined.bone_vectors, motion.bone_vectors, atol=1e-6)


def test_motions_that_do_not_fit_are_not_joined():
    with pytest.raises(AqgtError, match="frames per second"):
        random_motion().join(random_motion(fps=30.0))
    with pytest.raises(AqgtError, match="bone lengths"):
        random_motion().join(random_motion().metric())


@pytest.mark.parametrize(
    ("fps", "vectors", "message"),
    [
        (15, np.zeros((2, 52, 3)), "shape"),
        (15, np.zeros((53, 3)), "shape"),
        (15, np.full((1, 53, 3), np.nan), "NaN"),
        (15, np.full((1, 53, 3), np.inf), "NaN"),
        (0, np.zeros((1, 53, 3)), "frame rate"),
        (np.nan, np.zeros((1, 53, 3)), "frame rate"),
    ],
)
def test_impossible_motions_are_refused(fps, vectors, message):
    with pytest.raises(AqgtError, match=message):
        Motion(fps, vectors)


@pytest.mark.parametrize("table", [np.ones(52), np.full(53, np.nan), np.full(53, -1.0)])
def test_impossible_lengths_are_refused(table):
    with pytest.raises(AqgtError, match="length table"):
        Motion(15, np.zeros((1, 53, 3)), table)


def test_a_motion_without_frames():
    empty = Motion(15, np.zeros((0, 53, 3)))
    assert (len(empty), empty.duration, len(empty.resample(30)), len(empty.metric())) == (0, 0, 0, 0)
    assert len(Motion.from_positions(np.zeros((0, 53, 3)), 15)) == 0
    with pytest.raises(AqgtError, match="no frames"):
        empty.sample(np.array([0.0]))
