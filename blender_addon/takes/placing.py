# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a take lies on the timeline now, after its strips were moved, trimmed, scaled or split by hand."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import bpy
import numpy as np
from numpy.typing import NDArray

from aqgt.annotations import Span
from aqgt.motion import Motion
from aqgt.words import Word

from ..scene.context import frames_per_second
from ..scene.strips import Placement, placement
from .provenance import Take, frame_rate_of, recall


@dataclass(frozen=True)
class Placed:
    """A take and where its strips lie.

    Attributes:
        take: what the Action remembers.
        strips: which of its frames is seen when.
        written: frames per second that the Action's keys count in.
        fps: frames per second of the scene now.
    """

    take: Take
    strips: Placement
    written: float
    fps: float

    @property
    def frames(self) -> NDArray[np.float64]:
        """The whole frames of the scene `[T]` that its strips cover."""
        return np.arange(math.ceil(self.strips.first - 1e-3), math.floor(self.strips.last + 1e-3) + 1.0)

    def vectors(self, frames: NDArray[np.float64]) -> NDArray[np.float32]:
        """Bone vectors `[T, 53, 3]` seen at frames of the scene; beside the strips their ends are held."""
        return self.take.motion.sample(self.strips.action_frames(frames) / self.written - self.take.start)

    def scene_time(self, seconds: float) -> float | None:
        """When on the timeline a second of the motion is seen, in seconds; None where it is not."""
        frame = self.strips.scene_frame((seconds + self.take.start) * self.written)
        return None if frame is None else frame / self.fps


def place(scene: bpy.types.Scene, armature: bpy.types.Object, action: bpy.types.Action) -> Placed:
    """A take where it lies on a character's tracks.

    Raises:
        AqgtError: the Action remembers no motion, or the character does not play it.
    """
    fps = frames_per_second(scene)
    return Placed(recall(action), placement(armature, action), frame_rate_of(action, fps), fps)


def as_seen(placed: Placed) -> Take:
    """The take as its strips play it: itself at another time where they were but moved, else sampled anew."""
    shift, take = placed.strips.shift, placed.take
    if shift is not None and math.isclose(placed.written, placed.fps):
        whole = placed.strips.scene_frame(take.start * placed.written + 1e-6) is not None
        end = (take.start + take.motion.duration) * placed.written
        if whole and placed.strips.last - shift >= end - 2:
            return replace(take, start=take.start + shift / placed.fps)
    frames = placed.frames
    start = frames[0] / placed.fps
    motion = Motion(placed.fps, placed.vectors(frames), take.motion.lengths)
    return Take(motion, words_seen(placed, start), spans_seen(placed, start), take.provenance, start)


def words_seen(placed: Placed, origin: float) -> tuple[Word, ...]:
    """Its words as they are seen, in seconds from ``origin``; those that are not seen are left out."""
    found = []
    for word in placed.take.words:
        start, end = placed.scene_time(word.start), placed.scene_time(word.end)
        if start is not None and end is not None and origin <= start <= end:
            found.append(replace(word, start=start - origin, end=end - origin))
    return tuple(found)


def spans_seen(placed: Placed, origin: float) -> tuple[Span, ...]:
    """Its annotations as they are seen, in seconds from ``origin``; those that are not seen are left out."""
    found = []
    for span in placed.take.spans:
        start = placed.scene_time(span.start)
        end = None if span.end is None else placed.scene_time(span.end)
        if start is not None and start >= origin and (end is None or end > start):
            found.append(replace(span, start=start - origin, end=None if end is None else end - origin))
    return tuple(found)
