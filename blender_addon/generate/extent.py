# SPDX-License-Identifier: GPL-3.0-or-later
"""Which part of the sound is generated, and what is there to join it to."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import bpy
import numpy as np

from aqgt.annotations import Span
from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt.protocol.messages import GenerateRequest
from aqgt.splice import LEAD_SECONDS, Gap, fill, open_gap

from ..retarget.source import read_pose
from ..scene import nla
from ..scene.context import frames_per_second
from ..scene.sound import HeardSound
from ..takes.apply import moved_spans
from ..takes.kept import Kept
from ..takes.placing import as_seen, place
from ..takes.provenance import Take, takes_of

_EDGE = 1e-6
_SHORTEST_SECONDS = 0.5
"""As long as the join and the way into the range need."""


@dataclass(frozen=True)
class Joining:
    """What a range is joined to.

    Attributes:
        gap: where the new motion goes, and what the engine is asked for.
        motion: what is there.
        offset: when its first frame is due, in seconds of the sound.
        take: the take it belongs to; None: what the character plays, which goes on below the new take.
    """

    gap: Gap
    motion: Motion
    offset: float
    take: Take | None = None

    def asked(self, request: GenerateRequest) -> GenerateRequest:
        """The request for the part alone."""
        gap = self.gap
        return replace(request, start=gap.start, end=gap.end, before=gap.before, after=gap.after)

    def whole(self, made: Motion) -> tuple[Motion, float]:
        """The motion of the new take and when it begins: the old take with the part filled in, or a part."""
        if self.take is None:
            return made, self.gap.start
        return fill(self.motion, self.gap, made), self.offset + min(self.gap.first, 0) / self.motion.fps

    def kept(self, sound: float) -> Kept | None:
        """What of the old take stays as it lies on the character; ``sound`` begins at so many seconds."""
        if self.take is None:
            return None
        start, fps = sound + self.offset, self.motion.fps
        since = start + self.gap.last / fps if self.gap.after is not None else math.inf
        return Kept(self.motion, start, start + (self.gap.first - 1) / fps, since)

    def part(self, made: Motion) -> tuple[int, int] | None:
        """First frame, and the frame after the last, of the part in `whole`; None where it is all of it."""
        if self.take is None:
            return None
        kept = len(self.motion) - self.gap.last if self.gap.after is not None else 0
        return max(self.gap.first, 0), len(self.whole(made)[0]) - kept

    def spans(self, made: Iterable[Span]) -> tuple[Span, ...]:
        """The annotations of the new take, in seconds of the sound: the old take's outside of the part."""
        if self.take is None:
            return tuple(made)
        first, fps = self.gap.first, self.motion.fps
        start, end = self.offset + first / fps, self.offset + self.gap.last / fps
        kept = [span for span in moved_spans(self.take.spans, self.offset) if not start <= span.start < end]
        new = [span for span in made if start <= span.start < end]
        return tuple(sorted((*kept, *new), key=lambda span: span.start))


def join(
    context: bpy.types.Context,
    character: bpy.types.Object,
    sound: HeardSound,
    chosen: tuple[float, float],
) -> Joining | tuple[float, float]:
    """What the chosen part of a sound is joined to; where nothing is there, its start and end in the sound.

    Raises:
        AqgtError: the part lies outside of the sound or is too short, or a take's strip has its time keyed.
    """
    start, end = max(chosen[0] - sound.start, 0.0), min(chosen[1] - sound.start, sound.duration)
    if end - start <= 0:
        raise AqgtError(
            "The range lies outside of the sound.", "Choose frames in which the voice is heard.", "bad-range"
        )
    if end - start < _SHORTEST_SECONDS:
        raise AqgtError(
            f"The range of {end - start:.2f} s is too short to be generated.",
            f"Choose at least {_SHORTEST_SECONDS:g} s.",
            "bad-range",
        )
    take = _take_below(context.scene, character, sound.start + start, sound.start + end)
    if take is not None:
        offset = take.start - sound.start
        return Joining(open_gap(take.motion, offset, start, end), take.motion, offset, take)
    if not nla.is_animated(character):
        return start, end
    motion, offset = _played(context.scene, character, sound, start, end)
    return Joining(open_gap(motion, offset, start, end), motion, offset)


def _take_below(scene: bpy.types.Scene, character: bpy.types.Object, start: float, end: float) -> Take | None:
    """The newest take that is seen and touches a stretch of the timeline, as its strips play it now."""
    data = character.animation_data
    if data is None or data.action is not None:  # an active Action hides all takes
        return None
    solo = any(track.is_solo for track in data.nla_tracks)
    for track, action in takes_of(character):
        if track.is_solo if solo else not track.mute:
            take = as_seen(place(scene, character, action))
            if take.start < end - _EDGE and take.start + take.motion.duration > start + _EDGE:
                return take
    return None


def _played(
    scene: bpy.types.Scene, character: bpy.types.Object, sound: HeardSound, start: float, end: float
) -> tuple[Motion, float]:
    """What the character plays around a part of the sound, and when it begins there."""
    fps = frames_per_second(scene)
    first = math.floor((sound.start + max(start - LEAD_SECONDS, 0.0)) * fps)
    last = math.ceil((sound.start + end) * fps) + 1
    return read_pose(scene, character, np.arange(first, last + 1)), first / fps - sound.start
