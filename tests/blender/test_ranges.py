# SPDX-License-Identifier: GPL-3.0-or-later
"""Gestures on words and over dragged ranges."""

from __future__ import annotations

import bpy
import pytest

from aqgt.words import Word
from tests.blender.helpers import refused


@pytest.fixture
def words(voice, part):
    """Ten words of half a second from the start of the sound, which begins at frame 31 of 30 a second."""
    module = part("speech.words")
    group = module.list_of_sound(bpy.context)
    module.write(group, [Word(f"w{at}", at * 0.5, at * 0.5 + 0.4) for at in range(10)], "Test", "")
    return group


def test_a_gesture_on_the_chosen_words_lasts_as_long_as_they_do(words):
    words.index, words.count = 2, 3
    assert bpy.ops.aqgt.marker_add_words(phrase="iconic") == {"FINISHED"}
    marker = bpy.context.scene.timeline_markers[-1]
    assert marker.frame == round((31 / 30 + 1.0) * 30)
    assert marker.aqgt.length == pytest.approx(1.4)
    assert "iconic" in marker.name


def test_more_words_than_there_are_end_with_the_last(words):
    words.index, words.count = 8, 20
    bpy.ops.aqgt.marker_add_words()
    assert bpy.context.scene.timeline_markers[-1].aqgt.length == pytest.approx(0.9)


def test_words_before_the_timeline_are_refused(words, voice):
    voice.frame_start = -60
    words.index = 0
    assert "before the timeline" in refused(bpy.ops.aqgt.marker_add_words)
    assert len(bpy.context.scene.timeline_markers) == 0


def test_a_range_from_a_script(blender):
    assert bpy.ops.aqgt.marker_drag(start=1.0, end=2.5, side="left") == {"FINISHED"}
    marker = blender.scene.timeline_markers[0]
    assert marker.aqgt.length == pytest.approx(1.5)
    assert "ends before" in refused(bpy.ops.aqgt.marker_drag, start=2.0, end=1.0)


def test_ctrl_snaps_to_the_nearest_edge_of_a_word(words, part):
    nearest = part("annotate.range_ops").nearest_edge
    begin = 31 / 30
    assert nearest(bpy.context, begin + 0.93, 0.0) == pytest.approx(begin + 0.9)
    assert nearest(bpy.context, begin + 0.97, 0.0) == pytest.approx(begin + 1.0)
    words.words.clear()
    assert nearest(bpy.context, 3.0, 2.5) == 2.5
