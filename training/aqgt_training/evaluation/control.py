# SPDX-License-Identifier: GPL-3.0-or-later
"""Does a motion do what its annotations ask for? Per gesture, with the recorded motion's own score beside it.

All functions take motions that have as many frames as their matrix `[17, T]`. Labels are measured as
`aqgt_training.corpora.form_labels` measures them, so on a composed corpus the recorded motion scores near 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aqgt import skeleton
from aqgt.annotations import CHANNEL_BY_KEY, HANDS
from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt_training.corpora.form_labels import extent_label, position_label
from aqgt_training.evaluation import motion_statistics as statistics
from aqgt_training.evaluation.gestures import AskedGesture, asked_gestures

_SHORTEST = 4
"""Frames from preparation to arrival below which a gesture has no peak of speed to speak of."""
_PHASES = [CHANNEL_BY_KEY[f"phase_{side}"].index for side in HANDS]


@dataclass(frozen=True)
class ClipControl:
    """What one clip's gestures say of a motion; each list has an entry per gesture that it applies to.

    Attributes:
        side: one-handed gestures: whether the asked-for wrist got farther from where it was than the other.
        peak_error: seconds between the peaks of wrist speed of this motion and of the reference.
        extent: whether the wrist's farthest distance from its rest has the asked-for label.
        excursion: (label, that distance in model units).
        position: whether the knuckles are at the asked-for position when the hand arrives.
        direction: for left, right and on-top: whether they are on that side of the body, or above the neck.
    """

    side: list[bool]
    peak_error: list[float]
    extent: list[bool]
    excursion: list[tuple[str, float]]
    position: list[bool]
    direction: list[bool]


def control_of(motion: Motion, reference: Motion, track: NDArray[np.float32]) -> ClipControl:
    """How a motion follows the gestures of its annotation matrix.

    Args:
        motion: what is judged.
        reference: the recorded motion, which tells the time of the peak and the resting place of the wrists.

    Raises:
        AqgtError: the motions and the matrix differ in length.
    """
    if not len(motion) == len(reference) == track.shape[1]:
        raise AqgtError(
            f"Motion, reference and annotations have {len(motion)}, {len(reference)} and {track.shape[1]}"
            " frames.",
            "Cut them to the same frames.",
            "shapes-differ",
        )
    result = ClipControl([], [], [], [], [], [])
    if len(motion) < 2:
        return result
    positions = motion.positions()
    paths = {side: statistics.wrist_track(motion, side) for side in HANDS}
    rests = {side: resting_wrist(reference, track, side) for side in HANDS}
    for gesture in asked_gestures(track):
        _judge(result, gesture, positions, paths, rests)
        if gesture.arrival - gesture.begin >= _SHORTEST:
            window = gesture.begin / motion.fps, gesture.arrival / motion.fps
            times = [statistics.peak_time(each, gesture.side, *window) for each in (motion, reference)]
            result.peak_error.append(abs(times[0] - times[1]))
    return result


def resting_wrist(motion: Motion, track: NDArray[np.float32], side: str) -> NDArray[np.float64]:
    """Where a wrist `[3]` rests: the median of the frames without gesture, else its first place."""
    path = statistics.wrist_track(motion, side).astype(np.float64)
    resting = np.all(track[_PHASES, : len(path)] <= 0, axis=0)
    return np.median(path[resting], axis=0) if resting.any() else path[0]


def _judge(
    result: ClipControl,
    gesture: AskedGesture,
    positions: NDArray,
    paths: dict[str, NDArray],
    rests: dict[str, NDArray],
) -> None:
    side = gesture.side
    if gesture.alone:
        moved = {hand: _farthest(path, gesture) for hand, path in paths.items()}
        result.side.append(moved[side] == max(moved.values()) and moved[side] > min(moved.values()))
    asked = gesture.labels.get("extent")
    if asked in ("small", "medium", "large"):
        distances = np.linalg.norm(paths[side][gesture.begin : gesture.end] - rests[side], axis=1)
        reach = float(distances.max())
        result.extent.append(extent_label(reach) == asked)
        result.excursion.append((asked, reach))
    place = gesture.labels.get("position")
    if place is not None:
        pose = positions[min(gesture.arrival, len(positions) - 1)]
        result.position.append(position_label(pose, side) == place)
        if place in ("left", "right", "on-top"):
            result.direction.append(is_on_side(pose, side, place))


def is_on_side(pose: NDArray, side: str, place: str) -> bool:
    """Whether a hand of a pose `[53, 3]` is left or right of the neck (for the speaker), or above it."""
    x, y, _ = pose[skeleton.JOINT_INDEX[f"{side}_middle_1"]] - pose[skeleton.THORAX]
    return bool({"left": x > 0, "right": x < 0, "on-top": y < 0}[place])


def _farthest(path: NDArray, gesture: AskedGesture) -> float:
    part = path[gesture.begin : gesture.arrival]
    return float(np.linalg.norm(part - part[0], axis=1).max())


def summary_of(clips: Sequence[ClipControl]) -> dict[str, float | int | dict[str, float]]:
    """Figures over all gestures; NaN where none applies."""
    peaks = np.array([error for clip in clips for error in clip.peak_error])
    found: dict[str, float | int | dict[str, float]] = {}
    for name in ("side", "extent", "position", "direction"):
        hits = [hit for clip in clips for hit in getattr(clip, name)]
        found[f"{name}_right"] = float(np.mean(hits)) if hits else float("nan")
        found[f"{name}_count"] = len(hits)
    found["peak_error_median"] = float(np.median(peaks)) if len(peaks) else float("nan")
    found["peak_error_p90"] = float(np.percentile(peaks, 90)) if len(peaks) else float("nan")
    found["peak_count"] = len(peaks)
    found["excursion"] = {
        label: _mean([reach for clip in clips for name, reach in clip.excursion if name == label])
        for label in ("small", "medium", "large")
    }
    return found


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
