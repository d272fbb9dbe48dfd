# SPDX-License-Identifier: GPL-3.0-or-later
"""How a written English text is spoken: numbers, abbreviations and signs become words a speaker would say."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_ABBREVIATIONS = {
    "mr": "mister", "mrs": "missus", "ms": "miz", "dr": "doctor", "st": "saint", "prof": "professor",
    "vs": "versus", "etc": "et cetera", "jr": "junior", "sr": "senior", "gen": "general", "capt": "captain",
    "col": "colonel", "lt": "lieutenant", "rev": "reverend", "hon": "honorable", "esq": "esquire",
    "approx": "approximately", "dept": "department", "e.g": "for example", "i.e": "that is",
}  # fmt: skip
_SIGNS = {"&": "and", "%": "percent", "+": "plus", "=": "equals", "@": "at", "°": "degrees"}
_CURRENCIES = {
    "$": ("dollar", "dollars", "cents"), "£": ("pound", "pounds", "pence"), "€": ("euro", "euros", "cents")
}  # fmt: skip
_LARGE = ("hundred", "thousand", "million", "billion", "trillion")

_CURRENCY = re.compile(r"([$£€])(\d[\d,]*)(?:\.(\d\d))?(?!\d)")
_TIME = re.compile(r"(?<![\d:])(\d{1,2}):([0-5]\d)(?![\d:])")
_RANGE = re.compile(r"(?<=\d)[–—-](?=\d)")
_PIECE = re.compile(
    r"\d[\d,]*(?:\.\d+)?(?:st|nd|rd|th|s)?(?![^\W\d_])|\d+|[^\W\d_]+(?:['.][^\W\d_]+)*|[&%+=@°]"
)


@dataclass(frozen=True)
class Token:
    """A word as written, and the words as spoken: ``"$5," -> ("five", "dollars")``."""

    text: str
    spoken: tuple[str, ...]


def spoken_tokens(text: str) -> list[Token]:
    """The written words of a text, each with at least one spoken word.

    Signs that nobody speaks (a dash between spaces) stay with the written word before them.
    """
    shouted = not any(letter.islower() for letter in text)
    tokens: list[Token] = []
    written = text.split()
    for i, word in enumerate(written):
        following = written[i + 1].lower().strip(".,;:!?") if i + 1 < len(written) else ""
        spoken = _spoken(word, spell=not shouted)
        if following in _LARGE and spoken and spoken[-1] in ("dollars", "pounds", "euros"):
            spoken = spoken[:-1]  # "$5 million" is "five million dollars"
        if i and tokens and word.lower().strip(".,;:!?") in _LARGE and _CURRENCY.match(written[i - 1]):
            spoken += (_CURRENCIES[written[i - 1][0]][1],)
        if spoken:
            tokens.append(Token(word, spoken))
        elif tokens:
            tokens[-1] = Token(f"{tokens[-1].text} {word}", tokens[-1].spoken)
    return tokens


def _spoken(word: str, *, spell: bool) -> tuple[str, ...]:
    word = unicodedata.normalize("NFKC", word).replace("’", "'").replace("‘", "'")
    word = _CURRENCY.sub(_amount, word)
    word = _RANGE.sub(" to ", _TIME.sub(_clock, word))
    spoken: list[str] = []
    for match in _PIECE.finditer(_without_accents(word)):
        spoken += _piece(match.group(), spell=spell)
    return tuple(spoken)


def _piece(piece: str, *, spell: bool) -> list[str]:
    lower = piece.lower()
    if piece[0].isdigit():
        return _number(lower)
    if piece in _SIGNS:
        return [_SIGNS[piece]]
    if lower in _ABBREVIATIONS:
        return _ABBREVIATIONS[lower].split()
    if "." in piece:
        parts = lower.split(".")
        if all(len(part) == 1 for part in parts):
            return parts
        return [part for part in parts if part]
    # Capitals alone are an abbreviation that is spelt ("US", "BBC") unless they look like a word ("NASA").
    if spell and piece.isupper() and 2 <= len(piece) <= 4 and not _sayable(lower):
        return list(lower)
    return [lower]


def _sayable(word: str) -> bool:
    return len(word) >= 4 and any(vowel in word[1:] for vowel in "aeiou")


def _amount(match: re.Match[str]) -> str:
    one, many, small = _CURRENCIES[match.group(1)]
    text = f" {match.group(2)} {one if match.group(2) == '1' else many} "
    if match.group(3) and match.group(3) != "00":
        text += f"and {int(match.group(3))} {small} "
    return text


def _clock(match: re.Match[str]) -> str:
    hours, minutes = match.groups()
    if minutes == "00":
        return f" {int(hours)} o'clock "
    return f" {int(hours)} {'oh ' if minutes[0] == '0' else ''}{int(minutes)} "


@lru_cache(maxsize=1)
def _inflect() -> Any:
    import inflect  # takes a second to import, and most texts hold no number

    return inflect.engine()


def _number(text: str) -> list[str]:
    match = re.fullmatch(r"([\d,]+(?:\.\d+)?)(st|nd|rd|th|s)?", text)
    if match is None:
        return []
    digits, ending = match.group(1).rstrip(","), match.group(2)
    if re.fullmatch(r"1[1-9]\d\d|20[1-9]\d", digits) and ending in (None, "s"):
        words = _year(digits)
    else:
        number = digits.replace(",", "")
        spoken = _inflect().number_to_words(
            f"{number}{ending}" if ending not in (None, "s") else number, andword=""
        )
        words = re.findall(r"[a-z]+", spoken)
    if ending == "s" and words:
        words[-1] = words[-1][:-1] + "ies" if words[-1].endswith("y") else words[-1] + "s"
    return words


def _year(digits: str) -> list[str]:
    if digits.endswith("00"):
        spoken = _inflect().number_to_words(digits[:2]) + " hundred"
    else:
        spoken = _inflect().number_to_words(digits, group=2, zero="oh")
    return re.findall(r"[a-z]+", spoken)


def _without_accents(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
