# SPDX-License-Identifier: GPL-3.0-or-later
"""The grammar of gesture markers: `G: iconic right large`, `G@Anna: deictic position=left`, `G: end`.

A marker is a point in time with a name. Its words come in any order and case, in English or German: a phrase,
phase, side, extent or practice stands alone, everything else is `key=label`, also the gesture's form
(`G: form=shrug right`). Read and printed here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from aqgt.annotation_channels import CHANNEL_BY_KEY, FAMILIES, NOT_LABELS, SIDED_FAMILIES, Channel, canonical
from aqgt.annotation_spans import HANDS, SPEECH_KEYS, Span
from aqgt.errors import AqgtError
from aqgt.gesture_forms import FORM, FORM_CHANNELS

BLENDER_LIMIT = 63
"""Bytes at which Blender cuts a marker's name without a word."""
LONGEST_NAME = 60
"""Bytes of the longest name that `print_marker` makes."""

_SIDES = {"left": "left", "links": "left", "right": "right", "rechts": "right"}
_SIDES |= dict.fromkeys(("both", "beide", "beidhändig", "both-hands", "beide-hände"), "both")
_ENDS = {"end", "ende", "rest", "ruhe"}
_BARE_FAMILIES = ("phrase", "phase", "extent", "practice")
_KEYS: Mapping[str, str] = {
    "phrase": "phrase", "type": "phrase", "gestentyp": "phrase", "typ": "phrase",
    "phase": "phase",
    "position": "position",
    "shape": "shape", "handshape": "shape", "handform": "shape",
    "form": FORM, "gesture": FORM, "geste": FORM,
    "wrist": "wrist", "handgelenk": "wrist",
    "extent": "extent", "ausdehnung": "extent", "größe": "extent",
    "practice": "practice", "praktik": "practice",
    "entity": "entity", "gegenstand": "entity",
    "speech-position": "speech_position", "sprachposition": "speech_position",
    "sprach-position": "speech_position",
    "side": "side", "seite": "side", "hand": "side",
    "for": "for", "für": "for", "dauer": "for",
}  # fmt: skip
_OF_HANDS = (*SIDED_FAMILIES, FORM)
_PRINT_ORDER = ("phrase", "side", "extent", "for", FORM, "phase", "practice", "position", "shape", "wrist")
_DURATION = re.compile(r"(\d+(?:[.,]\d+)?|[.,]\d+)\s*s?", re.IGNORECASE)
_HEAD = re.compile(r"\s*g\s*(?:@(?P<character>.+?))?\s*:(?:\s+|$)", re.IGNORECASE | re.DOTALL)
_TIGHT_HEAD = re.compile(r"\s*g\s*(?:@(?P<character>[^:]+?))?\s*:", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class ParsedMarker:
    """What the name of a marker says.

    Attributes:
        character: the character it addresses; None: the one the panel shows.
        side: ``"left"``, ``"right"`` or ``"both"``.
        labels: as in `aqgt.annotations.Span`, with English names.
        rest: True for ``G: end``.
        duration: seconds from ``for=1.2s``, or None.
    """

    character: str | None = None
    side: str = "both"
    labels: Mapping[str, str] = field(default_factory=dict)
    rest: bool = False
    duration: float | None = None

    def at(self, time: float) -> Span:
        """The span of a marker that stands at ``time`` seconds.

        Raises:
            AqgtError: the time lies before 0.
        """
        end = None if self.duration is None else time + self.duration
        return Span(time, end, self.side, dict(self.labels), rest=self.rest)


@dataclass(frozen=True)
class MarkerProblem:
    """A gesture marker that can't be read: where it stands, its name, what is wrong and what to do."""

    time: float
    name: str
    sentence: str
    next_step: str


def is_marker(name: str) -> bool:
    """Whether a marker of this name is meant as a gesture marker: it begins with `G:` or `G@name:`."""
    return _TIGHT_HEAD.match(name) is not None


def parse_marker(name: str, *, limit: int | None = BLENDER_LIMIT) -> ParsedMarker:
    """Read the name of a gesture marker.

    Args:
        name: e.g. ``"G: iconic right large"``.
        limit: bytes from which the name may have been cut; None where nothing cuts names, as in a text file.

    Raises:
        AqgtError: the name is no gesture marker, was cut by Blender, or holds a word that fits nowhere; the
            message names the word and what is allowed.
    """
    head = _HEAD.match(name) or _TIGHT_HEAD.match(name)
    if head is None:
        raise _problem(f"“{name}” is no gesture marker.", "Begin its name with “G:”.")
    if limit is not None and len(name.encode("utf-8", "replace")) >= limit:
        raise _problem(
            f"The marker's name reached the {limit} bytes at which Blender cuts it.",
            "Shorten it and set the rest in the panel.",
            "cut-marker",
        )
    reader = _Reader()
    text = re.sub(r"\s*=\s*", "=", name[head.end() :])
    for word in re.split(r"[\s;]+|,(?!\d)", text):
        if word:
            reader.read(word)
    character = head["character"]
    return reader.result(character.strip() if character else None)


def markers_to_spans(
    markers: Iterable[tuple[float, str]], character: str | None = None, *, bare: bool = True
) -> tuple[list[Span], list[MarkerProblem]]:
    """The spans of all gesture markers among ``markers`` (seconds, name), and those that can't be read.

    Args:
        markers: in any order; names that are no gesture markers are passed over.
        character: take only what addresses this character; None: whatever is addressed.
        bare: whether markers without an address count, too.
    """
    spans, problems = [], []
    for time, name in sorted(markers):
        if not is_marker(name):
            continue
        try:
            parsed = parse_marker(name)
            if _is_addressed(parsed, character, bare):
                spans.append(parsed.at(time))
        except AqgtError as error:
            problems.append(MarkerProblem(time, name, error.sentence, error.next_step))
    return spans, problems


def _is_addressed(parsed: ParsedMarker, character: str | None, bare: bool) -> bool:
    if parsed.character is None:
        return bare
    return character is None or canonical(parsed.character) == canonical(character)


def print_marker(span: Span, character: str | None = None) -> str:
    """The name of a marker for a span, at most 60 bytes; labels that do not fit are left out, whole.

    What matters most comes first: phrase, side, extent, duration, then the other channels. `parse_marker`
    gives back the labels that fit.

    Raises:
        AqgtError: the span has unknown labels, or the character's name is too long or holds a ": ".
    """
    name = _printed_head(character)
    for word in _printed_words(span):
        if len(f"{name} {word}".encode()) <= LONGEST_NAME:
            name += f" {word}"
    return name


def _printed_head(character: str | None) -> str:
    if character is None:
        return "G:"
    head = f"G@{character}:"
    match = _HEAD.match(head)
    if (
        match is None
        or match["character"].strip() != character
        or len(head.encode("utf-8", "replace")) > LONGEST_NAME - 20
    ):
        raise _problem(
            f"The name “{character}” does not fit into a marker.",
            "Give the character a name of at most 37 letters without a colon followed by a blank.",
        )
    return head


def _printed_words(span: Span) -> list[str]:
    labels = {} if span.rest else _shortest_keys(span)
    written = [(_print_rank(key), key, _printed_label(key, label)) for key, label in labels.items()]
    written.append((_print_rank("side"), "side", span.side))
    if span.end is not None:
        length = max(0.01, round(span.end - span.start, 2))
        written.append((_print_rank("for"), "for", f"for={length:g}s"))
    return ["end"] * span.rest + [word for _, _, word in sorted(written)]


def _shortest_keys(span: Span) -> dict[str, str]:
    """The span's labels with one key where all its hands have the same label."""
    named = {channel.key: label for channel, label in span.channels()}
    labels = {key: named[channel] for key, channel in SPEECH_KEYS.items() if channel in named}
    named |= {key: span.labels[key] for key in FORM_CHANNELS if key in span.labels}
    if FORM in span.labels:
        named = {f"{FORM}_{hand}": span.labels[FORM] for hand in span.sides} | named
    for family in _OF_HANDS:
        of_hands = {f"{family}_{hand}": named.get(f"{family}_{hand}") for hand in span.sides}
        first, *others = of_hands.values()
        if first is not None and all(label == first for label in others):
            labels[family] = first
        else:
            labels |= {key: label for key, label in of_hands.items() if label is not None}
    return labels


def _print_rank(key: str) -> int:
    channel = CHANNEL_BY_KEY.get(key) or FORM_CHANNELS.get(key)
    family = channel.family if channel is not None else key
    return _PRINT_ORDER.index(family) if family in _PRINT_ORDER else len(_PRINT_ORDER)


def _printed_label(key: str, label: str) -> str:
    channel = _channel(key)
    if canonical(label) in NOT_LABELS:
        english = "nothing" if NOT_LABELS[canonical(label)] == 0 else "unknown"
    else:
        english = channel.label(label).name
    if key in _BARE_FAMILIES and _bare_meanings(english) == ((key, english),):
        return english
    if key in _OF_HANDS or key in SPEECH_KEYS:
        return f"{key.replace('_', '-')}={english}"
    return f"{channel.side}-{channel.family}={english}"


class _Reader:
    """Collects the words of one marker."""

    def __init__(self) -> None:
        self.sides: set[str] = set()
        self.labels: dict[str, str] = {}
        self.rest = False
        self.duration: float | None = None

    def read(self, word: str) -> None:
        key, equals, value = word.partition("=")
        if equals:
            self._keyed(word, key, value)
        elif canonical(word) in _SIDES:
            self.sides.add(_SIDES[canonical(word)])
        elif canonical(word) in _ENDS:
            self.rest = True
        else:
            self._bare(word)

    def _bare(self, word: str) -> None:
        meanings = _bare_meanings(word)
        if len(meanings) == 1:
            self._set(*meanings[0], word)
        elif meanings:
            options = " or ".join(f"{family}={label}" for family, label in meanings)
            raise _problem(f"“{word}” can mean several things.", f"Write {options}.")
        else:
            raise _problem(f"“{word}” is no word of a gesture marker.", _advice(word))

    def _keyed(self, word: str, key: str, value: str) -> None:
        hand, name = _split_hand(canonical(key))
        target = _KEYS.get(name) or _KEYS.get(canonical(key))
        if target is None or (hand and target not in _OF_HANDS):
            known = ["form", "shape", "position", "speech-position", "wrist", "entity", "for"]
            close = _closest(canonical(key), _KEYS)
            hint = f"Did you mean “{close}=”?" if close else f"Use one of: {', '.join(known)}."
            raise _problem(f"“{key}” is no channel of a gesture marker.", hint)
        if target == "for":
            self._set_duration(word, value)
        elif target == "side":
            if canonical(value) not in _SIDES:
                raise _problem(f"“{value}” is no side.", "Use left, right or both.")
            self.sides.add(_SIDES[canonical(value)])
        else:
            if target == FORM and _is_shape(value):
                target = "shape"
            self._set(f"{target}_{hand}" if hand else target, _english(target, value), word)

    def _set_duration(self, word: str, value: str) -> None:
        match = _DURATION.fullmatch(value.strip())
        seconds = float(match[1].replace(",", ".")) if match else 0.0
        if not 0 < seconds < float("inf"):
            raise _problem(f"“{word}” gives no length.", "Write it in seconds above 0, such as for=1.2s.")
        self.duration = seconds

    def _set(self, key: str, label: str, word: str) -> None:
        if self.labels.get(key, label) != label:
            raise _problem(
                f"“{word}” and “{self.labels[key]}” both set the {key.replace('_', ' ')}.",
                "Drop one of them.",
            )
        self.labels[key] = label

    def result(self, character: str | None) -> ParsedMarker:
        if self.rest and self.labels:
            raise _problem("A marker that ends a gesture takes no labels.", "Drop “end” or the labels.")
        side = self.sides.pop() if len(self.sides) == 1 else "both"
        for hand in HANDS:
            named = [key for key in self.labels if key.endswith(f"_{hand}")]
            if named and side not in (hand, "both"):
                raise _problem(
                    f"The marker speaks of the {side} hand, but names “{named[0].replace('_', ' ')}”.",
                    f"Drop “{side}” or the label of the {hand} hand.",
                )
        return ParsedMarker(character, side, self.labels, self.rest, self.duration)


def _channel(key: str) -> Channel:
    """The channel of a label key; of a family, that of its left hand (both hands share their labels)."""
    key = SPEECH_KEYS.get(key) or (f"{key}_left" if key in _OF_HANDS else key)
    return FORM_CHANNELS[key] if key in FORM_CHANNELS else CHANNEL_BY_KEY[key]


def _is_shape(value: str) -> bool:
    """Whether it is a hand shape and no gesture form: “form=” once meant the shape of the hand."""
    return _has(_channel("shape"), value) and not _has(_channel(FORM), value)


def _has(channel: Channel, value: str) -> bool:
    wanted = canonical(value)
    return any(wanted in {canonical(s) for s in (label.name, *label.aliases)} for label in channel.labels)


def _english(key: str, value: str) -> str:
    """English name of a label, as given in either language."""
    special = NOT_LABELS.get(canonical(value))
    if special is not None:
        return "nothing" if special == 0 else "unknown"
    channel = _channel(key)
    try:
        return channel.label(value).name
    except AqgtError as error:
        close = _closest(value, [s for label in channel.labels for s in (label.name, *label.aliases)])
        hint = f"Did you mean “{close}”? " if close else ""
        raise _problem(error.sentence, hint + error.next_step, "bad-label") from None


@lru_cache(maxsize=256)
def _bare_meanings(word: str) -> tuple[tuple[str, str], ...]:
    """Family and English label of everything a word without a key can mean."""
    wanted = canonical(word)
    return tuple(
        (family, label.name)
        for family in _BARE_FAMILIES
        for label in FAMILIES[family]
        if wanted in {canonical(spelling) for spelling in (label.name, *label.aliases)}
    )


def _split_hand(key: str) -> tuple[str, str]:
    """Hand and name of a key such as `left-shape` or `shape-left`; hand "" where none is named."""
    words = key.split("-")
    for position in (0, -1):
        side = _SIDES.get(words[position]) if len(words) > 1 else None
        if side in HANDS:
            rest = words[1:] if position == 0 else words[:-1]
            return side, "-".join(rest)
    return "", key


def _advice(word: str) -> str:
    for key in ("entity", "position", "shape", "wrist", FORM):
        channel = _channel(key)
        for label in channel.labels:
            if canonical(word) in {canonical(spelling) for spelling in (label.name, *label.aliases)}:
                return f"Write {key}={label.name}."
    spellings = [
        s for family in _BARE_FAMILIES for label in FAMILIES[family] for s in (label.name, *label.aliases)
    ]
    close = _closest(word, [*spellings, *_SIDES, "end", "Ende"])
    if close:
        return f"Did you mean “{close}”?"
    phrases = ", ".join(label.name for label in FAMILIES["phrase"])
    extents = ", ".join(label.name for label in FAMILIES["extent"] if label.name != "0")
    return f"Use a gesture type ({phrases}), left, right or both, {extents}, end, or key=label."


def _closest(word: str, known: Iterable[str]) -> str | None:
    by_canonical = {canonical(spelling): spelling for spelling in known}
    found = difflib.get_close_matches(canonical(word), by_canonical, n=1, cutoff=0.6)
    return by_canonical[found[0]] if found else None


def _problem(sentence: str, next_step: str, code: str = "bad-marker") -> AqgtError:
    return AqgtError(sentence, next_step, code)
