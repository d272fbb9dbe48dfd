# SPDX-License-Identifier: GPL-3.0-or-later
"""Suggested gestures become markers; what the user made or locked is never touched."""

from __future__ import annotations

import bpy
import pytest

from tests.blender.helpers import refused, snapshot, wait_until

ops = bpy.ops.aqgt


@pytest.fixture
def scene(blender, voice, engine):
    """A voice from second 1.033 on, and what is said."""
    blender.scene.aqgt_speech.transcript = "And Mr. John Dashwood had then leisure to consider"
    return blender.scene


@pytest.fixture
def store(part):
    return part("annotate.store")


def annotations(store):
    scene = bpy.context.scene
    return [store.read(scene, marker) for marker in store.gesture_markers(scene)]


def suggest():
    assert ops.suggest() == {"FINISHED"}


def test_suggestions_are_editable_markers_within_the_sound(scene, store):
    suggest()
    found = annotations(store)
    assert found
    for one in found:
        assert one.suggested
        assert not one.locked
        assert one.problem is None
        assert 1.0 <= one.time < 5.1
        assert len(one.name.encode()) <= 60
        named = {key.removesuffix("_left").removesuffix("_right") for key in one.content.labels}
        assert {"phrase", "shape", "extent", "practice"} <= named, "all channels of its hands"


def test_the_same_seed_suggests_the_same_and_density_0_nothing(scene, store):
    suggest()
    first = annotations(store)
    suggest()
    assert annotations(store) == first
    scene.aqgt_annotate.density = 0.0
    suggest()
    assert annotations(store) == []


def test_what_the_user_made_changed_moved_or_locked_stays(scene, voice, store):
    voice.frame_final_duration = 450
    scene.aqgt_speech.transcript = ""
    scene.aqgt_annotate.density = 2.0
    suggest()
    edited, moved, renamed, locked, *rest = store.gesture_markers(scene)
    assert rest, "the test needs a suggestion that may go"
    edited.aqgt.side = "left"
    moved.frame += 1
    renamed.name = "G: discourse both"
    locked.aqgt.locked = True
    mine = scene.timeline_markers.new("G: end", frame=2000)
    camera = scene.timeline_markers.new("Camera", frame=50)
    before = [store.read(scene, one) for one in (edited, moved, renamed, locked, mine)]
    scene.aqgt_annotate.seed = 5
    scene.aqgt_annotate.density = 0.0
    suggest()
    assert annotations(store) == before
    assert (camera.name, camera.frame) == ("Camera", 50)
    scene.aqgt_annotate.density = 2.0
    suggest()
    now = annotations(store)
    assert all(one in now for one in before)
    fresh = [one for one in now if one.suggested and not one.locked]
    assert len(fresh) == len(now) - len(before)


def test_a_marker_made_while_the_engine_thinks_counts(scene, store, part):
    module = part("annotate.suggest")
    job = module.gather_suggestion(bpy.context)
    part("one_job").generation.run(job)
    wait_until(job.pump)
    assert job.suggestion
    first = job.suggestion[0]
    mine = store.add(scene, store.from_span(first.__class__(first.start, first.end), job.start))
    store.sync(scene)
    before = store.read(scene, mine)
    module.apply_suggestion(job)
    here = [one for one in annotations(store) if abs(one.time - before.time) < 0.01]
    assert here == [before]


def test_suggestions_for_one_character_leave_another_s(scene, store, character):
    scene.timeline_markers.new("G@Nobody: beat", frame=60)
    scene.aqgt_annotate.addressed = True
    suggest()
    found = [one for one in annotations(store) if one.suggested]
    assert found
    assert {one.content.character for one in found} == {character.name}
    scene.aqgt_annotate.density = 0.0
    suggest()
    assert [one.name for one in annotations(store)] == ["G@Nobody: beat"]


def test_nothing_but_markers_changes_and_one_undo_takes_them_back(scene, store, character):
    scene.timeline_markers.new("G: beat", frame=200)
    bpy.context.view_layer.objects.active = character
    bpy.ops.object.mode_set(mode="POSE")
    bpy.ops.ed.undo_push(message="before")
    before = snapshot()
    suggest()
    bpy.ops.ed.undo_push(message="after")
    after = snapshot()
    (name,) = after["scenes"]
    assert after["scenes"][name][2:] == before["scenes"][name][2:]
    assert len(after["scenes"][name][1]) > 1
    before["scenes"] = after["scenes"] = None
    assert after == before
    bpy.ops.ed.undo()
    assert [one.name for one in annotations(store)] == ["G: beat"]


def test_the_buttons_say_why_they_are_greyed(scene, part):
    scene.aqgt_speech.source = "FILE"
    assert "choose a file" in refused(ops.suggest)
    scene.aqgt_speech.source = "STRIP"
    scene.sequence_editor_clear()
    assert "no sound strip" in refused(ops.suggest)


def test_cancelling_and_failing_change_nothing(scene, part, preferences):
    generation = part("one_job").generation
    before = snapshot()
    generation.run(part("annotate.suggest").gather_suggestion(bpy.context))
    assert "is running" in refused(ops.suggest)
    ops.cancel()
    assert generation.running() is None
    preferences.address = "tcp://127.0.0.1:9"
    assert "No engine listens" in refused(ops.suggest)
    assert snapshot() == before
