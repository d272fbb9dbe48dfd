# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of a sound: aligned by the engine, sent for generating, drawn in the editors."""

from __future__ import annotations

import time
from typing import Any

import bpy
import numpy as np
import pytest

from tests.blender.helpers import empty_file, refused, snapshot
from tests.blender.word_files import load_srt, rows

SAID = "And Mr. John Dashwood had then leisure to consider how"
"""What the four seconds of the demo voice say."""


@pytest.fixture
def blender(installed) -> Any:
    """An empty file; preferences and extension stay as they are."""
    return empty_file(installed)


@pytest.fixture
def words(part) -> Any:
    return part("speech.words")


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
    assert "estimated" in part("one_job").wording.current.notes[-1]


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
    align, wording, kept = part("speech.align"), part("one_job").wording, rows()
    wording.run(align.gather_alignment(bpy.context))
    assert "Words are being aligned" in refused(bpy.ops.aqgt.align)
    bpy.ops.aqgt.align_cancel()
    assert wording.running() is None
    assert wording.current.cancelled
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
    read_times = part("speech.times").read_times

    def drawn() -> list[tuple[float, float, bool]]:
        times = (column.tolist() for column in read_times(bpy.data.sounds[0].aqgt_words))
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


def test_2000_words_are_laid_out_in_the_time_of_a_short_loop(voice, part, words):
    """Of plain Python; the fastest of each counts, by the processor's time: no machine is too slow."""
    overlay = part("speech.overlay")
    group = words.list_of_sound(bpy.context)
    words.write(group, [words.Word(f"word{i}", i * 0.3, i * 0.3 + 0.2) for i in range(2000)], "Test", "")

    def once() -> float:
        part("speech.changes").changed()
        begin = time.thread_time()
        starts, ends, _ = part("speech.times").read_times(group)
        overlay.in_view(starts, ends, 0.0, 600.0, 1500.0)
        return time.thread_time() - begin

    def loop() -> float:
        begin = time.thread_time()
        sum(number * number for number in range(20_000))
        return time.thread_time() - begin

    taken, loops = (min(each() for _ in range(20)) for each in (once, loop))
    assert taken < 4 * loops


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
