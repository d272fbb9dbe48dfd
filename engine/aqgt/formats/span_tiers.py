# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotation spans as tiers of labelled intervals, one tier per channel, and back.

Two tiers more, one per hand, say where a span lies, so that one without labels is not lost: their intervals
read "gesture" or "rest", with "suggested" and "locked" behind it. What steers a network is the same before
and after; a span without an end gets the one it has in time, and one that another cuts off ends there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from aqgt.annotations import (
    CHANNELS,
    HANDS,
    LONGEST_OPEN_SPAN,
    SIDED_FAMILIES,
    SPEECH_KEYS,
    Channel,
    Span,
    canonical,
)
from aqgt.errors import AqgtError
from aqgt.formats.intervals import Interval, Tiers
from aqgt.gesture_forms import FORM, FORM_CHANNELS, forms_of

GESTURE_TIERS = {"left": "Gesture, left hand", "right": "Gesture, right hand"}
"""Names of the tiers that say where each hand's spans lie."""
_GESTURE_TIERS_DE = {"left": "Geste, linke Hand", "right": "Geste, rechte Hand"}
_CHANNELS: tuple[Channel, ...] = (
    *(channel for channel in CHANNELS if channel.labels),
    *FORM_CHANNELS.values(),
)
_SPEECH_KEY = {channel: key for key, channel in SPEECH_KEYS.items()}
_PHASE_SLACK = 0.05
"""Seconds by which a phase may differ from the span it is to hold for."""


def spans_to_tiers(spans: Iterable[Span], duration: float | None = None) -> dict[str, list[Interval]]:
    """A tier for each hand and each channel but occurrence, which follows from the entities; some are empty.

    Where a span names a gesture form, there is a tier of forms for each hand as well.

    Args:
        spans: in any order; of two of one hand that start at the same moment the later counts.
        duration: length of the clip in seconds, where a rest without an end ends; None: the last end.

    Raises:
        AqgtError: a span names an unknown channel or label.
    """
    tiers: dict[str, list[Interval]] = {name: [] for name in GESTURE_TIERS.values()}
    spans = list(spans)
    formed = any(forms_of(span) for span in spans)
    tiers |= {channel.title: [] for channel in _CHANNELS if formed or channel.family != FORM}
    speech: dict[tuple[str, float], Interval] = {}
    for hand in HANDS:
        for span, end in _of_hand(spans, hand, duration):
            tiers[GESTURE_TIERS[hand]].append(Interval(_kind(span), span.start, end))
            forms = [(FORM_CHANNELS[f"{FORM}_{side}"], label) for side, label in forms_of(span).items()]
            for channel, label in (*span.channels(), *forms):
                interval = Interval(_english(channel, label), span.start, end)
                if channel.side == hand:
                    tiers[channel.title].append(interval)
                elif channel.side not in HANDS:
                    known = speech.get((channel.title, span.start), interval)
                    speech[channel.title, span.start] = replace(interval, end=max(end, known.end))
    for (title, _), interval in sorted(speech.items()):
        tier = tiers[title]
        if tier and tier[-1].end > interval.start:
            tier[-1] = replace(tier[-1], end=interval.start)
        tier.append(interval)
    return tiers


def tiers_to_spans(tiers: Tiers) -> tuple[list[Span], list[str]]:
    """The spans that tiers describe, in order of time, and a sentence for each thing that was left out.

    Tiers are known by a channel's English or German title or its key; others are passed over. Where a hand
    has no tier of gestures, the intervals of its other tiers say where its spans lie, gesture types first.
    """
    notes: list[str] = []
    named = _by_name(tiers)
    pieces = {hand: _pieces(named, hand, notes) for hand in HANDS}
    spans = _joined(pieces["left"], pieces["right"])
    for key, channel in ((_SPEECH_KEY[c.key], c) for c in _CHANNELS if c.side not in HANDS):
        for interval in named.get(channel.key, ()):
            label = _checked(channel, interval, notes)
            places = [at for at, span in enumerate(spans) if _same(span.start, interval.start)]
            if not places:
                places = _nearest([(span.start, span.end or span.start) for span in spans], interval)
            if label is not None and not places:
                notes.append(_left_out(channel.title, interval, "no gesture lies there"))
            if label is not None:
                for at in places:
                    spans[at] = replace(spans[at], labels={**spans[at].labels, key: label})
    return spans, notes


@dataclass
class _Piece:
    """A span of one hand while it is put together."""

    start: float
    end: float
    kind: str = "gesture"
    labels: dict[str, str] = field(default_factory=dict)


def _of_hand(spans: Sequence[Span], hand: str, duration: float | None) -> list[tuple[Span, float]]:
    """The spans of one hand in order of time, each with the moment it is over; they do not overlap."""
    latest = {span.start: span for span in spans if hand in span.sides}
    if duration is None:
        duration = max((span.end or span.start + LONGEST_OPEN_SPAN for span in spans), default=0.0)
    ordered: list[tuple[Span, float]] = []
    for start in sorted(latest):
        span, end = latest[start], latest[start].end
        if end is None:
            end = round(start + LONGEST_OPEN_SPAN, 6)
            end = max(duration, end) if span.rest else end
        if ordered and ordered[-1][1] > start:
            before, its_end = ordered.pop()
            if before.rest and span.rest:
                end = max(end, its_end)  # a rest goes on below a shorter one
            ordered.append((before, start))
        ordered.append((span, end))
    return ordered


def _kind(span: Span) -> str:
    words = ["rest" if span.rest else "gesture"]
    return " ".join(words + ["suggested"] * (span.source == "planner") + ["locked"] * span.locked)


def _english(channel: Channel, label: str) -> str:
    value = channel.value_of(label)
    return channel.name_of(value) or ("nothing" if value == 0 else "unknown")


def _by_name(tiers: Tiers) -> dict[str, Sequence[Interval]]:
    """The tiers by channel key, those of gestures by hand."""
    keys = {
        canonical(name): channel.key
        for channel in _CHANNELS
        for name in (channel.key, channel.title, channel.title_de)
    }
    for hand in HANDS:
        keys[canonical(GESTURE_TIERS[hand])] = keys[canonical(_GESTURE_TIERS_DE[hand])] = hand
    return {keys[canonical(name)]: tier for name, tier in tiers.items() if canonical(name) in keys}


def _pieces(named: dict[str, Sequence[Interval]], hand: str, notes: list[str]) -> list[_Piece]:
    pieces = [
        _Piece(each.start, each.end, each.text) for each in named.get(hand, ()) if each.end > each.start
    ]
    channels = [channel for channel in _CHANNELS if channel.side == hand]
    # Types first, phases last: a gesture has one type, but several phases.
    channels.sort(key=lambda channel: (channel.family != "phrase", channel.family == "phase"))
    for channel in channels:
        for interval in named.get(channel.key, ()):
            label = _checked(channel, interval, notes)
            if label is not None:
                _attach(pieces, channel, interval, label, notes)
    return sorted(pieces, key=lambda piece: piece.start)


def _attach(pieces: list[_Piece], channel: Channel, interval: Interval, label: str, notes: list[str]) -> None:
    """Give a label to the piece it lies in; where there is none, it is a gesture of its own."""
    if interval.end <= interval.start:
        notes.append(_left_out(channel.title, interval, "it has no length"))
        return
    places = _nearest([(piece.start, piece.end) for piece in pieces], interval)
    if not places:
        pieces.append(_Piece(interval.start, interval.end, labels={channel.family: label}))
        return
    piece = pieces[places[0]]
    if channel.family == "phase" and not (
        abs(piece.start - interval.start) < _PHASE_SLACK and abs(piece.end - interval.end) < _PHASE_SLACK
    ):
        notes.append(_left_out(channel.title, interval, "a phase holds for a whole annotation"))
    elif piece.kind.startswith("rest"):
        notes.append(_left_out(channel.title, interval, "the hand rests there"))
    elif piece.labels.setdefault(channel.family, label) != label:
        notes.append(_left_out(channel.title, interval, f"“{piece.labels[channel.family]}” lies there, too"))


def _nearest(places: Sequence[tuple[float, float]], interval: Interval) -> list[int]:
    """The place that shares most time with an interval, if that is half of either."""
    shared = [min(end, interval.end) - max(start, interval.start) for start, end in places]
    best = max(range(len(places)), key=shared.__getitem__, default=-1)
    if best < 0:
        return []
    start, end = places[best]
    half = min(end - start, interval.end - interval.start) / 2
    return [best] if shared[best] > 0 and shared[best] >= half else []


def _joined(left: Sequence[_Piece], right: Sequence[_Piece]) -> list[Span]:
    """Spans of both hands where the two do something over the same time, of one hand elsewhere."""
    spans, open_right = [], list(right)
    for piece in left:
        twin = next((one for one in open_right if _are_twins(piece, one)), None)
        if twin is None:
            spans.append(_span(piece, "left", piece.labels))
            continue
        open_right.remove(twin)
        labels: dict[str, str] = {}
        for family in (*SIDED_FAMILIES, FORM):
            one, other = piece.labels.get(family), twin.labels.get(family)
            if one is not None and one == other:
                labels[family] = one
                continue
            labels |= {
                f"{family}_{hand}": label for hand, label in (("left", one), ("right", other)) if label
            }
        spans.append(_span(piece, "both", labels))
    spans += [_span(piece, "right", piece.labels) for piece in open_right]
    return sorted(spans, key=lambda span: (span.start, span.side))


def _are_twins(one: _Piece, other: _Piece) -> bool:
    return one.kind == other.kind and _same(one.start, other.start) and _same(one.end, other.end)


def _same(one: float, other: float) -> bool:
    # An .eaf counts in milliseconds.
    return abs(one - other) < 0.0015


def _span(piece: _Piece, side: str, labels: dict[str, str]) -> Span:
    words = canonical(piece.kind).split("-")
    rest = bool({"rest", "ruhe", "end", "ende"} & set(words))
    source = "planner" if "suggested" in words else "user"
    return Span(piece.start, piece.end, side, {} if rest else labels, source, "locked" in words, rest)


def _checked(channel: Channel, interval: Interval, notes: list[str]) -> str | None:
    try:
        return _english(channel, interval.text)
    except AqgtError:
        notes.append(_left_out(channel.title, interval, "the channel has no such label"))
        return None


def _left_out(tier: str, interval: Interval, why: str) -> str:
    return f"Left out: “{interval.text}” at {interval.start:.2f} s on the tier “{tier}” ({why})"
