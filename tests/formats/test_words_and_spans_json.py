# SPDX-License-Identifier: GPL-3.0-or-later
"""Words and spans as JSON."""

from __future__ import annotations

import json

import pytest

from aqgt.annotations import Span
from aqgt.errors import AqgtError
from aqgt.formats.spans_json import read_spans, write_spans
from aqgt.formats.words_json import read_words, words_from_json, write_words
from aqgt.words import Word

WHISPERX = {
    "language": "en",
    "segments": [
        {
            "start": 0.5,
            "end": 3.0,
            "text": " In 1984 we met.",
            "words": [
                {"word": "In", "start": 0.5, "end": 0.7, "score": 0.9},
                {"word": "1984"},
                {"word": "we", "start": 1.5, "end": 1.7, "score": 0.8},
                {"word": "met."},
            ],
        },
        {"start": 4.0, "end": 5.0, "text": " Not aligned", "words": []},
    ],
}
GENTLE = {
    "transcript": "Hello big world",
    "words": [
        {"alignedWord": "hello", "case": "success", "start": 0.2, "end": 0.5, "word": "Hello"},
        {"case": "not-found-in-audio", "word": "big"},
        {"alignedWord": "world", "case": "success", "start": 1.0, "end": 1.4, "word": "world"},
    ],
}


def test_words_come_back(tmp_path):
    words = [Word("über", 0.0, 0.25, "de"), Word("there", 0.25, 0.75, "en", estimated=True)]
    write_words(tmp_path / "w.json", words)
    assert read_words(tmp_path / "w.json") == words


def test_a_plain_list_is_enough():
    assert words_from_json([{"text": "one", "start": 0, "end": 1}], "de") == [Word("one", 0.0, 1.0, "de")]


def test_whisperx_words_without_times_share_the_gap():
    words = words_from_json(WHISPERX)
    assert [word.text for word in words] == ["In", "1984", "we", "met.", "Not", "aligned"]
    assert [word.estimated for word in words] == [False, True, False, True, True, True]
    assert (words[1].start, words[1].end) == (0.7, pytest.approx(1.5))
    assert (words[3].start, words[3].end) == (1.7, pytest.approx(3.0))
    assert (words[4].start, words[5].end) == (4.0, pytest.approx(5.0))
    assert words[4].end == pytest.approx(4.0 + 4 / 12)
    assert {word.language for word in words} == {"en"}


def test_gentle_words_that_were_not_heard_share_the_gap():
    words = words_from_json(GENTLE)
    assert words[1] == Word("big", 0.5, 1.0, "en", estimated=True)
    assert not words[0].estimated


def test_words_without_any_times_follow_at_a_usual_pace():
    words = words_from_json([{"text": "one"}, {"text": "two"}])
    assert words[0].start == 0
    assert 0 < words[0].end == words[1].start < words[1].end < 2
    assert all(word.estimated for word in words)


def test_words_out_of_order_never_end_before_they_start():
    words = words_from_json(
        [{"text": "a", "start": 5, "end": 6}, {"text": "b"}, {"text": "c", "start": 1, "end": 2}]
    )
    assert words[1].end >= words[1].start


def test_empty_words_are_passed_over():
    assert words_from_json([{"text": " ", "start": 0, "end": 1}]) == []


@pytest.mark.parametrize(
    "content",
    [
        "words", 3, None, {}, {"words": 3}, {"segments": [3]}, [3], [{"start": 0}], [{"text": 3}],
        [{"text": "a", "start": "x", "end": 1}], [{"text": "a", "start": -1, "end": 1}],
        [{"text": "a", "start": 2, "end": 1}], [{"text": "a", "start": 1e999, "end": 1}],
        [{"text": "a", "start": True, "end": 1}],
    ],
)  # fmt: skip
def test_other_json_is_refused(content):
    with pytest.raises(AqgtError) as caught:
        words_from_json(content)
    assert caught.value.next_step


def test_files_that_are_no_json_are_refused(tmp_path):
    for content in (b"{", b"\xff\xfe\x00", b"[" * 100_000):
        (tmp_path / "w.json").write_bytes(content)
        with pytest.raises(AqgtError, match=r"w\.json"):
            read_words(tmp_path / "w.json")
    with pytest.raises(AqgtError, match="no file"):
        read_words(tmp_path / "none.json")


def test_a_byte_order_mark_is_fine(tmp_path):
    (tmp_path / "w.json").write_bytes(
        b"\xef\xbb\xbf" + json.dumps([{"text": "a", "start": 0, "end": 1}]).encode()
    )
    assert read_words(tmp_path / "w.json") == [Word("a", 0, 1)]


def test_spans_come_back(tmp_path):
    spans = [
        Span(1.5, None, "right", {"phrase": "iconic", "entity": "door"}),
        Span(0.5, 2.0, "both", {"shape_left": "C"}, "planner", locked=True),
        Span(3.0, side="left", rest=True),
    ]
    write_spans(tmp_path / "s.json", spans)
    assert read_spans(tmp_path / "s.json") == spans


def test_a_bare_list_of_spans_is_enough(tmp_path):
    (tmp_path / "s.json").write_text('[{"start": 1, "labels": {"extent": "groß"}}]', encoding="utf-8")
    assert read_spans(tmp_path / "s.json") == [Span(1.0, labels={"extent": "groß"})]


@pytest.mark.parametrize(
    "content",
    [
        {}, {"spans": {}}, [3], [{}], [{"start": "1"}], [{"start": -1}], [{"start": 1, "end": 0}],
        [{"start": 1, "end": "2"}], [{"start": 1, "side": "up"}], [{"start": 1, "labels": ["iconic"]}],
        [{"start": 1, "labels": {"phrase": 2}}], [{"start": 1, "labels": {"phrase": "huge"}}],
        [{"start": 1, "labels": {"colour": "red"}}], [{"start": True}],
    ],
)  # fmt: skip
def test_wrong_spans_are_refused(tmp_path, content):
    (tmp_path / "s.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(AqgtError):
        read_spans(tmp_path / "s.json")
