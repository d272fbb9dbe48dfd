# SPDX-License-Identifier: GPL-3.0-or-later
"""Poses as the published pipeline makes them: from a tracker's 59 joints to 53 at fixed bone lengths."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aqgt import skeleton

Floats = NDArray[np.float64]

HALPE_BODY: tuple[tuple[int, ...], ...] = (
    (19,), (12,), (14,), (16,), (11,), (13,), (15,), (18, 19), (18,), (0,),
    (17,), (5,), (7,), (9,), (6,), (8,), (10,),
)  # fmt: skip
"""Points of Halpe-136 that make each of the tracker's 17 body joints (Human3.6M's order)."""
HALPE_HANDS = range(94, 136)
"""Points of Halpe-136 that are the two hands, left first."""
UPPER_BODY: tuple[int, ...] = (0, *range(7, 59))
"""Joints of the tracker's 59 that are kept: all but the legs."""
NECK, NOSE, HEAD = 8, 9, 10
NECK_TO_HEAD, NOSE_DEPTH = 0.1, 0.05
SMOOTHED_FRAMES = 4
SMALLEST_VARIANCE = 0.002
"""A window whose coordinates vary less than this, all taken together, counts as still."""
_TINY = 1e-7


def from_halpe(points: NDArray) -> Floats:
    """The tracker's 59 joints `[..., 59, D]` from 136 Halpe points `[..., 136, D]`."""
    points = np.asarray(points, dtype=np.float64)
    body = [points[..., list(group), :].mean(axis=-2) for group in HALPE_BODY]
    return np.concatenate([np.stack(body, axis=-2), points[..., list(HALPE_HANDS), :]], axis=-2)


def upper_body(joints: NDArray) -> NDArray:
    """The 53 joints `[..., 53, D]` of the tracker's 59."""
    return np.asarray(joints)[..., list(UPPER_BODY), :]


def well_seen(scores: NDArray, threshold: float) -> bool:
    """Whether a frame's 53 scores say that body and hands were found."""
    scores = np.asarray(scores).ravel()
    return bool(np.median(scores[:12]) > threshold and np.median(scores[12:]) > threshold / 2)


def normalised(joints: NDArray) -> Floats:
    """59 joints `[T, 59, 3]` against the neck, with neck to head 0.1 high and the nose 0.05 in front."""
    joints = np.asarray(joints, dtype=np.float64)
    joints = joints - joints[..., NECK : NECK + 1, :]
    height = np.abs(joints[..., HEAD, 1])[..., None, None]
    joints = joints * (NECK_TO_HEAD / np.maximum(height, _TINY))
    depth = np.abs(joints[..., NOSE, 2])[..., None]
    joints[..., 2] *= NOSE_DEPTH / np.maximum(depth, _TINY)
    return joints


def with_fixed_lengths(bone_vectors: NDArray) -> Floats:
    """Bone vectors `[..., 53, 3]`, each brought to the length the published models have for it."""
    norms = np.linalg.norm(bone_vectors, axis=-1, keepdims=True)
    return bone_vectors / np.maximum(norms, _TINY) * skeleton.OFFICIAL_LENGTHS[:, None]


def pose_from_tracker(joints: NDArray) -> Floats:
    """Joint positions `[T, 53, 3]` from the tracker's `[T, 59, 3]`; not smoothed."""
    vectors = skeleton.bone_vectors_from_positions(upper_body(normalised(joints)))
    return skeleton.positions_from_bone_vectors(with_fixed_lengths(vectors))


def smoothed(poses: Sequence[NDArray | None]) -> Floats:
    """Positions `[T, 53, 3]`: the mean of each frame and up to three before it, begun anew after a gap.

    A frame nobody was seen in repeats the one before, zeros at the start.
    """
    out = np.zeros((len(poses), skeleton.N_JOINTS, 3))
    recent: list[NDArray] = []
    for frame, pose in enumerate(poses):
        if pose is None:
            recent = []
            out[frame] = out[frame - 1] if frame else 0.0
            continue
        recent = [*recent[-(SMOOTHED_FRAMES - 1) :], pose]
        out[frame] = np.mean(recent, axis=0)
    return out


def resample(poses: NDArray, seconds: float, fps: float = 15.0) -> NDArray:
    """Poses `[T, ...]` of so many seconds at another frame rate; the end is extrapolated."""
    n = len(poses)
    if int(seconds * fps) == n or n < 2:
        return np.asarray(poses)
    at = np.arange(0, n, n / (seconds * fps))
    low = np.clip(np.floor(at).astype(int), 0, n - 2)
    share = (at - low).reshape(-1, *[1] * (np.ndim(poses) - 1))
    poses = np.asarray(poses)
    return poses[low] + share * (poses[low + 1] - poses[low])


def is_still(window: NDArray, smallest: float = SMALLEST_VARIANCE) -> bool:
    """Whether a window `[34, 53, 3]` is left out: the variance of all its numbers together is small."""
    return bool(np.var(window) < smallest)


def movement(window: NDArray) -> float:
    """How far the wrists and hands of a window `[T, 53, 3]` move about their mean place: variance over time.

    What `is_still` was meant to measure; the spread of the joints in space does not count.
    """
    joints = (skeleton.LEFT_WRIST, skeleton.RIGHT_WRIST)
    return float(np.asarray(window)[:, list(joints)].var(axis=0).sum(axis=-1).max())


def fixed_length(audio: NDArray, length: int) -> NDArray:
    """Sound `[N]` cut to a length, or continued by its own mirror image."""
    audio = np.asarray(audio)
    if len(audio) >= length:
        return audio[:length]
    return np.pad(audio, (0, length - len(audio)), mode="symmetric")
