# SPDX-License-Identifier: GPL-3.0-or-later
"""From spans over seconds to the matrix of 17 channels over frames."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aqgt.annotation_channels import CHANNEL_BY_KEY, N_CHANNELS, NOTHING, UNKNOWN, Channel
from aqgt.annotation_spans import HANDS, Span
from aqgt.errors import AqgtError

PREPARATION = 0.37
"""Seconds from the begin of a gesture to its stroke: a gesture starts before its word."""
STROKE = 0.6
"""Longest stroke in seconds; the rest of a span is a hold."""
RETRACTION = 0.4
"""Seconds from the end of a span until the hand rests."""
LONGEST_OPEN_SPAN = 1.2
"""Seconds after which a span without an end is over."""

_ENTITY = CHANNEL_BY_KEY["entity"].index
_OCCURRENCE = CHANNEL_BY_KEY["occurrence"].index


@dataclass(frozen=True, eq=False)
class AnnotationTrack:
    """What the network reads: 17 channels over the frames of a clip.

    Attributes:
        values: `[17, T]` float32 stored values.
        fps: frames per second.
    """

    values: NDArray[np.float32]
    fps: float

    def __post_init__(self) -> None:
        values = np.asarray(self.values, dtype=np.float32)
        if values.ndim != 2 or values.shape[0] != N_CHANNELS:
            raise AqgtError(
                f"The track has the shape {values.shape}.",
                "Give an array of shape [17, frames].",
                "bad-track",
            )
        object.__setattr__(self, "values", values)

    @classmethod
    def unknown(cls, n_frames: int, fps: float) -> AnnotationTrack:
        """A track without any annotation: -1 everywhere."""
        return cls(np.full((N_CHANNELS, n_frames), UNKNOWN, dtype=np.float32), fps)


@dataclass(frozen=True)
class HandGesture:
    """When one hand does what for one span; all times in seconds.

    Attributes:
        span: the span it is made from (``span.rest``: the hand does nothing from start to release).
        begin: the preparation begins; ``start`` where there is none.
        start: onset of the stroke.
        stroke_end: the stroke ends and the hold begins.
        end: the hold ends.
        release: the hand is free again: after the retraction, or at ``end`` where the next gesture is so near
            that the hand stays up.
        phase: the phase the user named for the whole span, or None for the usual ones.
    """

    span: Span
    begin: float
    start: float
    stroke_end: float
    end: float
    release: float
    phase: str | None = None

    def phases(self) -> Iterator[tuple[str, float, float]]:
        """Name, start and end of each phase, in order."""
        if self.span.rest:
            return
        if self.phase is not None:
            yield self.phase, self.start, self.end
            return
        yield "prep", self.begin, self.start
        yield "stroke", self.start, self.stroke_end
        yield "post.hold", self.stroke_end, self.end
        yield "retr", self.end, self.release


def hand_gestures(spans: Iterable[Span], hand: str) -> list[HandGesture]:
    """What one hand (``"left"`` or ``"right"``) does for the spans that speak of it, in order of time.

    Of two spans that start at the same moment the later in the list counts. A span ends at the latest where
    the next one of that hand starts, and holds at the latest until the next one's preparation.
    """
    latest = {span.start: span for span in spans if hand in span.sides}
    mine = [latest[start] for start in sorted(latest)]
    begins = [_begin(mine, index, hand) for index in range(len(mine))]
    return [_gesture(mine, begins, index, hand) for index in range(len(mine))]


def _begin(spans: Sequence[Span], index: int, hand: str) -> float:
    """When the hand starts to move: the preparation takes at most half the way from the span before."""
    span = spans[index]
    if span.rest or span.label_of("phase", hand) is not None:
        return span.start
    earliest = (spans[index - 1].start + span.start) / 2 if index else 0.0
    return max(span.start - PREPARATION, earliest)


def _gesture(spans: Sequence[Span], begins: Sequence[float], index: int, hand: str) -> HandGesture:
    span, start = spans[index], spans[index].start
    following = spans[index + 1].start if index + 1 < len(spans) else math.inf
    next_begin = next(
        (b for b, s in zip(begins[index + 1 :], spans[index + 1 :], strict=True) if not s.rest), math.inf
    )
    if span.rest:
        end = min(math.inf if span.end is None else span.end, next_begin)
        return HandGesture(span, start, start, start, end, end)
    end = min(start + LONGEST_OPEN_SPAN if span.end is None else span.end, following, next_begin)
    phase = span.label_of("phase", hand)
    if phase is not None:
        return HandGesture(span, start, start, end, end, end, phase)
    stroke_end, release = min(start + STROKE, end), end + RETRACTION
    if next_begin < release:
        end = release = next_begin
    return HandGesture(span, begins[index], start, stroke_end, end, release)


def spans_to_track(
    spans: Sequence[Span], n_frames: int, fps: float, *, unknown_outside: bool = False
) -> AnnotationTrack:
    """The matrix the network reads for a clip.

    Args:
        spans: in any order; labels in English or German.
        n_frames: frames of the clip.
        fps: frames per second of the clip.
        unknown_outside: True for the official models: frames without a span are -1 in every channel. False:
            phase and phrase are 0 there (no gesture), the rest -1.

    Returns:
        Channels that a span does not name are -1 in it. A label holds from the preparation to the end of the
        retraction. Occurrence is 1 where an entity is named, smoothed over the clip. Without spans: -1
        everywhere.

    Raises:
        AqgtError: a span names an unknown channel or label, or the frames make no clip.
    """
    if n_frames < 0 or not (math.isfinite(fps) and fps > 0):
        raise AqgtError(
            f"{n_frames} frames at {fps} per second make no clip.", "Give a frame rate above 0.", "bad-track"
        )
    track = AnnotationTrack.unknown(n_frames, fps)
    if not spans:
        return track
    named = {
        id(span): [(channel, channel.value_of(label)) for channel, label in span.channels()] for span in spans
    }
    gestures = {hand: hand_gestures(spans, hand) for hand in HANDS}
    for hand in HANDS:
        if not unknown_outside:
            track.values[_rows(hand)] = NOTHING
        # Rests first: the gesture before may still sink while a rest begins.
        for gesture in sorted(gestures[hand], key=lambda gesture: not gesture.span.rest):
            _write_hand(track, gesture, hand, named[id(gesture.span)])
    both = [gesture for hand in HANDS for gesture in gestures[hand] if not gesture.span.rest]
    inside = np.zeros(n_frames, dtype=bool)
    for gesture in sorted(both, key=lambda gesture: gesture.span.start):
        frames = _frames(gesture.begin, gesture.release, track)
        inside[frames] = True
        for channel, value in named[id(gesture.span)]:
            if channel.side not in HANDS:
                track.values[channel.index, frames] = value
    _write_occurrence(track, inside if unknown_outside else np.ones(n_frames, dtype=bool))
    return track


def _rows(hand: str) -> list[int]:
    """Rows of phase and phrase of one hand: where nothing else is written, there is no gesture."""
    return [CHANNEL_BY_KEY[f"phase_{hand}"].index, CHANNEL_BY_KEY[f"phrase_{hand}"].index]


def frames_between(start: float, end: float, n_frames: int, fps: float) -> slice:
    """The frames of a clip whose time lies in [start, end) seconds."""
    first, last = (
        n_frames if math.isinf(t) else min(n_frames, max(0, math.ceil(t * fps - 1e-6))) for t in (start, end)
    )
    return slice(first, max(first, last))


def _frames(start: float, end: float, track: AnnotationTrack) -> slice:
    return frames_between(start, end, track.values.shape[1], track.fps)


def _write_hand(
    track: AnnotationTrack, gesture: HandGesture, hand: str, named: Sequence[tuple[Channel, float]]
) -> None:
    whole = _frames(gesture.begin, gesture.release, track)
    if gesture.span.rest:
        track.values[_rows(hand), whole] = NOTHING
        return
    track.values[_rows(hand), whole] = UNKNOWN
    for channel, value in named:
        if channel.side == hand:
            track.values[channel.index, whole] = value
    phase = CHANNEL_BY_KEY[f"phase_{hand}"]
    for name, start, end in gesture.phases():
        track.values[phase.index, _frames(start, end, track)] = phase.value_of(name)
    onset = _frames(gesture.start, math.inf, track).start
    if gesture.phase is None and whole.start <= onset < whole.stop:
        # Also a span shorter than a frame has a stroke.
        track.values[phase.index, onset] = phase.value_of("stroke")


def _write_occurrence(track: AnnotationTrack, where: NDArray[np.bool_]) -> None:
    present = track.values[_ENTITY] > 0
    if present.any():
        track.values[_OCCURRENCE, where] = smooth_occurrence(present)[where]


def smooth_occurrence(present: ArrayLike) -> NDArray[np.float32]:
    """How near an entity is, `[T]` from 0 to 1: where one is present, averaged forward and then backward.

    Each pass takes the mean with the neighbour before it, rounded to four digits as the corpus was.
    """
    values = [float(bool(x)) for x in np.asarray(present)]
    for i in range(1, len(values)):
        values[i] = _four_digits((values[i - 1] + values[i]) / 2)
    for i in range(len(values) - 2, -1, -1):
        values[i] = _four_digits((values[i + 1] + values[i]) / 2)
    return np.array(values, dtype=np.float32)


def _four_digits(x: float) -> float:
    # As numpy rounds; Python's round(x, 4) goes the other way where the fifth digit is a 5.
    return round(x * 10000) / 10000
