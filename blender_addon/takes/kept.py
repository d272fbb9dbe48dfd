# SPDX-License-Identifier: GPL-3.0-or-later
"""Outside of a part that was made anew, the rotations of the take that was there.

A motion is solved as a whole: smoothing reaches over a frame or two, and the head's middle is that of the
clip. So equal frames of two motions need not get equal keys; here they do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations
from aqgt.motion import Motion
from aqgt.retarget import RigAnimation

_EASE_FRAMES = 12
"""Frames within the part over which its rotations leave those outside."""


@dataclass(frozen=True, eq=False)
class Kept:
    """The take that was there.

    Attributes:
        motion: its motion.
        start: when that begins on the timeline, in seconds.
        until: its last frame before the part is due here; before ``start`` where there is none.
        since: its first frame after the part is due here; infinity where there is none.
    """

    motion: Motion
    start: float
    until: float
    since: float

    def outside(self, times: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of the times `[T]`, in seconds of the timeline, lie where everything stays."""
        return (times <= self.until + 1e-6) | (times >= self.since - 1e-6)


def keep_outside(
    made: RigAnimation, old: RigAnimation, first: int, outside: NDArray[np.bool_]
) -> RigAnimation:
    """``made``, but for the frames outside of the part, which are those of ``old``.

    Args:
        made: the new take's rotations.
        old: those of the take that was there, of the same bones.
        first: which frame of ``made`` is the first of ``old``; may be negative.
        outside: `[T]` frames of ``made`` that are to be those of ``old``.
    """
    part = np.flatnonzero(~outside)
    if not len(part):
        return replace(made, quaternions=old.quaternions[-first : len(made) - first])
    begin, end = int(part[0]), int(part[-1]) + 1
    rows = np.flatnonzero(outside)
    whole = made.quaternions.copy()
    n = min(_EASE_FRAMES, (end - begin) // 2)
    fading = 1.0 - np.arange(1, n + 1) / (n + 1)
    weights = (fading * fading * (3 - 2 * fading))[:, None, None]
    for edge, eased in ((begin - 1, np.arange(begin, begin + n)), (end, np.arange(end - 1, end - 1 - n, -1))):
        if 0 <= edge < len(whole):
            there, here = old.quaternions[edge - first], made.quaternions[edge]
            sign = np.where(np.sum(there * here, axis=-1, keepdims=True) < 0, -1.0, 1.0)
            whole[eased] += weights * (sign * there - here)
    whole[part] = rotations.normalize(whole[part])
    whole[rows] = old.quaternions[rows - first]
    return replace(made, quaternions=rotations.continuous(whole))
