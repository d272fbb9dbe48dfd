# SPDX-License-Identifier: GPL-3.0-or-later
"""Timed words: what is said when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from aqgt.errors import AqgtError


@dataclass(frozen=True)
class Word:
    """One spoken word.

    Attributes:
        text: the word as written.
        start: onset in seconds.
        end: end in seconds, >= start.
        language: BCP-47 code, e.g. ``"en"``.
        estimated: True where the times were spread or interpolated instead of measured.
    """

    text: str
    start: float
    end: float
    language: str = "en"
    estimated: bool = False

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise AqgtError("A word has no text.", "Remove it or give it a text.", "bad-words")
        if not 0 <= self.start <= self.end < float("inf"):
            raise AqgtError(
                f"The word “{self.text}” runs from {self.start} s to {self.end} s.",
                "Give times in seconds with 0 <= start <= end.",
                "bad-words",
            )


def sentence(words: Iterable[Word]) -> str:
    """The words joined by spaces."""
    return " ".join(word.text for word in words)


def between(words: Sequence[Word], start: float, end: float) -> list[Word]:
    """The words that sound at any moment of [start, end)."""
    return [word for word in words if word.end > start and word.start < end]


def shifted(words: Iterable[Word], seconds: float) -> list[Word]:
    """The words moved in time; times before 0 are cut to 0."""
    return [
        replace(word, start=max(0.0, word.start + seconds), end=max(0.0, word.end + seconds))
        for word in words
    ]


def spread(text: str, start: float, end: float, language: str = "en") -> list[Word]:
    """Words of a text laid over start–end by their number of letters, all marked estimated."""
    tokens = text.split()
    if not tokens:
        return []
    weights = [len(token) + 1 for token in tokens]
    step = (end - start) / sum(weights)
    words, at = [], start
    for token, weight in zip(tokens, weights, strict=True):
        words.append(Word(token, at, at + weight * step, language, estimated=True))
        at += weight * step
    return words
