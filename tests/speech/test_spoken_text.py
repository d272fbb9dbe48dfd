# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from aqgt.speech.pronunciation import pronounce
from aqgt.speech.spoken_text import spoken_tokens

pytest.importorskip("inflect")


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Mr. O’Brien", "mister o'brien"),
        ("1849, 1905", "eighteen forty nine nineteen oh five"),
        ("1900 and 2005", "nineteen hundred and two thousand five"),
        ("the 1990s", "the nineteen nineties"),
        ("1,200 or 3.5%", "one thousand two hundred or three point five percent"),
        ("$5.50 and £1", "five dollars and fifty cents and one pound"),
        ("$5 million more", "five million dollars more"),
        ("10:30 or 9:05", "ten thirty or nine oh five"),
        ("the 21st, 10–20", "the twenty first ten to twenty"),
        ("U.S. and BBC, NASA", "u s and b b c nasa"),
        ("well-known café", "well known cafe"),
        ("e.g. A & B", "for example a and b"),
        ("HELLO TO US", "hello to us"),
        ("don't I'm", "don't i'm"),
    ],
)  # fmt: skip
def test_text_becomes_what_is_said(written: str, spoken: str) -> None:
    tokens = spoken_tokens(written)
    assert " ".join(word for token in tokens for word in token.spoken) == spoken
    assert " ".join(token.text for token in tokens) == written


def test_signs_stay_with_the_word_before() -> None:
    assert [token.text for token in spoken_tokens("yes – no … !")] == ["yes –", "no … !"]
    assert spoken_tokens("— …") == []


DICTIONARY = {
    "hand": "HH AE N D", "book": "B UH K", "judge": "JH AH JH", "cat": "K AE T", "make": "M EY K",
    "k": "K EY", "g": "JH IY",
}  # fmt: skip


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("hand", "HH AE N D"),
        ("hand's", "HH AE N D Z"),
        ("cats", "K AE T S"),
        ("judge's", "JH AH JH AH Z"),
        ("making", "M EY K IH NG"),
        ("handbook", "HH AE N D B UH K"),
        ("kg", "K EY JH IY"),
        ("vode", "V OW D"),
        ("日本", None),
        ("''", None),
    ],
)
def test_unknown_words_are_pronounced(word: str, phones: str | None) -> None:
    assert pronounce(word, DICTIONARY.get) == phones


def test_every_letter_has_a_sound() -> None:
    for first in "abcdefghijklmnopqrstuvwxyz":
        for second in "abcdefghijklmnopqrstuvwxyz":
            phones = pronounce(f"{first}{second}aze", DICTIONARY.get)
            assert phones
            assert phones.replace(" ", "").isupper()
