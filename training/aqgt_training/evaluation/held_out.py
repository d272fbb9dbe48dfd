# SPDX-License-Identifier: GPL-3.0-or-later
"""Long motions beside held-out clips: with the clips' annotations, with the planner's, with none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt.generation import generate
from aqgt.models.registry import LoadedModel
from aqgt.motion import Motion
from aqgt.protocol.messages import GenerateRequest
from aqgt_training.corpora.clip_lmdb import ClipRecord
from aqgt_training.evaluation import motion_statistics as statistics

_RESTING_SPEED = 0.05
"""Model units per second below which a wrist counts as resting (about 15 cm/s on an adult)."""


def compare_with_clips(model: LoadedModel, clips: Sequence[ClipRecord]) -> dict[str, dict[str, float]]:
    """Figures per condition, each the mean over the clips.

    Returns:
        condition (``annotated``, ``planner``, ``none``) -> wrist speed, acceleration and jerk as ratio to the
        clip's, wrist error as a share of the error of standing still, and for ``annotated`` the median
        distance in seconds between the peaks of speed in each annotated gesture.
    """
    rows: dict[str, list[dict[str, float]]] = {"annotated": [], "planner": [], "none": []}
    peaks: list[float] = []
    for number, clip in enumerate(clips):
        real = clip.motion()
        for condition, extra in _conditions(clip).items():
            request = GenerateRequest(
                clip.samples(), tuple(clip.words), seed=number, speaker=clip.speaker, **extra
            )
            made = generate(request, model).motions[0]
            rows[condition].append(_compare(made, real))
            if condition == "annotated":
                peaks += _peak_errors(made, real, clip.track().values)
    table = {name: _means(values) for name, values in rows.items()}
    table["annotated"]["peak_error_median"] = float(np.median(peaks)) if peaks else float("nan")
    return table


def _conditions(clip: ClipRecord) -> dict[str, dict[str, Any]]:
    return {"annotated": {"track": clip.track().values}, "planner": {}, "none": {"annotate": "none"}}


def _compare(made: Motion, real: Motion) -> dict[str, float]:
    n = min(len(made), len(real))
    made, real = _first(made, n), _first(real, n)
    ours, theirs = statistics.mean_derivatives(made), statistics.mean_derivatives(real)
    still = Motion(real.fps, np.repeat(real.bone_vectors[:1], n, axis=0), real.lengths)
    speeds = np.stack([statistics.speed(made, side) for side in statistics.WRISTS])
    return {
        **{f"{name}_ratio": ours[name] / theirs[name] for name in ours},
        "wrist_error_share": statistics.wrist_error(made, real) / statistics.wrist_error(still, real),
        "resting_share": float((speeds < _RESTING_SPEED).mean()),
    }


def _peak_errors(made: Motion, real: Motion, track: NDArray[np.float32]) -> list[float]:
    errors = []
    for channel, side in ((2, "left"), (3, "right")):
        for start, end in _runs(np.isin(track[channel, : min(len(made), len(real))], (1, 2))):
            if end - start >= 4:
                window = (start / real.fps, end / real.fps)
                errors.append(
                    abs(statistics.peak_time(made, side, *window) - statistics.peak_time(real, side, *window))
                )
    return errors


def _runs(active: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First frame and frame after the last of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], active, [False]]).astype(int)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _first(motion: Motion, n_frames: int) -> Motion:
    return Motion(motion.fps, motion.bone_vectors[:n_frames], motion.lengths)


def _means(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
