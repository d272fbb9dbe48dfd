# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics that compare or describe sets: Fréchet distance, diversity, speed histograms."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg

from aqgt.errors import AqgtError
from aqgt_training.evaluation.metrics.checks import finite, same_shape, sequences_of

_RIDGE = 1e-6
_IMAGINARY = 1e-3
_FAILED = 1e10
_DIVERSITY_BATCHES = 500


def frechet_distance(generated: ArrayLike, reference: ArrayLike) -> float:
    """Fréchet distance between two sets of features, each taken as a normal distribution.

    ``|μg − μr|² + tr(Σg + Σr − 2·√(Σg·Σr))`` with covariances over N − 1 (Trimodal; AQ-GT, HA2G and GENEA
    compute the same). Where the root isn't finite, 1e-6 is added to both diagonals; where its diagonal has
    an imaginary part of 1e-3 or more, the value is 1e10, as in the source. It doesn't see jitter, and it
    shrinks with N: compare equal counts only.

    Args:
        generated, reference: features `[N, D]`, N ≥ 2.

    Returns:
        the squared distance, in squared units of the features.
    """
    a, b = (
        finite(each, "features", "[N, D]", 2).astype(np.float64, copy=False)
        for each in (generated, reference)
    )
    if a.shape[1] != b.shape[1]:
        raise AqgtError(
            f"The features have {a.shape[1]} and {b.shape[1]} dimensions.",
            "Use one extractor for both.",
            "shapes-differ",
        )
    if min(len(a), len(b)) < 2:
        raise AqgtError(
            "A single feature has no covariance.", "Give at least two of each; better hundreds.", "too-few"
        )
    cov_a, cov_b = (np.atleast_2d(np.cov(each, rowvar=False)) for each in (a, b))
    root = linalg.sqrtm(cov_a @ cov_b)
    if not np.isfinite(root).all():
        ridge = _RIDGE * np.eye(len(cov_a))
        root = linalg.sqrtm((cov_a + ridge) @ (cov_b + ridge))
    if np.iscomplexobj(root):
        if np.abs(np.diagonal(root).imag).max() >= _IMAGINARY:
            return _FAILED
        root = root.real
    difference = a.mean(axis=0) - b.mean(axis=0)
    return float(difference @ difference + np.trace(cov_a) + np.trace(cov_b) - 2 * np.trace(root))


def paired_feature_distance(generated: ArrayLike, reference: ArrayLike) -> float:
    """Mean over pairs of the sum of absolute differences of features `[N, D]` (Trimodal's feat_D)."""
    a = finite(generated, "features", "[N, D]", 2)
    b = finite(reference, "features", "[N, D]", 2)
    same_shape(a, b)
    return float(np.abs(a - b).sum(axis=1).mean())


def diversity(batches: ArrayLike, permutation: ArrayLike) -> float:
    """How much clips differ from randomly chosen others, in feature space (HA2G).

    The first 500 batches at most are compared with the first 500 of ``batches[permutation]``:
    ``mean over samples of Σ |a − b|``.

    Args:
        batches: features `[batches, B, D]`.
        permutation: an order of the batches `[batches]`.
    """
    features = finite(batches, "features", "[batches, B, D]", 3)
    order = np.asarray(permutation)
    if sorted(order.tolist()) != list(range(len(features))):
        raise AqgtError(
            f"The permutation isn't one of {len(features)} batches.",
            "Give each number from 0 on once.",
            "bad-permutation",
        )
    first, second = features[:_DIVERSITY_BATCHES], features[order[:_DIVERSITY_BATCHES]]
    return float(np.abs(first - second).sum(axis=-1).mean(dtype=np.float64))


def l1_diversity(sequences: Iterable[ArrayLike]) -> float:
    """How far poses lie from their sequence's mean (BEAT's L1 diversity).

    ``Σ over sequences, frames and dimensions of |x − mean over time| / Σ T``, in the unit of the input.

    Args:
        sequences: `[T, D]` or `[T, J, 3]` each; lengths may differ.
    """
    arrays = sequences_of(sequences, "sequences", min_frames=1, joints=False)
    total = sum(float(np.abs(array - array.mean(axis=0)).sum()) for array in arrays)
    return total / sum(len(array) for array in arrays)


def speed_histogram(
    sequences: Iterable[ArrayLike], fps: float, bin_width: float = 1.0, max_speed: float = 50
) -> NDArray[np.int64]:
    """Counts of joint speeds over all sequences (GENEA), summed over the joints.

    Edges are ``0, w, 2w, …`` below ``max_speed``; faster moments are left out, as in the source. Its script
    drops the first 8 joints; here every joint that is given counts.

    Args:
        sequences: positions `[T, J, 3]`, T ≥ 2.
        fps: frames per second; speeds are in units of the positions per second.

    Returns:
        counts `[bins]`.
    """
    if not (bin_width > 0 and max_speed > bin_width and fps > 0):
        raise AqgtError(
            f"Bins of {bin_width} up to {max_speed} at {fps} frames per second make no histogram.",
            "Give positive numbers, and a highest speed of at least two bins.",
            "bad-bins",
        )
    edges = np.arange(0, max_speed, bin_width)
    counts = np.zeros(len(edges) - 1, np.int64)
    for array in sequences_of(sequences, "sequences", min_frames=2):
        speed = np.linalg.norm(np.diff(array, axis=0), axis=-1) * fps
        counts += np.histogram(speed, edges)[0]
    return counts


def hellinger_distance(p: ArrayLike, q: ArrayLike) -> float:
    """Hellinger distance of two histograms: ``√(1 − Σ √(p·q))`` of their shares; 0 = same, 1 = apart (GENEA).

    NaN where a histogram is empty.
    """
    a, b = (finite(each, "counts", "[bins]", 1).astype(np.float64) for each in (p, q))
    same_shape(a, b)
    if (a < 0).any() or (b < 0).any():
        raise AqgtError("A count is below 0.", "Give histograms.", "bad-counts")
    if a.sum() == 0 or b.sum() == 0:
        return float("nan")
    overlap = np.sqrt(a / a.sum() * (b / b.sum())).sum()
    return float(np.sqrt(max(0.0, 1.0 - overlap)))
