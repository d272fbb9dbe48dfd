# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics of motion itself: distance to a reference, speed of change, recall of what carries meaning."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aqgt.errors import AqgtError
from aqgt_training.evaluation.metrics.checks import finite, same_shape, sequences_of

_HUBER = 0.1
_TINY = 1e-10
_SEMANTIC_SCALE = 0.165
N_DERIVATIVES = 7
"""Velocity, acceleration, jerk, jounce, crackle, pop, lock."""


def joint_error(generated: ArrayLike, reference: ArrayLike, skip: int = 4) -> float:
    """Mean absolute joint error (MAJE): mean |Δ| over samples, frames from ``skip`` on, joints and axes.

    Trimodal; the frames left out are those of the seed.

    Args:
        generated, reference: positions `[N, T, J, 3]`.

    Returns:
        in the unit of the positions.
    """
    a, b = _pair(generated, reference)
    if not 0 <= skip < a.shape[1]:
        raise AqgtError(
            f"Of {a.shape[1]} frames none is left without the first {skip}.", "Skip fewer.", "too-short"
        )
    return float(np.abs(a[:, skip:] - b[:, skip:]).mean())


def acceleration_difference(generated: ArrayLike, reference: ArrayLike) -> float:
    """Mean absolute difference of accelerations (MAD): mean |Δ²g − Δ²r|, per frame² (Trimodal).

    Args:
        generated, reference: positions `[N, T, J, 3]`, T ≥ 3.
    """
    a, b = _pair(generated, reference)
    if a.shape[1] < 3:
        raise AqgtError("Accelerations need 3 frames.", "Give longer sequences.", "too-short")
    return float(np.abs(np.diff(a, 2, axis=1) - np.diff(b, 2, axis=1)).mean())


def derivative_losses(generated: ArrayLike, reference: ArrayLike) -> tuple[float, ...]:
    """AQ-GT's seven losses over rates of change: velocity, acceleration, jerk, jounce, crackle, pop, lock.

    Each rate is made of the one before: ``d(x) = |x[t+1] − x[t] + 1e-10|``, so that from the second on it
    is the change of absolute values. Each loss is the mean of ``e²/0.2`` where ``e < 0.1``, else ``e −
    0.05``.

    Args:
        generated, reference: `[..., T, D]`, T ≥ 8.
    """
    a, b = np.asarray(generated), np.asarray(reference)
    a = finite(a.reshape(-1, *a.shape[-2:]) if a.ndim >= 2 else a, "motions", "[..., T, D]", 3)
    b = finite(b.reshape(-1, *b.shape[-2:]) if b.ndim >= 2 else b, "motions", "[..., T, D]", 3)
    same_shape(a, b)
    if a.shape[1] <= N_DERIVATIVES:
        raise AqgtError(f"Seven rates of change need {N_DERIVATIVES + 1} frames.", "Give more.", "too-short")
    losses = []
    for _ in range(N_DERIVATIVES):
        a, b = (np.abs(np.diff(each, axis=1) + _TINY) for each in (a, b))
        error = np.abs(a - b)
        losses.append(float(np.where(error < _HUBER, 0.5 * error**2 / _HUBER, error - 0.5 * _HUBER).mean()))
    return tuple(losses)


def srgr(
    generated: ArrayLike,
    reference: ArrayLike,
    semantic: ArrayLike | None,
    threshold: float = 0.1,
    norm: str = "l2",
) -> float:
    """Semantic-relevant gesture recall (BEAT): share of joints within ``threshold``, weighted by meaning.

    ``mean over t and j of [d < threshold] · w / 0.165``; without weights ``mean [d < threshold]``.

    Args:
        generated, reference: `[T, J, 3]`.
        semantic: weight of each frame `[T]`, or None.
        norm: ``"l2"`` (EMAGE's tools) or ``"l1"`` (BEAT): distance of two 3-vectors.
    """
    a = finite(generated, "generated frames", "[T, J, 3]", 3, last=3)
    b = finite(reference, "reference frames", "[T, J, 3]", 3, last=3)
    same_shape(a, b)
    if norm not in ("l1", "l2"):
        raise AqgtError(f"“{norm}” is no norm.", "Use l1 or l2.", "bad-norm")
    distance = np.linalg.norm(a - b, ord=1 if norm == "l1" else 2, axis=-1)
    near = (distance < threshold).astype(np.float64)
    if semantic is None:
        return float(near.mean())
    weights = finite(semantic, "semantic weights", "[T]", 1)
    if len(weights) != len(a):
        raise AqgtError(
            f"There are {len(weights)} weights for {len(a)} frames.", "Give one per frame.", "shapes-differ"
        )
    return float((near * weights[:, None] / _SEMANTIC_SCALE).mean())


def mean_jerk(sequences: Iterable[ArrayLike], fps: float) -> tuple[float, float]:
    """Mean and (population) deviation over sequences of the mean jerk ``‖Δ³p‖·fps³`` (GENEA).

    Args:
        sequences: positions `[T, J, 3]`, T ≥ 4.

    Returns:
        in units of the positions per second³.
    """
    return _mean_rate(sequences, fps, 3)


def mean_acceleration(sequences: Iterable[ArrayLike], fps: float) -> tuple[float, float]:
    """Like `mean_jerk`, of the acceleration ``‖Δ²p‖·fps²``; T ≥ 3, per second²."""
    return _mean_rate(sequences, fps, 2)


def _mean_rate(sequences: Iterable[ArrayLike], fps: float, order: int) -> tuple[float, float]:
    if not fps > 0:
        raise AqgtError(f"The frame rate is {fps}.", "Give frames per second above 0.", "bad-rate")
    means = [
        float(np.linalg.norm(np.diff(array, order, axis=0), axis=-1).mean()) * fps**order
        for array in sequences_of(sequences, "sequences", min_frames=order + 1)
    ]
    return float(np.mean(means)), float(np.std(means))


def _pair(generated: ArrayLike, reference: ArrayLike) -> tuple[NDArray, NDArray]:
    a = finite(generated, "generated positions", "[N, T, J, 3]", 4, last=3)
    b = finite(reference, "reference positions", "[N, T, J, 3]", 4, last=3)
    same_shape(a, b)
    return a, b
