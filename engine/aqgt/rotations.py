# SPDX-License-Identifier: GPL-3.0-or-later
"""Quaternions on numpy arrays: order w, x, y, z in the last axis, every function works on any leading shape.

A quaternion stands for a rotation of column vectors: ``multiply(a, b)`` rotates by b first, then by a.
Angles are radians. Inputs need not be of unit length unless a function says so; results are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

IDENTITY: Floats = np.array([1.0, 0.0, 0.0, 0.0])
IDENTITY.setflags(write=False)

_TINY = 1e-12
_GIMBAL = 1e-7  # cosine of the middle angle below which the outer two Euler angles are one


def identity(*shape: int) -> Floats:
    """Quaternions that rotate nothing, `[*shape, 4]`."""
    return np.broadcast_to(IDENTITY, (*shape, 4)).copy()


def normalize(q: ArrayLike) -> Floats:
    """Quaternions `[..., 4]` of unit length; a zero quaternion becomes the identity."""
    q = np.asarray(q, dtype=np.float64)
    square = np.einsum("...i,...i->...", q, q)[..., None]
    if np.all((square > 1e-200) & (square < 1e200)):
        return q / np.sqrt(square)
    # By the largest component first: the square of a tiny number would vanish.
    largest = np.abs(q).max(axis=-1, keepdims=True)
    q = q / np.where(largest > 0, largest, 1.0)
    norm = np.linalg.norm(q, axis=-1, keepdims=True)
    return np.where(norm > _TINY, q / np.where(norm > _TINY, norm, 1.0), IDENTITY)


def multiply(a: ArrayLike, b: ArrayLike) -> Floats:
    """The rotation b followed by the rotation a, `[..., 4]`; leading shapes broadcast."""
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    aw, ax, ay, az = (a[..., i] for i in range(4))
    bw, bx, by, bz = (b[..., i] for i in range(4))
    result = np.empty(np.broadcast_shapes(a.shape, b.shape))
    result[..., 0] = aw * bw - ax * bx - ay * by - az * bz
    result[..., 1] = aw * bx + ax * bw + ay * bz - az * by
    result[..., 2] = aw * by - ax * bz + ay * bw + az * bx
    result[..., 3] = aw * bz + ax * by - ay * bx + az * bw
    return result


def conjugate(q: ArrayLike) -> Floats:
    """The inverse of unit quaternions `[..., 4]`."""
    return np.asarray(q, dtype=np.float64) * np.array([1.0, -1.0, -1.0, -1.0])


def rotate(q: ArrayLike, v: ArrayLike) -> Floats:
    """Vectors `[..., 3]` rotated by unit quaternions `[..., 4]`; leading shapes broadcast."""
    q = np.asarray(q, dtype=np.float64)
    v = np.asarray(v, dtype=np.float64)
    w, x, y, z = (q[..., i] for i in range(4))
    vx, vy, vz = (v[..., i] for i in range(3))
    # v + 2w (u × v) + 2u × (u × v), by components: np.cross costs more than all of it.
    tx, ty, tz = 2.0 * (y * vz - z * vy), 2.0 * (z * vx - x * vz), 2.0 * (x * vy - y * vx)
    result = np.empty((*tx.shape, 3))
    result[..., 0] = vx + w * tx + y * tz - z * ty
    result[..., 1] = vy + w * ty + z * tx - x * tz
    result[..., 2] = vz + w * tz + x * ty - y * tx
    return result


def cross(u: ArrayLike, v: ArrayLike) -> Floats:
    """Cross product of vectors `[..., 3]`; leading shapes broadcast."""
    u, v = np.asarray(u, dtype=np.float64), np.asarray(v, dtype=np.float64)
    result = np.empty(np.broadcast_shapes(u.shape, v.shape))
    result[..., 0] = u[..., 1] * v[..., 2] - u[..., 2] * v[..., 1]
    result[..., 1] = u[..., 2] * v[..., 0] - u[..., 0] * v[..., 2]
    result[..., 2] = u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]
    return result


def to_matrix(q: ArrayLike) -> Floats:
    """Rotation matrices `[..., 3, 3]` of quaternions `[..., 4]`."""
    w, x, y, z = np.moveaxis(normalize(q), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def from_matrix(matrix: ArrayLike) -> Floats:
    """Quaternions `[..., 4]` with w >= 0 of rotation matrices `[..., 3, 3]` or transforms `[..., 4, 4]`."""
    m = np.asarray(matrix, dtype=np.float64)
    xx, yy, zz = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    # Rows of 4·q·qᵀ: the row of the largest component is the one that divides by no small number.
    wx, wy, wz = m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]
    xy, xz, yz = m[..., 0, 1] + m[..., 1, 0], m[..., 0, 2] + m[..., 2, 0], m[..., 1, 2] + m[..., 2, 1]
    rows = np.stack(
        [
            np.stack([1 + xx + yy + zz, wx, wy, wz], axis=-1),
            np.stack([wx, 1 + xx - yy - zz, xy, xz], axis=-1),
            np.stack([wy, xy, 1 - xx + yy - zz, yz], axis=-1),
            np.stack([wz, xz, yz, 1 - xx - yy + zz], axis=-1),
        ],
        axis=-2,
    )
    best = np.argmax(np.diagonal(rows, axis1=-2, axis2=-1), axis=-1)
    q = normalize(np.take_along_axis(rows, best[..., None, None], axis=-2)[..., 0, :])
    return np.where(q[..., :1] < 0, -q, q)


def from_axis_angle(axis: ArrayLike, angle: ArrayLike) -> Floats:
    """Quaternions that turn by ``angle`` `[...]` about ``axis`` `[..., 3]`; an empty axis turns nothing."""
    axis = np.asarray(axis, dtype=np.float64)
    half = np.asarray(angle, dtype=np.float64)[..., None] / 2
    norm = np.linalg.norm(axis, axis=-1, keepdims=True)
    unit = axis / np.where(norm > _TINY, norm, 1.0)
    half = np.where(norm > _TINY, half, 0.0)
    xyz = np.sin(half) * unit
    return np.concatenate([np.broadcast_to(np.cos(half), (*xyz.shape[:-1], 1)), xyz], axis=-1)


def from_rotation_vector(vector: ArrayLike) -> Floats:
    """Quaternions of rotation vectors `[..., 3]` (axis times angle)."""
    vector = np.asarray(vector, dtype=np.float64)
    return from_axis_angle(vector, np.linalg.norm(vector, axis=-1))


def to_rotation_vector(q: ArrayLike) -> Floats:
    """Rotation vectors `[..., 3]` (axis times angle, angle <= pi) of quaternions `[..., 4]`."""
    q = normalize(q)
    q = np.where(q[..., :1] < 0, -q, q)
    sine = np.linalg.norm(q[..., 1:], axis=-1, keepdims=True)
    turn = 2.0 * np.arctan2(sine, q[..., :1])
    return q[..., 1:] * np.where(sine > _TINY, turn / np.where(sine > _TINY, sine, 1.0), 2.0)


def angle(q: ArrayLike) -> Floats:
    """How far each quaternion `[..., 4]` turns, from 0 to pi."""
    return np.linalg.norm(to_rotation_vector(q), axis=-1)


def angle_between(a: ArrayLike, b: ArrayLike) -> Floats:
    """Angle between the rotations a and b `[..., 4]`, from 0 to pi."""
    return angle(multiply(normalize(a), conjugate(normalize(b))))


def between(u: ArrayLike, v: ArrayLike) -> Floats:
    """The shortest rotation `[..., 4]` that turns the direction u `[..., 3]` into the direction v.

    Opposite directions turn by pi about some axis square to u; a vector of no length turns nothing.
    """
    u, v = np.broadcast_arrays(_unit(u), _unit(v))
    cosine = np.einsum("...i,...i->...", u, v)
    q = np.empty((*u.shape[:-1], 4))
    q[..., 0] = 1.0 + cosine
    q[..., 1:] = cross(u, v)
    opposite = cosine < -1.0 + 1e-12
    empty = np.einsum("...i,...i->...", u, u) * np.einsum("...i,...i->...", v, v) < 0.5
    if opposite.any():
        q[opposite, 0] = 0.0
        q[opposite, 1:] = perpendicular(u[opposite])
    if empty.any():
        q[empty] = IDENTITY
    return normalize(q)


def perpendicular(v: ArrayLike) -> Floats:
    """Some unit vector square to each v `[..., 3]`."""
    v = np.asarray(v, dtype=np.float64)
    least = np.eye(3)[np.argmin(np.abs(v), axis=-1)]
    return _unit(np.cross(v, least))


def from_frames(first: ArrayLike, second: ArrayLike, to_first: ArrayLike, to_second: ArrayLike) -> Floats:
    """The rotation `[..., 4]` that turns ``first`` exactly into ``to_first``, ``second`` as near as may be.

    All arguments are directions `[..., 3]`; leading shapes broadcast. Where ``second`` is parallel to
    ``first`` (or ``to_second`` to ``to_first``) the turn about ``first`` is the shortest.
    """
    swing = between(first, to_first)
    target = _unit(to_first)
    now = _reject(rotate(swing, _unit(second)), target)
    wanted = _reject(_unit(to_second), target)
    now, wanted, target = np.broadcast_arrays(now, wanted, target)
    sine = np.sum(cross(now, wanted) * target, axis=-1)
    cosine = np.sum(now * wanted, axis=-1)
    undecided = (np.linalg.norm(now, axis=-1) < 1e-6) | (np.linalg.norm(wanted, axis=-1) < 1e-6)
    twist = np.where(undecided, 0.0, np.arctan2(sine, cosine))
    return normalize(multiply(from_axis_angle(target, twist), swing))


def slerp(a: ArrayLike, b: ArrayLike, t: ArrayLike) -> Floats:
    """Rotations from a (t = 0) to b (t = 1), `[..., 4]`, the short way at constant speed; t is `[...]`."""
    a, b = normalize(a), normalize(b)
    t = np.asarray(t, dtype=np.float64)[..., None]
    step = from_rotation_vector(t * to_rotation_vector(multiply(b, conjugate(a))))
    return normalize(multiply(step, a))


def power(q: ArrayLike, t: ArrayLike) -> Floats:
    """A share t `[...]` of the rotations q `[..., 4]`, the short way: slerp from no rotation."""
    return from_rotation_vector(np.asarray(t, dtype=np.float64)[..., None] * to_rotation_vector(q))


def continuous(q: ArrayLike) -> Floats:
    """The same rotations over time `[T, ..., 4]`, signs chosen such that neighbours lie close.

    q and -q are one rotation; animation curves between them would swing wildly.
    """
    q = np.array(q, dtype=np.float64)
    if len(q) > 1:
        jumps = np.where(np.sum(q[1:] * q[:-1], axis=-1) < 0, -1.0, 1.0)
        q[1:] *= np.cumprod(jumps, axis=0)[..., None]
    return q


def from_euler(angles: ArrayLike, order: str = "XYZ") -> Floats:
    """Quaternions of Euler angles `[..., 3]`, given as x, y, z whatever the order.

    ``order`` is Blender's rotation mode: "XYZ" turns about the fixed x axis first, then y, then z.
    """
    angles = np.asarray(angles, dtype=np.float64)
    q = identity(*angles.shape[:-1])
    for axis in _axes(order):
        q = multiply(from_axis_angle(np.eye(3)[axis], angles[..., axis]), q)
    return q


def to_euler(q: ArrayLike, order: str = "XYZ") -> Floats:
    """Euler angles `[..., 3]` as x, y, z of quaternions, in Blender's rotation mode ``order``.

    The middle angle of the order lies within ±pi/2; where it reaches that, the last one is 0.
    """
    m = to_matrix(q)
    i, j, k = _axes(order)
    sign = 1.0 if (j - i) % 3 == 1 else -1.0
    cosine = np.hypot(m[..., i, i], m[..., j, i])
    locked = cosine < _GIMBAL
    angles = np.empty(m.shape[:-2] + (3,))
    angles[..., i] = np.where(
        locked, np.arctan2(-m[..., j, k], m[..., j, j]), np.arctan2(m[..., k, j], m[..., k, k])
    )
    angles[..., j] = np.arctan2(-m[..., k, i], cosine)
    angles[..., k] = np.where(locked, 0.0, np.arctan2(m[..., j, i], m[..., i, i]))
    # An odd order is an even one in a mirrored world, where every angle turns the other way.
    return sign * angles


def continuous_euler(angles: ArrayLike, order: str = "XYZ") -> Floats:
    """The same rotations over time `[T, ..., 3]`, each frame's angles nearest to the frame before."""
    angles = np.array(angles, dtype=np.float64)
    if len(angles) < 2:
        return angles
    i, j, k = _axes(order)
    other = angles.copy()
    other[..., i] += np.pi
    other[..., j] = np.pi - other[..., j]
    other[..., k] += np.pi
    # Two triples say the same rotation. Which one is nearer depends on the frame before alone, so each step
    # maps that frame's choice (0 or 1) to this one's; such maps follow on each other without a loop.
    spellings = np.stack([angles, other])
    step = spellings[None, :, 1:] - spellings[:, None, :-1]  # [to, from, T - 1, ..., 3], full turns taken out
    step -= 2 * np.pi * np.round(step / (2 * np.pi))
    distance = np.abs(step).sum(axis=-1)
    follows = (distance[1] < distance[0]).astype(np.int64)  # [from, T - 1, ...]: the spelling that follows
    choice = np.zeros(angles.shape[:-1], dtype=np.int64)
    choice[1:] = _follow(follows[0], follows[1])
    chosen = np.where(choice[..., None] == 1, other, angles)
    return np.unwrap(chosen, axis=0)


def _follow(after_0: NDArray[np.int64], after_1: NDArray[np.int64]) -> NDArray[np.int64]:
    """States `[N, ...]` of a chain that begins in 0, given each step's next state after 0 and after 1."""
    fixed = after_0 == after_1
    swaps = np.cumsum(~fixed & (after_0 == 1), axis=0)
    index = np.arange(len(after_0)).reshape(-1, *([1] * (after_0.ndim - 1)))
    last = np.maximum.accumulate(np.where(fixed, index, -1), axis=0)
    safe = np.maximum(last, 0)
    state = np.where(last >= 0, np.take_along_axis(after_0, safe, axis=0), 0)
    since = swaps - np.where(last >= 0, np.take_along_axis(swaps, safe, axis=0), 0)
    return (state + since) % 2


def _axes(order: str) -> tuple[int, int, int]:
    if sorted(order.upper()) != ["X", "Y", "Z"]:
        raise ValueError(f"“{order}” is no order of the axes X, Y and Z")
    i, j, k = ("XYZ".index(letter) for letter in order.upper())
    return i, j, k


def _unit(v: ArrayLike) -> Floats:
    v = np.asarray(v, dtype=np.float64)
    norm = np.linalg.norm(v, axis=-1, keepdims=True)
    return np.where(norm > _TINY, v / np.where(norm > _TINY, norm, 1.0), 0.0)


def _reject(v: Floats, axis: Floats) -> Floats:
    """The part of v square to the unit vector ``axis``."""
    return v - np.sum(v * axis, axis=-1, keepdims=True) * axis
