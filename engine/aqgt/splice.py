# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of a motion made anew: what to ask for so that it joins on both sides, and where the answer goes.

The join lies inside the part: its last frames become those that were there, so no frame outside changes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from aqgt.errors import AqgtError
from aqgt.motion import Motion

JOIN_SECONDS = 1.0
"""How long the new motion takes to become the old one again; at most half of the part."""
LEAD_SECONDS = 0.6
"""How much of the old motion is handed over so that the new one continues it."""
SHORTEST_FRAMES = 6
_TINY = 1e-6


@dataclass(frozen=True, eq=False)
class Gap:
    """A part of a motion that is to be made anew.

    Attributes:
        first: its first frame in the motion; negative where it begins before the motion.
        last: the frame after its last; beyond the motion's end where it is to be longer.
        start: seconds, for `GenerateRequest.start`.
        end: seconds, for `GenerateRequest.end`: where the join begins, if there is one.
        before: for `GenerateRequest.before`; None where nothing comes before.
        after: for `GenerateRequest.after`, of as many frames as the join takes; None where nothing follows.
    """

    first: int
    last: int
    start: float
    end: float
    before: Motion | None
    after: Motion | None


def open_gap(motion: Motion, offset: float, start: float, end: float) -> Gap:
    """What to ask an engine for.

    Args:
        motion: what is there.
        offset: when its first frame is due, in seconds of the sound.
        start: seconds of the sound; frames from here on are made anew.
        end: frames from here on stay.

    Raises:
        AqgtError: the part is shorter than `SHORTEST_FRAMES` frames.
    """
    first = math.ceil((start - offset) * motion.fps - _TINY)
    last = math.ceil((end - offset) * motion.fps - _TINY)
    if last - first < SHORTEST_FRAMES:
        raise AqgtError(
            f"The range of {max(end - start, 0):.2f} s is too short to be generated.",
            f"Choose at least {math.ceil(10 * (SHORTEST_FRAMES + 1) / motion.fps) / 10:.1f} s.",
            "bad-range",
        )
    join = min(round(JOIN_SECONDS * motion.fps), (last - first) // 2) if last < len(motion) else 0
    lead = max(0, first - round(LEAD_SECONDS * motion.fps))
    return Gap(
        first,
        last,
        start=max(0.0, offset + first / motion.fps),
        end=offset + (last - join) / motion.fps if join else end,
        before=_frames(motion, lead, first) if 0 < first <= len(motion) else None,
        after=_frames(motion, last - join, last) if join else None,
    )


def fill(motion: Motion, gap: Gap, made: Motion) -> Motion:
    """The motion with its gap filled; its frames outside keep their bits.

    Args:
        motion: what `open_gap` was given.
        gap: what it returned.
        made: the engine's answer.

    Returns:
        A motion that begins ``-gap.first`` frames earlier where the gap begins before the motion.
    """
    if not np.allclose(made.lengths, motion.lengths, rtol=1e-3, atol=1e-6):
        made = made.with_lengths(motion.lengths)
    n_frames = gap.last - gap.first
    if gap.after is None:  # nothing follows: the sound says how long it is
        n_frames = min(n_frames, max(1, round(made.duration * motion.fps)))
    if made.fps == motion.fps and len(made) >= n_frames:
        new = made.bone_vectors[:n_frames]
    else:
        new = made.sample(np.arange(n_frames) / motion.fps)
    vectors = motion.bone_vectors
    parts = [vectors[: max(gap.first, 0)], new, vectors[gap.first + n_frames :] if gap.after else vectors[:0]]
    return replace(motion, bone_vectors=np.concatenate(parts))


def _frames(motion: Motion, first: int, last: int) -> Motion:
    return replace(motion, bone_vectors=motion.bone_vectors[first:last])
