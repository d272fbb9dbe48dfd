# SPDX-License-Identifier: GPL-3.0-or-later
"""Timed words from subtitles, TextGrids and ELAN files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqgt.errors import AqgtError
from aqgt.formats import elan, subtitles, textgrid
from aqgt.formats.intervals import Interval
from aqgt.formats.transcripts import read_timed_words

SHARED = Path(os.environ.get("AQGT_SHARED") or Path(__file__).resolve().parents[3] / "shared")
RECORDED = SHARED / "vectors" / "evaluation" / "aqgt_text_subtitles.json"

SRT = """1
00:00:01,000 --> 00:00:02,000
<i>Hello</i>

2
00:00:02,500 --> 00:00:04,000
[music]
{\\an8}over there,

broken
00:00:09,000 --> 00:00:08,000
backwards
"""

SHORT_GRID = '''File type = "ooTextFile"
Object class = "TextGrid"

0
2.5
<exists>
2
"IntervalTier"
"phones"
0
2.5
1
0
2.5
"x"
"IntervalTier"
"words"
0
2.5
3
0
0.5
""
0.5
1.25
"say ""hi"""
1.25
2.5
"you"
'''

EAF = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT><TIME_ORDER>
<TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1000"/><TIME_SLOT TIME_SLOT_ID="ts2"/>
<TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="2000"/></TIME_ORDER>
<TIER TIER_ID="R.S.Form">
<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
<ANNOTATION_VALUE>die</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts2" TIME_SLOT_REF2="ts3">
<ANNOTATION_VALUE>Kirche</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
<TIER TIER_ID="R.G.Left.Phrase">
<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a3" ANNOTATION_REF="a2">
<ANNOTATION_VALUE>iconic</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION></TIER>
</ANNOTATION_DOCUMENT>"""


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def test_subrip(tmp_path: Path) -> None:
    words = read_timed_words(write(tmp_path, "a.srt", SRT.replace("\n", "\r\n")))
    assert [(w.text, w.start) for w in words] == [
        ("Hello", 1.0),
        ("over", 2.5),
        ("there,", 2.5 + 1.5 * 5 / 11),
    ]
    assert [w.estimated for w in words] == [False, True, True]


def test_webvtt_with_speaker_and_header(tmp_path: Path) -> None:
    text = "WEBVTT\nKind: captions\n\nNOTE aside\n\n00:01.000 --> 00:02.000 align:start\n<v Ann>Yes &amp; no"
    words = read_timed_words(write(tmp_path, "a.vtt", text))
    assert [w.text for w in words] == ["Yes", "&", "no"]
    assert (words[0].start, words[-1].end) == (1.0, 2.0)


@pytest.mark.skipif(not RECORDED.is_file(), reason=f"there is no file {RECORDED}")
@pytest.mark.parametrize("case", ["vtt_youtube_auto", "vtt_plain"])
def test_recorded_webvtt(case: str) -> None:
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))[case]
    body = "\n\n".join("\n".join([f"{a} --> {b}", *lines]) for a, b, *lines in recorded["cues"])
    words = subtitles.words_from_cues(subtitles.parse_cues(f"WEBVTT\n\n{body}\n"))
    wanted = recorded["out"]
    assert [w.text for w in words] == [each["word"].strip() for each in wanted]
    for word, each in zip(words, wanted, strict=True):
        assert (word.start, word.end) == pytest.approx((each["start"], each["end"]), abs=1e-9)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_short_textgrid(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, "a.TextGrid", SHORT_GRID, encoding)
    assert list(textgrid.read_textgrid(path)) == ["phones", "words"]
    words = read_timed_words(path)
    assert [w.text for w in words] == ["say", '"hi"', "you"]
    assert (words[-1].start, words[-1].end, words[-1].estimated) == (1.25, 2.5, False)


labels = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=12)


@st.composite
def tiers(draw: st.DrawFn) -> dict[str, list[Interval]]:
    found = {}
    for name in draw(st.lists(labels.filter(str.strip), min_size=1, max_size=3, unique=True)):
        moments = sorted(draw(st.lists(st.integers(0, 5000), max_size=12, unique=True)))
        pairs = zip(moments[::2], moments[1::2], strict=False)
        texts = labels.map(str.strip).filter(bool)
        found[name] = [Interval(draw(texts), a / 1000, b / 1000) for a, b in pairs]
    return found


@given(tiers())
def test_textgrid_and_elan_give_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, written: dict[str, list[Interval]]
) -> None:
    folder = tmp_path_factory.mktemp("tiers")
    textgrid.write_textgrid(folder / "a.TextGrid", written, 6.0)
    assert textgrid.read_textgrid(folder / "a.TextGrid") == written
    elan.write_elan(folder / "a.eaf", written)
    assert elan.read_elan(folder / "a.eaf") == written


def test_elan_words_and_sub_tiers(tmp_path: Path) -> None:
    path = write(tmp_path, "a.eaf", EAF)
    words = read_timed_words(path, "de")
    assert [(w.text, w.start, w.end, w.language) for w in words] == [
        ("die", 1.0, 1.5, "de"),
        ("Kirche", 1.5, 2.0, "de"),
    ]
    assert elan.read_elan(path)["R.G.Left.Phrase"] == [Interval("iconic", 1.5, 2.0)]
    with pytest.raises(AqgtError, match=r"no tier.*Speech"):
        read_timed_words(path, tier="Speech")


def test_what_is_not_clear_or_broken_is_refused(tmp_path: Path) -> None:
    two = {"a": [Interval("x", 0, 1)], "b": [Interval("y", 0, 1)]}
    textgrid.write_textgrid(tmp_path / "two.TextGrid", two, 1.0)
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><ANNOTATION_DOCUMENT>&a;</ANNOTATION_DOCUMENT>'
    for name, text in {
        "a.txt": "hello",
        "empty.srt": "nothing here",
        "cut.TextGrid": SHORT_GRID[:150],
        "number.TextGrid": SHORT_GRID.replace('"you"', "7"),
        "other.eaf": "<html/>",
        "cut.eaf": EAF[:300],
        "bomb.eaf": bomb,
        "lost.eaf": EAF.replace('ANNOTATION_REF="a2"', 'ANNOTATION_REF="a3"'),
    }.items():
        with pytest.raises(AqgtError):
            read_timed_words(write(tmp_path, name, text))
    with pytest.raises(AqgtError, match="a”, “b"):
        read_timed_words(tmp_path / "two.TextGrid")
    with pytest.raises(AqgtError, match="overlaps"):
        textgrid.write_textgrid(
            tmp_path / "o.TextGrid", {"a": [Interval("x", 0, 1), Interval("y", 0.5, 2)]}, 2.0
        )
    assert not (tmp_path / "o.TextGrid").exists()
