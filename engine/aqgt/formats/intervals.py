# SPDX-License-Identifier: GPL-3.0-or-later
"""Labelled intervals of time: what tiers of TextGrid and ELAN files hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aqgt.errors import AqgtError
from aqgt.words import Word

_WORD_TIER = re.compile(r"(^|[\W_])(words?|orth|wörter|form)([\W_]|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Interval:
    """A label over start–end seconds."""

    text: str
    start: float
    end: float


Tiers = Mapping[str, Sequence[Interval]]


def tier_of_words(tiers: Tiers, tier: str | None, origin: str) -> Sequence[Interval]:
    """The tier that holds the words: the named one, the only one, or the one whose name says so.

    Raises:
        AqgtError: there is no such tier, or several could be meant; it lists the names.
    """
    names = ", ".join(f"“{name}”" for name in tiers) or "none"
    if tier is not None:
        if tier not in tiers:
            raise AqgtError(f"{origin} has no tier “{tier}”.", f"Name one of its tiers: {names}.", "no-tier")
        return tiers[tier]
    filled = [name for name, intervals in tiers.items() if any(each.text.strip() for each in intervals)]
    named = [name for name in filled if _WORD_TIER.search(name)]
    chosen = named[:1] if named else filled if len(filled) == 1 else []
    if not chosen:
        raise AqgtError(
            f"Which tier of {origin} holds the words is not clear.",
            f"Call it “words”, or name one of its tiers: {names}.",
            "no-tier",
        )
    return tiers[chosen[0]]


def words_from_intervals(intervals: Sequence[Interval], language: str) -> list[Word]:
    """The words of a tier; an interval of several words is shared among them by their letters (estimated)."""
    words: list[Word] = []
    for interval in sorted(intervals, key=lambda each: (each.start, each.end)):
        words += words_in(interval.text, interval.start, interval.end, language)
    return words


def words_in(text: str, start: float, end: float, language: str) -> list[Word]:
    """The words of a text over start–end: each letter and each space takes the same time."""
    tokens = text.split()
    if len(tokens) == 1:
        return [Word(tokens[0], start, end, language)]
    letters = len(" ".join(tokens))
    words, at = [], 0
    for token in tokens:
        begin, stop = (start + (end - start) * place / letters for place in (at, at + len(token)))
        words.append(Word(token, begin, stop, language, estimated=True))
        at += len(token) + 1
    return words
