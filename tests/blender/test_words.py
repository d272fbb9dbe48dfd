# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of a sound: imported, aligned, edited, kept in the .blend, and used for generating."""

from __future__ import annotations

import time
from typing import Any

import bpy
import pytest

from tests.blender.helpers import refused, snapshot

SRT = "1\n00:00:00,500 --> 00:00:02,500\nHello world\n\n2\n00:00:03,000 --> 00:00:04,000\nBye\n"
TEXTGRID = """File type = "ooTextFile"
Object class = "TextGrid"
0 4 <exists> 2
"IntervalTier" "one" 0 4 2 0 1 "left" 1 4 ""
"IntervalTier" "two" 0 4 2 0 2 "right" 2 4 "side"
"""
JSON = '{"segments": [{"start": 0.0, "end": 3.0, "words": [{"word": "a", "start": 0.5, "end": 0.7}, '
JSON += '{"word": "23"}, {"word": "c", "start": 1.5, "end": 1.9}]}], "language": "de"}'
SAID = "And Mr. John Dashwood had then leisure to consider how"
"""What the four seconds of the demo voice say."""


@pytest.fixture(scope="module")
def enabled(installed) -> None:
    """The extension enabled once: reading the factory settings for every test would take most of the time."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.preferences.addon_enable(module=installed)


@pytest.fixture
def blender(enabled) -> Any:
    """An empty file; preferences and extension stay as they are."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    return bpy.context


@pytest.fixture
def words(part) -> Any:
    return part("speech.words")


def rows(group: Any = None) -> list[tuple[str, float, float, bool]]:
    """The list of the strip's sound as plain values."""
    group = group or bpy.data.sounds[0].aqgt_words
    return [(row.text, round(row.start, 3), round(row.end, 3), row.estimated) for row in group.words]


def put(tmp_path: Any, name: str, text: str) -> str:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return str(tmp_path / name)


def load_srt(tmp_path: Any) -> None:
    bpy.ops.aqgt.transcript_import(filepath=put(tmp_path, "said.srt", SRT))


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


def test_each_action_is_one_undo_step(voice, tmp_path):
    path = put(tmp_path, "said.srt", SRT)
    bpy.ops.ed.undo_push(message="before")
    for run in (lambda: bpy.ops.aqgt.transcript_import("EXEC_DEFAULT", True, filepath=path),):
        run()
    assert len(rows()) == 3
    bpy.ops.aqgt.word_add("EXEC_DEFAULT", True, text="more")
    assert len(rows()) == 4
    bpy.ops.ed.undo()
    assert len(rows()) == 3
    bpy.ops.ed.undo()
    assert rows() == []


# ------------------------------------------------------------ aligning and generating


def test_aligned_words_are_kept_and_nothing_else_changes(voice, engine, words):
    scene = bpy.context.scene
    scene.aqgt_speech.transcript = SAID
    before = snapshot()
    assert bpy.ops.aqgt.align() == {"FINISHED"}
    assert snapshot() == before
    found = rows()
    assert [row[0] for row in found] == SAID.split()
    assert not any(row[3] for row in found)
    assert bpy.data.sounds[0].aqgt_words.made == "Aligned"


def test_a_language_without_an_aligner_gets_estimates_and_says_so(voice, engine, part):
    speech = bpy.context.scene.aqgt_speech
    speech.transcript, speech.language = "Die Familie Dashwood", "de"
    bpy.ops.aqgt.align()
    assert [row[3] for row in rows()] == [True, True, True]
    assert "estimated" in part("speech.align").current.notes[-1]


def test_a_trimmed_strip_is_aligned_in_the_time_of_its_file(voice, engine):
    bpy.context.scene.aqgt_speech.transcript = SAID
    bpy.ops.aqgt.align()
    whole = rows()
    gap = 3  # frames, less than the silence before the first word
    assert whole[0][1] > gap / 30
    bpy.ops.aqgt.words_clear()
    voice.frame_offset_start = gap
    bpy.ops.aqgt.align()
    for (_, _, end, _), (_, _, trimmed, _) in zip(whole, rows(), strict=True):
        assert trimmed == pytest.approx(end, abs=0.06), "0.1 s apart where the trim was forgotten"


def test_edited_words_are_aligned_where_the_transcript_is_the_same(voice, engine, tmp_path):
    load_srt(tmp_path)
    group = bpy.data.sounds[0].aqgt_words
    parts = ("And Mr. John Dashwood", "had then leisure", "to consider how")
    for row, text in zip(group.words, parts, strict=True):
        row.text = text
    bpy.ops.aqgt.align()
    assert [row[0] for row in rows()] == SAID.split()
    assert not any(row[3] for row in rows())


def test_why_aligning_is_greyed(blender, part):
    assert "Add the voice as a strip" in refused(bpy.ops.aqgt.align)


def test_without_a_text_aligning_asks_for_one(voice):
    assert "Type, paste or import" in refused(bpy.ops.aqgt.align)


def test_without_an_engine_nothing_changes(voice, preferences, tmp_path):
    preferences.address = "tcp://127.0.0.1:9"
    load_srt(tmp_path)
    before, kept = snapshot(), rows()
    refused(bpy.ops.aqgt.align)
    assert (snapshot(), rows()) == (before, kept)


def test_cancelling_leaves_the_words_as_they_are(voice, engine, part, tmp_path):
    load_srt(tmp_path)
    align, kept = part("speech.align"), rows()
    align.run(align.gather_alignment(bpy.context))
    assert "Words are being aligned" in refused(bpy.ops.aqgt.align)
    bpy.ops.aqgt.align_cancel()
    assert align.running() is None
    assert align.current.cancelled
    assert rows() == kept


def test_generate_sends_the_words_of_the_list(character, voice, engine, part, tmp_path):
    load_srt(tmp_path)
    voice.frame_offset_start = 60
    job = part("generate.gather").gather(bpy.context)
    assert job.transcript == "", "nothing is left to align"
    # The strip now begins 2 s into the file: "Hello" is over, of "world" the end is left.
    assert [word.text for word in job.request.words] == ["world", "Bye"]
    world, bye = job.request.words
    assert (world.start, world.end, world.estimated) == (0.0, pytest.approx(0.5), True)
    assert (bye.start, bye.end, bye.estimated) == (pytest.approx(1.0), pytest.approx(2.0), False)
    assert any("1 of 3 words" in note for note in job.notes)
    bpy.context.scene.aqgt_speech.transcript = "Something else"
    assert any("has changed" in note for note in part("generate.gather").gather(bpy.context).notes)


# ------------------------------------------------------------ drawing


def test_only_what_is_in_view_is_laid_out(part):
    import numpy as np

    starts = np.arange(2000, dtype=np.float32) * 0.3
    ends = starts + np.float32(0.25)
    in_view = part("speech.overlay").in_view
    seen, first, last = in_view(starts, ends, 100.0, 110.0, 1000.0)
    assert [seen[0], seen[-1]] == [333, 366], "99.9 s is still heard at 100 s; 109.8 s is the last"
    assert first[0] == 0.0
    assert (last > first).all()
    assert last[-1] <= 1001
    assert first[1] == pytest.approx((starts[334] - 100) * 100, abs=0.01)
    assert len(in_view(starts, ends, 700.0, 710.0, 1000.0)[0]) == 0


def test_what_is_drawn_follows_every_change(voice, part, words, tmp_path):
    overlay = part("speech.overlay")

    def drawn() -> list[tuple[float, float, bool]]:
        times = (part.tolist() for part in overlay.read_times(bpy.data.sounds[0].aqgt_words))
        return [(round(a, 3), round(b, 3), mark) for a, b, mark in zip(*times, strict=True)]

    load_srt(tmp_path)
    bpy.ops.ed.undo_push(message="loaded")
    row = bpy.data.sounds[0].aqgt_words.words[0]
    for change in (
        lambda: setattr(row, "start", 0.1),
        lambda: setattr(row, "end", 0.3),
        lambda: setattr(row, "estimated", True),
        lambda: bpy.ops.aqgt.word_add("EXEC_DEFAULT", True, text="and"),
        lambda: bpy.ops.aqgt.words_estimate("EXEC_DEFAULT", True),
        bpy.ops.ed.undo,
        lambda: bpy.ops.aqgt.word_remove("EXEC_DEFAULT", True),
    ):
        before = drawn()
        change()
        assert drawn() == [entry[1:] for entry in rows()]
        assert drawn() != before


def test_2000_words_are_laid_out_well_within_4_ms(voice, part, words):
    overlay = part("speech.overlay")
    group = words.list_of_sound(bpy.context)
    words.write(group, [words.Word(f"word{i}", i * 0.3, i * 0.3 + 0.2) for i in range(2000)], "Test", "")

    def once() -> float:
        part("speech.changes").changed()
        begin = time.perf_counter()
        starts, ends, _ = overlay.read_times(group)
        overlay.in_view(starts, ends, 0.0, 600.0, 1500.0)
        return time.perf_counter() - begin

    assert min(once() for _ in range(20)) < 0.004


def test_markers_are_drawn_as_long_as_their_gesture(blender, part):
    scene = blender.scene
    scene.timeline_markers.new("G: iconic right for=0.5s", frame=24)
    scene.timeline_markers.new("G: beat left", frame=48)
    spans = part("speech.overlay").marker_spans
    assert spans(blender) == [
        (1.0, pytest.approx(1.5), "iconic"),
        (2.0, pytest.approx(3.2), "beat"),
    ]
    scene.timeline_markers[1].frame = 72
    assert spans(blender)[1][0] == 3.0


def test_the_draw_handlers_come_and_go_with_the_extension(part, installed):
    overlay = part("speech.overlay")
    assert len(overlay._handles) == 2
    bpy.ops.preferences.addon_disable(module=installed)
    assert overlay._handles == []
    bpy.ops.preferences.addon_enable(module=installed)
