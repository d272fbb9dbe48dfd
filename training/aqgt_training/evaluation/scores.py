# SPDX-License-Identifier: GPL-3.0-or-later
"""All figures of one set of motions against the recorded ones of the same clips."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt_training.corpora.clip_lmdb import ClipRecord
from aqgt_training.evaluation import motion_statistics as statistics
from aqgt_training.evaluation import naturalness
from aqgt_training.evaluation.intervals import Figure, bootstrapped, mean_figure, ratio_figure
from aqgt_training.evaluation.metrics import frechet_distance
from aqgt_training.evaluation.sets import MotionSet

_FRECHET_REPEATS = 100
_SPLITS = 20
_RATES = ("speed", "acceleration", "jerk")


def clip_figures(
    motion: Motion, reference: Motion, clip: ClipRecord, rest: NDArray[np.float32]
) -> dict[str, float]:
    """Plain figures of one motion: means over its frames, in model units and seconds.

    Args:
        motion, reference: of the same number of frames, at least 4.
        rest: `[53, 3]` bone vectors of standing still, which the wrist error is compared with.

    Raises:
        AqgtError: the motions differ in length, or are too short to have a jerk.
    """
    if len(motion) != len(reference):
        raise AqgtError(
            f"The motions for “{clip.name}” have {len(motion)} and {len(reference)} frames.",
            "Cut them to the same frames.",
            "shapes-differ",
        )
    if len(motion) < 4:
        raise AqgtError(
            f"The clip “{clip.name}” has {len(motion)} frames; a jerk needs 4.", "Leave it out.", "too-short"
        )
    still = Motion(reference.fps, np.repeat(rest[None], len(reference), axis=0)).with_lengths(
        reference.lengths
    )
    return {
        **statistics.mean_derivatives(motion),
        "wrist_error": statistics.wrist_error(motion, reference),
        "still_error": statistics.wrist_error(still, reference),
        "resting": naturalness.resting_share(motion),
        "pause_rest": naturalness.rest_in_pauses(motion, clip.words),
        "frozen": naturalness.frozen_share(motion),
        "inside_body": naturalness.hands_inside_body(motion),
    }


def set_figures(rows: Sequence[dict[str, float]], real: Sequence[dict[str, float]]) -> dict[str, Figure]:
    """Figures of a set from those of its clips; ratios are sums over sums, so that still clips don't rule."""

    def column(name: str, of: Sequence[dict[str, float]] = rows) -> list[float]:
        return [row[name] for row in of]

    return {
        **{f"{name}_ratio": ratio_figure(column(name), column(name, real)) for name in _RATES},
        "wrist_error_share": ratio_figure(column("wrist_error"), column("still_error")),
        **{
            f"{name}_share": mean_figure(column(name))
            for name in ("resting", "pause_rest", "frozen", "inside_body")
        },
    }


def frechet_figures(made: Sequence[NDArray], real: Sequence[NDArray], *, seed: int = 0) -> dict[str, Figure]:
    """Fréchet distances of a set's features from the recorded ones, each a list of `[N, C]` per clip.

    ``frechet`` compares all windows; its interval draws the same clips for both. ``frechet_halves`` compares
    the set on one half of the clips with the recorded motion on the other half, averaged over 20 divisions:
    the recorded motion's own value of it is the floor below which nothing can be told apart.
    """
    n = len(made)
    if n != len(real):
        raise AqgtError(f"There are {n} and {len(real)} clips.", "Give the same clips.", "shapes-differ")
    if n == 0:
        return {name: Figure(float("nan")) for name in ("frechet", "frechet_halves")}

    def distance(chosen: NDArray[np.int64]) -> float:
        return _distance([made[i] for i in chosen], [real[i] for i in chosen])

    whole = bootstrapped(distance, n, repeats=_FRECHET_REPEATS, seed=seed)
    if n < 2:
        return {"frechet": whole, "frechet_halves": Figure(float("nan"), n=n)}
    rng = np.random.default_rng(seed)
    halves = []
    for _ in range(_SPLITS):
        order = rng.permutation(n)
        first, second = order[: n // 2], order[n // 2 : 2 * (n // 2)]
        halves.append(_distance([made[i] for i in first], [real[i] for i in second]))
    low, high = np.nanpercentile(halves, [2.5, 97.5]) if np.isfinite(halves).any() else (np.nan, np.nan)
    mean = float(np.nanmean(halves)) if np.isfinite(halves).any() else float("nan")
    return {"frechet": whole, "frechet_halves": Figure(mean, float(low), float(high), n)}


def _distance(made: Sequence[NDArray], real: Sequence[NDArray]) -> float:
    """NaN where there are fewer windows than a covariance of the features needs to have full rank."""
    a, b = np.concatenate(made), np.concatenate(real)
    if min(len(a), len(b)) <= a.shape[1]:
        return float("nan")
    with warnings.catch_warnings():
        # Motions that stand still have no covariance to speak of; the distance is defined all the same.
        warnings.simplefilter("ignore", linalg.LinAlgWarning)
        return frechet_distance(a, b)


def beat_figures(motions: MotionSet, clips: Sequence[ClipRecord]) -> dict[str, float]:
    """Whether the set's beats lie on the voice's accents, see `naturalness.beats_on_accents`."""
    return naturalness.beats_on_accents(
        [naturalness.arrivals(motion) for motion in motions.motions],
        [naturalness.accents(clip.samples(), clip.words) for clip in clips],
        [clip.duration for clip in clips],
    )


def as_plain(value: Any) -> Any:
    """Values for JSON: figures as mappings, numpy's numbers as Python's, and None for what has no value."""
    if isinstance(value, Figure):
        return as_plain(value.as_dict())
    if isinstance(value, dict):
        return {str(key): as_plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [as_plain(each) for each in value]
    if isinstance(value, np.ndarray):
        return as_plain(value.tolist())
    if isinstance(value, np.generic):
        return as_plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
