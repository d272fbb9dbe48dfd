# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws of the quaternion helpers."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aqgt import rotations as rot

ORDERS = ["".join(order) for order in permutations("XYZ")]
numbers = st.floats(-10, 10, allow_nan=False)
vectors = arrays(np.float64, (4, 3), elements=numbers)
quaternions = arrays(np.float64, (4, 4), elements=numbers).map(rot.normalize)


def axis_matrix(axis: int, angle: float) -> np.ndarray:
    """Textbook rotation matrix about one axis, written without the code under test."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array(
        [
            [[1, 0, 0], [0, c, -s], [0, s, c]],
            [[c, 0, s], [0, 1, 0], [-s, 0, c]],
            [[c, -s, 0], [s, c, 0], [0, 0, 1]],
        ][axis]
    )


@given(quaternions, quaternions, vectors)
def test_a_product_rotates_as_its_factors_do(a, b, v):
    np.testing.assert_allclose(rot.rotate(rot.multiply(a, b), v), rot.rotate(a, rot.rotate(b, v)), atol=1e-9)


@given(quaternions, vectors)
def test_matrix_and_quaternion_rotate_alike(q, v):
    np.testing.assert_allclose(np.einsum("nij,nj->ni", rot.to_matrix(q), v), rot.rotate(q, v), atol=1e-9)


@given(quaternions)
def test_quaternion_to_matrix_and_back(q):
    assert rot.angle_between(rot.from_matrix(rot.to_matrix(q)), q).max() < 1e-7


@given(quaternions, vectors)
def test_the_conjugate_undoes(q, v):
    np.testing.assert_allclose(rot.rotate(rot.conjugate(q), rot.rotate(q, v)), v, atol=1e-9)


@given(quaternions)
def test_rotation_vector_and_back(q):
    vector = rot.to_rotation_vector(q)
    assert np.linalg.norm(vector, axis=-1).max() <= np.pi + 1e-9
    assert rot.angle_between(rot.from_rotation_vector(vector), q).max() < 1e-7


@given(vectors, vectors)
def test_between_turns_one_direction_into_the_other_the_short_way(u, v):
    lengths = np.linalg.norm(u, axis=-1), np.linalg.norm(v, axis=-1)
    sound = (lengths[0] > 1e-3) & (lengths[1] > 1e-3)
    u, v = u[sound] / lengths[0][sound, None], v[sound] / lengths[1][sound, None]
    q = rot.between(u, v)
    np.testing.assert_allclose(rot.rotate(q, u), v, atol=1e-6)
    np.testing.assert_allclose(np.cos(rot.angle(q)), np.sum(u * v, axis=-1), atol=1e-6)


def test_between_opposite_directions_is_a_half_turn():
    u = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.6, 0, 0.8]], dtype=float)
    np.testing.assert_allclose(rot.rotate(rot.between(u, -u), u), -u, atol=1e-12)


def test_a_vector_of_no_length_turns_nothing():
    np.testing.assert_array_equal(rot.between([0, 0, 0], [0, 1, 0]), rot.IDENTITY)
    np.testing.assert_array_equal(rot.between([0, 1, 0], [0, 0, 0]), rot.IDENTITY)
    np.testing.assert_array_equal(rot.from_axis_angle([0, 0, 0], 1.0), rot.IDENTITY)


@given(quaternions, vectors, vectors)
def test_from_frames_finds_a_known_rotation(q, u, v):
    clear = np.linalg.norm(np.cross(u, v), axis=-1) > 1e-2 * (1 + np.linalg.norm(u, axis=-1)) * (
        1 + np.linalg.norm(v, axis=-1)
    )
    q, u, v = q[clear], u[clear], v[clear]
    found = rot.from_frames(u, v, rot.rotate(q, u), rot.rotate(q, v))
    assert rot.angle_between(found, q).max(initial=0) < 1e-5


def test_from_frames_without_a_second_direction_is_the_shortest_turn():
    found = rot.from_frames([1, 0, 0], [2, 0, 0], [0, 1, 0], [0, 0, 1])
    np.testing.assert_allclose(found, rot.between([1, 0, 0], [0, 1, 0]), atol=1e-12)


@given(quaternions, quaternions, st.floats(0, 1))
def test_slerp_divides_the_angle(a, b, t):
    whole = rot.angle_between(a, b)
    np.testing.assert_allclose(rot.angle_between(a, rot.slerp(a, b, t)), t * whole, atol=1e-6)
    np.testing.assert_allclose(rot.angle_between(rot.slerp(a, b, t), b), (1 - t) * whole, atol=1e-6)


def test_slerp_takes_one_t_per_quaternion():
    a, b = rot.IDENTITY, rot.from_axis_angle([0, 0, 1], 1.0)
    np.testing.assert_allclose(rot.angle(rot.slerp(a, b, [0, 0.25, 1])), [0, 0.25, 1], atol=1e-12)


@given(arrays(np.float64, (9, 2, 4), elements=numbers).map(rot.normalize))
def test_continuous_keeps_rotations_and_leaves_no_sign_jump(q):
    smooth = rot.continuous(q)
    assert np.sum(smooth[1:] * smooth[:-1], axis=-1).min() >= 0
    np.testing.assert_allclose(np.abs(smooth), np.abs(q))
    np.testing.assert_allclose(rot.to_matrix(smooth), rot.to_matrix(q), atol=1e-12)


@pytest.mark.parametrize("order", ORDERS)
def test_euler_orders_are_blenders(order):
    angles = np.array([0.3, -0.7, 1.1])
    expected = np.eye(3)
    for letter in order:  # the first letter turns first, so its matrix stands rightmost
        axis = "XYZ".index(letter)
        expected = axis_matrix(axis, angles[axis]) @ expected
    np.testing.assert_allclose(rot.to_matrix(rot.from_euler(angles, order)), expected, atol=1e-12)
    np.testing.assert_allclose(rot.to_euler(rot.from_euler(angles, order), order), angles, atol=1e-12)


@pytest.mark.parametrize("order", ORDERS)
@given(quaternions)
def test_euler_and_back(order, q):
    assert rot.angle_between(rot.from_euler(rot.to_euler(q, order), order), q).max() < 1e-6


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("middle", [np.pi / 2, -np.pi / 2])
def test_euler_at_the_gimbal_lock(order, middle):
    angles = np.array([0.4, 0.4, 0.4])
    angles["XYZ".index(order[1])] = middle
    q = rot.from_euler(angles, order)
    assert rot.angle_between(rot.from_euler(rot.to_euler(q, order), order), q) < 1e-6


@pytest.mark.parametrize("order", ORDERS)
def test_continuous_euler_follows_a_turn_past_the_half_circle(order):
    turn = np.linspace(0, 4 * np.pi, 200)
    q = rot.multiply(rot.from_axis_angle([0, 0, 1], turn), rot.from_axis_angle([1, 0, 0], 0.2))
    angles = rot.continuous_euler(rot.to_euler(q, order), order)
    assert np.abs(np.diff(angles, axis=0)).max() < 1.0
    assert rot.angle_between(rot.from_euler(angles, order), q).max() < 1e-6


def test_a_wrong_order_is_refused():
    with pytest.raises(ValueError, match="XXY"):
        rot.to_euler(rot.IDENTITY, "XXY")
