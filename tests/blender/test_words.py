# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of a sound: imported, edited and kept in the .blend."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender import test_registration as registration
from tests.blender.helpers import empty_file, refused, snapshot
from tests.blender.word_files import SRT, load_srt, put, rows


class Layout(registration.Layout):
    """Keeps its rows, too; what is set on one can be read back."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Any] = []

    def row(self, **options: Any) -> Any:
        self.rows.append(registration.Layout(self.seen))
        return self.rows[-1]


TEXTGRID = """File type = "ooTextFile"
Object class = "TextGrid"
0 4 <exists> 2
"IntervalTier" "one" 0 4 2 0 1 "left" 1 4 ""
"IntervalTier" "two" 0 4 2 0 2 "right" 2 4 "side"
"""
JSON = '{"segments": [{"start": 0.0, "end": 3.0, "words": [{"word": "a", "start": 0.5, "end": 0.7}, '
JSON += '{"word": "23"}, {"word": "c", "start": 1.5, "end": 1.9}]}], "language": "de"}'


@pytest.fixture
def blender(installed) -> Any:
    """An empty file; preferences and extension stay as they are."""
    return empty_file(installed)


@pytest.fixture
def words(part) -> Any:
    return part("speech.words")


# ------------------------------------------------------------ reading a transcript


def test_subtitles_become_words_and_transcript(voice, tmp_path):
    load_srt(tmp_path)
    assert [(text, estimated) for text, _, _, estimated in rows()] == [
        ("Hello", True),
        ("world", True),
        ("Bye", False),
    ]
    assert rows()[2][1:3] == (3.0, 4.0)
    assert bpy.context.scene.aqgt_speech.transcript == "Hello world Bye"


def test_a_tier_is_asked_for_by_name(voice, tmp_path):
    path = put(tmp_path, "said.TextGrid", TEXTGRID)
    said = refused(bpy.ops.aqgt.transcript_import, filepath=path)
    assert all(name in said for name in ("“one”", "“two”"))
    assert rows() == []
    bpy.ops.aqgt.transcript_import(filepath=path, tier="two")
    assert [row[0] for row in rows()] == ["right", "side"]


def test_the_tiers_of_the_chosen_file_are_offered(voice, part, tmp_path):
    ops = part("speech.transcript_ops")

    class Operator:
        filepath = put(tmp_path, "said.TextGrid", TEXTGRID)

    assert ops._tiers(Operator, bpy.context, "") == ["one", "two"]
    assert ops._tiers(Operator, bpy.context, "TW") == ["two"]
    Operator.filepath = str(tmp_path / "nothing.eaf")
    assert ops._tiers(Operator, bpy.context, "") == []


def test_words_without_times_lie_between_their_neighbours(voice, tmp_path):
    bpy.ops.aqgt.transcript_import(filepath=put(tmp_path, "said.json", JSON))
    assert rows() == [("a", 0.5, 0.7, False), ("23", 0.7, 1.5, True), ("c", 1.5, 1.9, False)]
    assert bpy.context.scene.aqgt_speech.language == "de"


def test_plain_text_gives_a_transcript_without_times(voice, tmp_path):
    bpy.ops.aqgt.transcript_import(filepath=put(tmp_path, "said.txt", "Good\nmorning.\n"))
    assert bpy.context.scene.aqgt_speech.transcript == "Good morning."
    assert rows() == []


@pytest.mark.parametrize(
    ("name", "text", "said"), [("x.srt", "nothing", "no subtitle"), ("x.doc", "x", "no file of timed words")]
)
def test_a_file_that_cannot_be_read_changes_nothing(voice, tmp_path, name, text, said):
    load_srt(tmp_path)
    before, kept = snapshot(), rows()
    assert said in refused(bpy.ops.aqgt.transcript_import, filepath=put(tmp_path, name, text))
    assert (snapshot(), rows()) == (before, kept)


def test_an_empty_clipboard_says_what_to_do(blender):
    blender.window_manager.clipboard = ""
    assert "Copy what is said" in refused(bpy.ops.aqgt.transcript_paste)


def test_without_a_sound_the_words_have_no_home(blender, tmp_path):
    path = put(tmp_path, "said.srt", SRT)
    assert "Add the voice as a strip" in refused(bpy.ops.aqgt.transcript_import, filepath=path)


# ------------------------------------------------------------ the list


def test_a_click_on_a_word_moves_the_playhead(voice, tmp_path):
    load_srt(tmp_path)
    before = snapshot()
    bpy.data.sounds[0].aqgt_words.index = 2
    assert bpy.context.scene.frame_current == 31 + 3 * 30, "the strip begins at frame 31"
    bpy.context.scene.frame_current = before["scenes"]["Scene"][-1]
    assert snapshot() == before, "nothing but the frame"


def test_words_stay_with_their_sound_when_the_strip_is_trimmed_and_moved(voice, words, part, tmp_path):
    load_srt(tmp_path)
    group = words.stored(bpy.context)
    voice.frame_offset_start = 60
    voice.frame_start += 15
    group.index = 2
    assert bpy.context.scene.frame_current == 31 + 15 + 3 * 30
    begin, _ = part("speech.source").heard_range(bpy.context)
    assert begin == pytest.approx((31 + 15 + 60) / 30)


def test_a_time_set_by_hand_is_no_estimate_and_keeps_start_before_end(voice, tmp_path):
    load_srt(tmp_path)
    hello, world, _ = bpy.data.sounds[0].aqgt_words.words
    hello.start = 2.0
    assert (hello.start, hello.end, hello.estimated) == (2.0, 2.0, False)
    world.end = 1.0
    assert (world.start, world.end, world.estimated) == (1.0, 1.0, False)


def test_a_new_word_lies_between_its_neighbours(voice, tmp_path):
    load_srt(tmp_path)
    group = bpy.data.sounds[0].aqgt_words
    group.index = 1
    bpy.ops.aqgt.word_add(text="and")
    assert rows()[2] == ("and", 2.5, 3.0, True)
    assert (group.index, len(group.words)) == (2, 4)
    bpy.ops.aqgt.word_remove()
    assert [row[0] for row in rows()] == ["Hello", "world", "Bye"]
    assert "no text" in refused(bpy.ops.aqgt.word_add, text=" ")


def test_estimated_words_move_and_measured_ones_stay(voice, tmp_path):
    load_srt(tmp_path)
    group = bpy.data.sounds[0].aqgt_words
    group.words[0].start, group.words[0].end = 0.2, 0.4
    bpy.ops.aqgt.words_estimate()
    assert rows() == [("Hello", 0.2, 0.4, False), ("world", 0.4, 3.0, True), ("Bye", 3.0, 4.0, False)]
    group.words[1].end = 2.0
    assert "Mark those" in refused(bpy.ops.aqgt.words_estimate)


def test_cleared_words_are_gone_and_every_button_says_why_it_is_grey(voice, tmp_path):
    load_srt(tmp_path)
    bpy.ops.aqgt.words_clear()
    assert rows() == []
    for name in ("word_add", "word_remove", "words_estimate", "words_clear"):
        assert "Align or import" in refused(getattr(bpy.ops.aqgt, name))
    assert "No words are being aligned" in refused(bpy.ops.aqgt.align_cancel)


def test_saved_and_opened_again_they_are_the_same(voice, words, tmp_path, installed):
    load_srt(tmp_path)
    bpy.data.sounds[0].aqgt_words.words[2].text = "Goodbye"
    kept = rows()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "words.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "words.blend"))
    group = bpy.data.sounds[0].aqgt_words
    assert rows() == kept
    assert group.version == words.VERSION
    assert not words.outdated(group, bpy.context.scene.aqgt_speech.transcript)


def test_a_list_of_a_newer_version_is_not_misread(voice, words, tmp_path):
    load_srt(tmp_path)
    group = bpy.data.sounds[0].aqgt_words
    group.version = words.VERSION + 1
    with pytest.raises(words.AqgtError, match="newer version"):
        words.read(group, "en")


def test_words_of_a_file_are_those_of_that_file(blender, words, checkout, tmp_path):
    speech = blender.scene.aqgt_speech
    speech.source = "FILE"
    speech.filepath = str(checkout / "examples/voice/sense_and_sensibility.wav")
    load_srt(tmp_path)
    assert len(words.stored(blender).words) == 3
    speech.filepath = str(tmp_path / "other.wav")
    assert words.stored(blender) is None


def test_no_action_touches_anything_else(character, voice, tmp_path):
    bpy.context.view_layer.objects.active = character
    bpy.ops.object.mode_set(mode="POSE")
    bpy.context.scene.frame_set(77)
    before = snapshot()
    load_srt(tmp_path)
    bpy.ops.aqgt.word_add()
    bpy.ops.aqgt.words_estimate()
    bpy.ops.aqgt.word_remove()
    bpy.ops.aqgt.words_clear()
    assert before["mode"] == "POSE"
    assert snapshot() == before


def test_each_action_is_one_undo_step(voice, tmp_path):
    path = put(tmp_path, "said.srt", SRT)
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.aqgt.transcript_import("EXEC_DEFAULT", True, filepath=path)
    assert len(rows()) == 3
    bpy.ops.aqgt.word_add("EXEC_DEFAULT", True, text="more")
    assert len(rows()) == 4
    bpy.ops.ed.undo()
    assert len(rows()) == 3
    bpy.ops.ed.undo()
    assert rows() == []


def test_the_panel_shows_words_that_are_out_of_order_in_red(voice, tmp_path):
    load_srt(tmp_path)
    group = bpy.data.sounds[0].aqgt_words
    group.words[1].start = 0.1
    alerts = []
    for index, word in enumerate(group.words):
        layout = Layout()
        bpy.types.AQGT_UL_words.draw_item(None, bpy.context, layout, group, word, 0, group, "index", index)
        alerts.append(layout.rows[0].alert)
    assert alerts == [False, True, False]
    layout = Layout()
    bpy.types.AQGT_PT_speech.draw(SimpleNamespace(layout=layout), bpy.context)
    assert any("3 words" in text for text in layout.seen)
    bpy.context.scene.aqgt_speech.transcript = "Something else"
    bpy.types.AQGT_PT_speech.draw(SimpleNamespace(layout=layout), bpy.context)
    assert any("has changed" in text for text in layout.seen)
