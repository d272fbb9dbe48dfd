# SPDX-License-Identifier: GPL-3.0-or-later
"""Timed words as JSON: our own list, and what WhisperX and Gentle write."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aqgt.errors import AqgtError
from aqgt.formats.files import PathLike, dump_json, read_json, write_text
from aqgt.words import Word


@dataclass
class _Token:
    """A word whose times may be missing; ``low`` and ``high`` bound where it can lie."""

    text: str
    start: float | None
    end: float | None
    low: float = 0.0
    high: float = math.inf
    estimated: bool = False
    language: str | None = None


def read_words(path: PathLike, language: str | None = None) -> list[Word]:
    """The timed words of a JSON file: a list of {text, start, end}, WhisperX's or Gentle's output.

    Words without times (WhisperX leaves digits out, Gentle what it did not hear) share the gap between their
    neighbours and are marked estimated.

    Args:
        path: the file.
        language: BCP-47 code of the words; None: what the file says, else English.

    Raises:
        AqgtError: the file is missing, no JSON, or holds no words.
    """
    return words_from_json(read_json(path), language)


def write_words(path: PathLike, words: Iterable[Word]) -> None:
    """Write words to a JSON file that `read_words` gives back."""
    write_text(path, dump_json([word_to_dict(word) for word in words]))


def word_to_dict(word: Word) -> dict[str, Any]:
    """A word as plain values."""
    values: dict[str, Any] = {
        "text": word.text,
        "start": word.start,
        "end": word.end,
        "language": word.language,
    }
    return values | ({"estimated": True} if word.estimated else {})


def words_from_json(content: Any, language: str | None = None) -> list[Word]:
    """The words of a decoded JSON file; see `read_words`."""
    tokens = _tokens(content)
    if isinstance(content, Mapping) and language is None and isinstance(content.get("language"), str):
        language = content["language"]
    _fill_times(tokens)
    return [
        Word(
            token.text,
            token.start or 0.0,
            token.end or 0.0,
            language or token.language or "en",
            token.estimated,
        )
        for token in tokens
    ]


def _tokens(content: Any) -> list[_Token]:
    if isinstance(content, list):
        return _token_list(content)
    if isinstance(content, Mapping) and isinstance(content.get("segments"), list):
        return _whisper_tokens(content["segments"])
    if isinstance(content, Mapping) and isinstance(content.get("words"), list):
        return _token_list(content["words"])
    raise AqgtError(
        "The file holds no list of words.",
        "Give a list of {text, start, end}, or the JSON that WhisperX or Gentle wrote.",
        "bad-words",
    )


def _whisper_tokens(segments: Sequence[Any]) -> list[_Token]:
    """Words of all segments; a segment without words (no alignment was run) gives its text's."""
    tokens: list[_Token] = []
    for segment in segments:
        if not isinstance(segment, Mapping):
            raise _bad(segment)
        entries = segment.get("words")
        if not isinstance(entries, list) or not entries:
            entries = [{"text": text} for text in str(segment.get("text", "")).split()]
        found = _token_list(entries)
        low, high = _seconds(segment, "start"), _seconds(segment, "end")
        for token in found:
            token.low = token.low if low is None else low
            token.high = token.high if high is None else max(high, token.low)
        tokens += found
    return tokens


def _token_list(entries: Sequence[Any]) -> list[_Token]:
    tokens = []
    for entry in entries:
        if not isinstance(entry, Mapping):
            raise _bad(entry)
        text = next((entry[key] for key in ("text", "word") if isinstance(entry.get(key), str)), None)
        if text is None:
            raise _bad(entry)
        if text.strip():
            language = entry.get("language")
            tokens.append(
                _Token(
                    text.strip(),
                    _seconds(entry, "start"),
                    _seconds(entry, "end"),
                    estimated=bool(entry.get("estimated", False)),
                    language=language if isinstance(language, str) else None,
                )
            )
    return tokens


def _seconds(entry: Mapping[str, Any], key: str) -> float | None:
    value = entry.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise _bad(entry)
    return float(value)


def _fill_times(tokens: Sequence[_Token]) -> None:
    """Spread each run of words without times over the gap it stands in, by their letters."""
    timed = [token.start is not None and token.end is not None for token in tokens]
    index = 0
    while index < len(tokens):
        if timed[index]:
            index += 1
            continue
        here = tokens[index].low, tokens[index].high
        stop = index + 1
        while stop < len(tokens) and not timed[stop] and (tokens[stop].low, tokens[stop].high) == here:
            stop += 1
        _spread(tokens, index, stop)
        index = stop


def _spread(tokens: Sequence[_Token], first: int, stop: int) -> None:
    run = tokens[first:stop]
    low = max((tokens[first - 1].end or 0.0) if first else 0.0, run[0].low)
    weights = [len(token.text) + 1 for token in run]
    # With nothing after them to end at, words take a usual pace of 15 letters a second.
    high = run[0].high if math.isfinite(run[0].high) else low + sum(weights) / 15
    following = tokens[stop].start if stop < len(tokens) else None
    if following is not None:
        high = min(following, run[0].high)
    step = max(high - low, 0.0) / sum(weights)
    at = low
    for token, weight in zip(run, weights, strict=True):
        token.start, token.end, token.estimated = at, at + weight * step, True
        at = token.end


def _bad(entry: object) -> AqgtError:
    return AqgtError(
        f"The word {str(entry)[:80]} can't be read.",
        "Give each word a text, a start and an end in seconds.",
        "bad-words",
    )
