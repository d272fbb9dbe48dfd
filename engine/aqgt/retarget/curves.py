# SPDX-License-Identifier: GPL-3.0-or-later
"""Angles and directions over time: filled where they are undefined, smoothed without lag, never jumping."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aqgt import rotations

Floats = NDArray[np.float64]

_TINY = 1e-9


def unit(vectors: ArrayLike) -> Floats:
    """Unit vectors `[..., 3]`; a vector of no length stays 0."""
    vectors = np.asarray(vectors, dtype=np.float64)
    norms = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))[..., None]
    return np.where(norms > _TINY, vectors / np.maximum(norms, _TINY), 0.0)


def reject(vectors: ArrayLike, axis: Floats) -> Floats:
    """The part of the vectors `[..., 3]` square to the unit vectors ``axis``."""
    vectors = np.asarray(vectors, dtype=np.float64)
    return vectors - np.sum(vectors * axis, axis=-1, keepdims=True) * axis


def signed_angle(u: Floats, v: Floats, axis: Floats) -> Floats:
    """Angle `[...]` from u to v about the unit ``axis``, -pi … pi; 0 where either is parallel to it."""
    u, v = reject(u, axis), reject(v, axis)
    return np.arctan2(np.sum(rotations.cross(u, v) * axis, axis=-1), np.sum(u * v, axis=-1))


def smoothstep(x: ArrayLike, low: float, high: float) -> Floats:
    """0 up to ``low``, 1 from ``high`` on, smooth between."""
    t = np.clip((np.asarray(x, dtype=np.float64) - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def hold_directions(vectors: Floats, fallback: Floats) -> Floats:
    """Unit vectors `[T, 3]`; one of no length is replaced by the nearest frame's that has one."""
    lengths = np.linalg.norm(vectors, axis=-1)
    good = np.flatnonzero(lengths > _TINY)
    if len(good) == len(vectors):
        return vectors / lengths[:, None]
    if not len(good):
        return np.broadcast_to(unit(fallback), vectors.shape).copy()
    middles = (good[1:] + good[:-1] + 1) // 2
    nearest = good[np.searchsorted(middles, np.arange(len(vectors)), side="right")]
    return vectors[nearest] / lengths[nearest][:, None]


def smooth(values: Floats, seconds: float, fps: float, weights: Floats | None = None) -> Floats:
    """Gaussian smoothing over time `[T, ...]` without lag; ``seconds`` is the standard deviation.

    ``weights`` `[T]` say how much each frame counts; the ends use what there is of the window.
    """
    sigma = seconds * fps
    reach = int(np.ceil(3 * sigma))
    if sigma < 0.05 or reach < 1 or len(values) < 2:
        return np.asarray(values, dtype=np.float64)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights = np.ones(len(values)) if weights is None else weights
    shaped = weights.reshape(-1, *([1] * (values.ndim - 1)))
    total = _convolve(weights, kernel).reshape(shaped.shape)
    return _convolve(values * shaped, kernel) / np.maximum(total, 1e-12)


def _convolve(values: Floats, kernel: Floats) -> Floats:
    reach = len(kernel) // 2
    padded = np.concatenate(
        [np.zeros((reach, *values.shape[1:])), values, np.zeros((reach, *values.shape[1:]))]
    )
    result = np.zeros(values.shape)
    for offset, weight in enumerate(kernel):
        result += weight * padded[offset : offset + len(values)]
    return result


def confident(measure: Floats, lost: float, found: float) -> NDArray[np.bool_]:
    """Hysteresis `[T]`: true from where ``measure`` rises above ``found`` until it falls below ``lost``."""
    state = np.where(measure >= found, 1, np.where(measure < lost, 0, -1))
    decided = np.maximum.accumulate(np.where(state >= 0, np.arange(len(state)), -1))
    forward = np.where(decided >= 0, state[decided], 0)
    return forward == 1


def bridge(angles: Floats, good: NDArray[np.bool_], fallback: float = 0.0) -> Floats:
    """Unwrapped angles `[T]`: where not good, the short way from the last good frame to the next one."""
    frames = np.flatnonzero(good)
    if not len(frames):
        return np.full(len(angles), fallback)
    known = np.unwrap(angles[frames])
    return np.interp(np.arange(len(angles)), frames, known)


def recentre(angles: Floats) -> Floats:
    """Angles `[T]` shifted by whole turns such that the median lies within ±pi."""
    if not len(angles):
        return angles
    return angles - 2 * np.pi * np.round(np.median(angles) / (2 * np.pi))


def limit_speed(values: Floats, per_second: float, fps: float) -> Floats:
    """The curve `[T]` with no step above ``per_second / fps``: mean of the envelopes above and below."""
    if len(values) < 2:
        return values
    ramp = np.arange(len(values)) * (per_second / fps)
    above = np.maximum.accumulate(values + ramp) - ramp
    above = np.maximum(above, np.maximum.accumulate((values + ramp[::-1])[::-1])[::-1] - ramp[::-1])
    below = np.minimum.accumulate(values - ramp) + ramp
    below = np.minimum(below, np.minimum.accumulate((values - ramp[::-1])[::-1])[::-1] + ramp[::-1])
    return (above + below) / 2


def soft_limit(values: Floats, start: float, end: float) -> Floats:
    """Values unchanged within ±start, bent towards ±end beyond, smooth at the bend."""
    over = np.maximum(np.abs(values) - start, 0.0)
    room = end - start
    return np.sign(values) * (np.minimum(np.abs(values), start) + room * np.tanh(over / room))
