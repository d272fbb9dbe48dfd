# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures with the interval in which they would lie for other clips of the same kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

REPEATS = 200
_LEVEL = 95.0


@dataclass(frozen=True)
class Figure:
    """A figure over clips.

    Attributes:
        value: NaN where it is not defined.
        low, high: bounds of the 95 % bootstrap interval over clips; NaN with a single clip.
        n: clips, or whatever was drawn again.
    """

    value: float
    low: float = float("nan")
    high: float = float("nan")
    n: int = 0

    def as_dict(self) -> dict[str, float]:
        """Plain values for JSON."""
        return {"value": self.value, "low": self.low, "high": self.high, "n": self.n}


def bootstrapped(
    statistic: Callable[[NDArray[np.int64]], float], n: int, *, repeats: int = REPEATS, seed: int = 0
) -> Figure:
    """A statistic of chosen clips with its percentile interval.

    Args:
        statistic: value for the clips with the given numbers `[n]`, some of them several times.
        n: number of clips; 0 gives NaN, 1 a value without interval.
    """
    if n == 0:
        return Figure(float("nan"))
    value = float(statistic(np.arange(n)))
    if n == 1:
        return Figure(value, n=1)
    rng = np.random.default_rng(seed)
    drawn = np.array([statistic(rng.integers(0, n, n)) for _ in range(repeats)], dtype=float)
    drawn = drawn[np.isfinite(drawn)]
    if len(drawn) == 0:
        return Figure(value, n=n)
    low, high = np.percentile(drawn, [50 - _LEVEL / 2, 50 + _LEVEL / 2])
    return Figure(value, float(low), float(high), n)


def mean_figure(values: ArrayLike, *, seed: int = 0) -> Figure:
    """Mean of a value per clip `[n]`; clips without a value (NaN) are left out."""
    kept = np.asarray(values, dtype=float)
    kept = kept[np.isfinite(kept)]
    return bootstrapped(lambda chosen: float(kept[chosen].mean()), len(kept), seed=seed)


def ratio_figure(above: ArrayLike, below: ArrayLike, *, seed: int = 0) -> Figure:
    """Sum over sum of two values per clip `[n]`; NaN where the lower sum is 0."""
    a, b = np.asarray(above, dtype=float), np.asarray(below, dtype=float)
    kept = np.isfinite(a) & np.isfinite(b)
    a, b = a[kept], b[kept]

    def ratio(chosen: NDArray[np.int64]) -> float:
        total = b[chosen].sum()
        return float(a[chosen].sum() / total) if total > 0 else float("nan")

    return bootstrapped(ratio, len(a), seed=seed)


def binomial_interval(hits: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share; NaN without trials."""
    if n == 0:
        return float("nan"), float("nan")
    z, share = 1.959964, hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))
