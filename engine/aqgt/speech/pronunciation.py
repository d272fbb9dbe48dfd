# SPDX-License-Identifier: GPL-3.0-or-later
"""Pronunciations for English words that a dictionary lacks: by its parts, else by letter.

Only good enough to find a word in a recording whose text is known: an aligner needs about the right number of
sounds of about the right kind.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

Lookup = Callable[[str], str | None]
"""Phones of a dictionary word as one string (``"K AE T"``), None for an unknown word."""

# The longest entry that fits is taken. ARPABET, as in the CMU dictionary.
_LETTERS = {
    "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH", "i": "IH",
    "j": "JH", "k": "K", "l": "L", "m": "M", "n": "N", "o": "AA", "p": "P", "q": "K", "r": "R",
    "s": "S", "t": "T", "u": "AH", "v": "V", "w": "W", "x": "K S", "y": "IY", "z": "Z", "ai": "EY",
    "ay": "EY", "au": "AO", "aw": "AO", "ee": "IY", "ea": "IY", "ei": "EY", "ey": "IY", "eu": "Y UW",
    "ew": "UW", "ie": "IY", "oa": "OW", "oe": "OW", "oi": "OY", "oy": "OY", "oo": "UW", "ou": "AW",
    "ow": "OW", "ue": "UW", "ui": "UW", "ar": "AA R", "er": "ER", "ir": "ER", "or": "AO R", "ur": "ER",
    "bb": "B", "cc": "K", "ck": "K", "dd": "D", "ff": "F", "gg": "G", "ll": "L", "mm": "M", "nn": "N",
    "pp": "P", "rr": "R", "ss": "S", "tt": "T", "zz": "Z", "ch": "CH", "sh": "SH", "th": "TH",
    "ph": "F", "wh": "W", "gh": "G", "kn": "N", "wr": "R", "qu": "K W", "ng": "NG", "nk": "NG K",
    "dge": "JH", "tch": "CH", "sch": "SH", "ce": "S EH", "ci": "S IH", "cy": "S IY", "ge": "JH EH",
    "gi": "JH IH", "igh": "AY", "tion": "SH AH N", "sion": "ZH AH N", "ture": "CH ER", "ous": "AH S",
    "eau": "OW",
}  # fmt: skip
_LONGEST = max(map(len, _LETTERS))
# Letters that make the vowel before a single consonant long: "Brexite" would be B R EH K S AY T.
_LONG = {"a": "EY", "e": "IY", "i": "AY", "o": "OW", "u": "UW"}
_VOWELS = "aeiouy"
_VOICELESS, _HISSING = {"P", "T", "K", "F", "TH"}, {"S", "Z", "SH", "ZH", "CH", "JH"}
_NUMBER_OF_LETTERS_SPELT = 6
_SHORTEST_PART = 3


def pronounce(word: str, lookup: Lookup) -> str | None:
    """Phones of a word, e.g. ``"D AE SH W UH D"``.

    Args:
        word: one spoken word in lower case.
        lookup: a dictionary.

    Returns:
        the phones in ARPABET without stress, or None where no letter of the word is Latin.
    """
    word = "".join(letter for letter in unicodedata.normalize("NFKD", word.lower()) if letter.isascii())
    word = word.strip("'")
    if not word:
        return None
    return lookup(word) or _ending(word, lookup) or _parts(word, lookup) or _by_letters(word, lookup)


def _ending(word: str, lookup: Lookup) -> str | None:
    stem = word[:-2] if word.endswith("'s") else word[:-1] if word.endswith("s") else ""
    phones = lookup(stem) if len(stem) > 1 else None
    if phones:
        last = phones.split()[-1]
        return f"{phones} {'AH Z' if last in _HISSING else 'S' if last in _VOICELESS else 'Z'}"
    for ending, sound in (("in'", "IH N"), ("ing", "IH NG"), ("ed", "D"), ("er", "ER"), ("ly", "L IY")):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            stem = word[: -len(ending)]
            phones = lookup(stem) or lookup(stem + "e")
            if phones:
                return f"{phones} {sound}"
    return None


def _parts(word: str, lookup: Lookup) -> str | None:
    """Two dictionary words in a row; the split nearest to the middle wins."""
    cuts = range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1)
    for cut in sorted(cuts, key=lambda at: abs(at - len(word) / 2)):
        first, second = lookup(word[:cut]), lookup(word[cut:])
        if first and second:
            return f"{first} {second}"
    return None


def _by_letters(word: str, lookup: Lookup) -> str | None:
    word = "".join(letter for letter in word if letter.isalpha())
    if not word:
        return None
    if len(word) < _NUMBER_OF_LETTERS_SPELT and not any(letter in _VOWELS for letter in word):
        names = [lookup(letter) for letter in word]
        return " ".join(name for name in names if name) or None
    silent_e = len(word) > 3 and word.endswith("e") and word[-2] not in _VOWELS and word[-3] in _VOWELS
    phones: list[str] = []
    at, end = 0, len(word) - silent_e
    while at < end:
        if silent_e and at == end - 2 and word[at] in _LONG:
            phones.append(_LONG[word[at]])
            at += 1
            continue
        length = next(n for n in range(_LONGEST, 0, -1) if word[at : min(end, at + n)] in _LETTERS)
        taken = word[at : min(end, at + length)]
        phones.append("Y" if taken == "y" and at == 0 else _LETTERS[taken])
        at += len(taken)
    return " ".join(phones)
