# SPDX-License-Identifier: GPL-3.0-or-later
"""Timed words, errors and data files."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqgt.errors import AqgtError
from aqgt.resources import data_path
from aqgt.words import Word, between, sentence, shifted, spread

WORDS = [Word("one", 0.0, 0.5), Word("two", 0.5, 1.0), Word("three", 2.0, 2.5)]


@pytest.mark.parametrize("times", [(-1, 1), (2, 1), (float("nan"), 1), (0, float("inf"))])
def test_impossible_times_are_refused(times):
    with pytest.raises(AqgtError, match="seconds"):
        Word("a", *times)


def test_a_word_needs_a_text():
    with pytest.raises(AqgtError, match="no text"):
        Word("  ", 0, 1)


def test_a_sentence_is_its_words():
    assert sentence(WORDS) == "one two three"


def test_words_between():
    assert [word.text for word in between(WORDS, 0.5, 2.0)] == ["two"]
    assert [word.text for word in between(WORDS, 0.4, 2.1)] == ["one", "two", "three"]


def test_shifted_words_are_cut_at_zero():
    moved = shifted(WORDS, -0.75)
    assert [(word.start, word.end) for word in moved] == [(0, 0), (0, 0.25), (1.25, 1.75)]
    assert shifted(shifted(WORDS, 2), -2) == WORDS


@given(st.text(), st.floats(0, 100), st.floats(0.1, 100))
def test_spread_words_fill_the_time_in_order(text, start, length):
    words = spread(text, start, start + length, "de")
    assert [word.text for word in words] == text.split()
    if words:
        assert words[0].start == start
        assert words[-1].end == pytest.approx(start + length)
        assert all(one.end == other.start for one, other in pairwise(words))
        assert all(word.estimated and word.language == "de" for word in words)


def test_an_error_says_what_and_what_next():
    error = AqgtError("The audio holds no samples.", "Pick a sound strip.", "empty-audio")
    assert str(error) == "The audio holds no samples. Pick a sound strip."
    assert error.code == "empty-audio"


def test_a_missing_data_file_is_named():
    with pytest.raises(AqgtError, match=r"rigs/none\.toml"):
        data_path("rigs", "none.toml")
