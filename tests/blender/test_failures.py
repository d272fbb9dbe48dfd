# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong says what to do next, and leaves the .blend bit for bit as it was."""

from __future__ import annotations

import threading
import wave

import bpy
import pytest

from tests.blender.helpers import refused, snapshot, wait_until


@pytest.fixture
def scene(blender, character, voice):
    """A scene that lacks nothing but an engine."""
    blender.scene.aqgt_speech.transcript = "And Mr. John Dashwood had then leisure to consider"
    return blender.scene


def long_voice(scene, checkout):
    """All of the voice with all of its words: a job of some seconds."""
    scene.sequence_editor.strips_all["Voice"].frame_offset_end = 0
    scene.aqgt_speech.transcript = (checkout / "examples/voice/sense_and_sensibility.txt").read_text()


def refuse_generate() -> str:
    """Generate must refuse; nothing may have changed."""
    before = snapshot()
    message = refused(bpy.ops.aqgt.generate)
    assert snapshot() == before
    return message


def silent_file(path, seconds):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(b"\0\0" * int(16_000 * seconds))
    return str(path)


def test_no_engine(scene, preferences):
    preferences.address = "tcp://127.0.0.1:9"
    message = refuse_generate()
    assert "No engine listens at tcp://127.0.0.1:9" in message
    assert "Start it" in message


def test_no_character(scene, engine):
    scene.aqgt_generate.character = None
    bpy.context.view_layer.objects.active = None
    assert "Choose the armature" in refuse_generate()


def test_a_rig_without_a_known_bone(scene, engine):
    bpy.ops.object.armature_add()
    scene.aqgt_generate.character = bpy.context.object
    assert "No arm of this armature was recognised" in refuse_generate()


def test_no_sound(scene, engine):
    scene.sequence_editor_clear()
    assert "holds no sound strip" in refuse_generate()


@pytest.mark.parametrize("seconds", [0.0, 3.0])
def test_empty_and_silent_sound(scene, engine, tmp_path, seconds):
    scene.aqgt_speech.source = "FILE"
    scene.aqgt_speech.filepath = silent_file(tmp_path / "silent.wav", seconds)
    message = refuse_generate()
    assert "silent" in message.lower() if seconds else "holds no samples" in message


def test_an_unknown_model(scene, engine):
    scene.aqgt_generate.model = "no-such-model"
    assert "no-such-model" in refuse_generate()


def test_tweak_mode(scene, engine, character):
    data = character.animation_data_create()
    action = bpy.data.actions.new("Wave")
    action.slots.new(id_type="OBJECT", name=character.name)
    data.nla_tracks.new().strips.new("Wave", 1, action)
    data.nla_tracks[0].strips[0].select = True
    data.nla_tracks.active = data.nla_tracks[0]
    data.use_tweak_mode = True
    if not data.use_tweak_mode:
        pytest.skip("this Blender enters tweak mode in its editor alone")
    assert "tweak" in refuse_generate()


def test_the_engine_dies_midway(scene, preferences, start_engine, checkout):
    dying = start_engine()
    preferences.address = dying.address
    long_voice(scene, checkout)
    killer = threading.Timer(1.0, dying.process.kill)
    killer.start()
    message = refuse_generate()
    killer.join()
    assert "gone" in message


def test_cancelling_changes_nothing(scene, engine, part, checkout):
    generation = part("one_job").generation
    long_voice(scene, checkout)
    before = snapshot()
    generation.run(part("generate.gather").gather(bpy.context))
    job = generation.running()
    wait_until(lambda: job.pump() or job.fraction > 0)
    assert not job.finished
    assert bpy.ops.aqgt.cancel() == {"FINISHED"}
    assert job.finished
    assert job.cancelled
    assert job.result is None
    assert generation.running() is None
    assert snapshot() == before


def test_the_character_is_deleted_while_it_runs(scene, engine, part, character):
    generation = part("one_job").generation
    generation.run(part("generate.gather").gather(bpy.context))
    job = generation.running()
    bpy.data.objects.remove(character)
    before = snapshot()
    wait_until(job.pump)
    with pytest.raises(part("takes.apply").AqgtError, match="no longer there"):
        part("takes.apply").apply_result(job)
    assert snapshot() == before


def test_a_failure_while_writing_takes_the_action_back(scene, engine, part, monkeypatch):
    before = snapshot()

    def fail(*_arguments, **_options):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(part("scene.nla"), "lay_on_new_track", fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        bpy.ops.aqgt.generate()
    assert snapshot() == before


def test_loading_another_file_ends_the_job(scene, engine, part):
    generation = part("one_job").generation
    generation.run(part("generate.gather").gather(bpy.context))
    job = generation.running()
    bpy.ops.wm.read_homefile(use_empty=True)
    assert job.cancelled
    assert generation.running() is None
