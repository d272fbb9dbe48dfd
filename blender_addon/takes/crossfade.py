# SPDX-License-Identifier: GPL-3.0-or-later
"""A stretch of one motion put into another, cross-faded at both joins as rotations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations as rot
from aqgt.motion import Motion

LONGEST = 1.0
"""Seconds up to which a cross-fade is lengthened, so that it is no faster than the motion."""
_LENGTHEN = 1.25


@dataclass(frozen=True)
class Merged:
    """A merged motion, and how long its joins take in seconds: the first and the last (0 where none is)."""

    motion: Motion
    fades: tuple[float, float]


def merge(into: Motion, other: Motion, first: int, last: int, fade: float) -> Merged:
    """``into`` with the frames ``first`` to ``last`` of ``other``.

    The cross-fades lie outside that stretch; only where there is no room for ``fade`` they reach into it. One
    that would be faster than the 95th percentile of both motions, and than either is at that moment, is
    lengthened as far as there is room, at most to `LONGEST`.

    Args:
        into: `[T]` frames.
        other: as many, at the same rate, with the same lengths of bones.
        first: first frame that is wholly ``other``'s.
        last: last such frame.
        fade: seconds that each join takes at least.
    """
    total = len(into)
    limit = float(np.percentile(np.concatenate([_steps(into.bone_vectors), _steps(other.bone_vectors)]), 95))
    vectors = other.bone_vectors.copy()
    vectors[:first], vectors[last + 1 :] = into.bone_vectors[:first], into.bone_vectors[last + 1 :]
    fades = [0.0, 0.0]
    if first > 0:
        fades[0] = _join(vectors, into, other, first, fade, limit)
    if last < total - 1:
        # The second join is the first one of the motions played backwards.
        fades[1] = _join(vectors[::-1], _reversed(into), _reversed(other), total - 1 - last, fade, limit)
    return Merged(Motion(into.fps, vectors, into.lengths), (fades[0], fades[1]))


def _join(
    vectors: NDArray[np.float32], before: Motion, after: Motion, at: int, fade: float, limit: float
) -> float:
    """Fade from one motion to the other before frame ``at``, in place; the seconds it takes."""
    best: tuple[float, slice, NDArray[np.float32]] | None = None
    seconds = fade
    while True:
        n = max(1, round(seconds * before.fps))
        n = min(n, at) if seconds > fade else n
        start = max(0, at - n)  # where there is no room before the stretch, the fade reaches into it
        part = slice(start, min(start + n, len(vectors) - 1))
        mixed = _mixed(before, after, part)
        too_fast = _excess(mixed, before.bone_vectors, after.bone_vectors, part, limit)
        if best is None or too_fast < best[0]:
            best = too_fast, part, mixed
        seconds *= _LENGTHEN
        if too_fast <= 0 or seconds > max(LONGEST, fade) or n >= at:
            break
    _, part, mixed = best
    vectors[part] = mixed
    return (part.stop - part.start) / before.fps


def _mixed(before: Motion, after: Motion, part: slice) -> NDArray[np.float32]:
    """Bone vectors `[n, 53, 3]` between two motions: every bone turns the same way round all the time.

    Bones turn by the smallest rotation, without a twist, of which a motion says nothing.
    """
    one, two = (Motion(m.fps, m.bone_vectors[part], m.lengths) for m in (before, after))
    n = len(one)
    x = np.arange(1, n + 1) / (n + 1)
    weight = (x * x * (3 - 2 * x))[:, None]
    start = one.directions().astype(np.float64)
    turn = rot.continuous(rot.between(start, two.directions()))
    turn = np.where(turn[n // 2, :, :1] < 0, -turn, turn)  # the short way in the middle of the fade
    vectors = rot.rotate(_share(turn, weight), start) * before.lengths[:, None]
    root = (1 - weight[..., None]) * one.bone_vectors[:, :1] + weight[..., None] * two.bone_vectors[:, :1]
    vectors[:, 0] = root[:, 0]
    return vectors.astype(np.float32)


def _share(turn: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """A share of rotations `[T, 53, 4]` that may turn by more than half a circle; ``weight`` is `[T, 1]`."""
    sine = np.linalg.norm(turn[..., 1:], axis=-1)
    return rot.from_axis_angle(turn[..., 1:], 2 * np.arctan2(sine, turn[..., 0]) * weight)


def _excess(
    mixed: NDArray[np.float32],
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    part: slice,
    limit: float,
) -> float:
    """By how much a cross-fade is faster than the limit and than either motion is there; at least 0."""
    first, last = max(part.start - 1, 0), min(part.stop + 1, len(after))
    around = np.concatenate([before[first : part.start], mixed, after[part.stop : last]])
    allowed = np.maximum(limit, np.maximum(_steps(before[first:last]), _steps(after[first:last])))
    return float(np.maximum(_steps(around) - allowed, 0.0).max(initial=0.0))


def _reversed(motion: Motion) -> Motion:
    return Motion(motion.fps, motion.bone_vectors[::-1], motion.lengths)


def _steps(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far the fastest bone moves from each frame to the next, `[T - 1]`."""
    return np.linalg.norm(np.diff(vectors, axis=0), axis=-1).max(axis=-1)
