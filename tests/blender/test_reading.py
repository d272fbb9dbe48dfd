# SPDX-License-Identifier: GPL-3.0-or-later
"""Long sounds are read aside: the same samples, while Blender stays free."""

from __future__ import annotations

import hashlib
import time
import wave
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest

from tests.blender.helpers import set_speed, wait_until

SECONDS = 12


@pytest.fixture
def long_voice(tmp_path):
    """Twelve seconds of stereo at 44.1 kHz."""
    path = tmp_path / "long.wav"
    times = np.arange(SECONDS * 44100) / 44100
    left = 0.5 * np.sin(2 * np.pi * (200 + 20 * times) * times)
    frames = (32767 * np.stack([left, 0.3 * left], axis=1)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44100)
        file.writeframes(frames.tobytes())
    return path


@pytest.fixture
def operator(part, blender, long_voice):
    """An operator that gathers the chosen file, one `tick` at a time."""
    running, source = part("generate.running"), part("speech.source")
    blender.scene.aqgt_speech.source, blender.scene.aqgt_speech.filepath = "FILE", str(long_voice)

    class Gathered:
        busy, cancelled, error = True, False, None

        def begin(self):
            self.begun = True

        def cancel(self):
            self.cancelled = True

        def pump(self):
            return False

    class Operator(running.JobOperator):
        said = ()

        def gather(self, context):
            self.sound, self.scene = source.read_sound(context), context.scene.name
            return Gathered()

        def report(self, kind, text):
            self.said = (*self.said, text)

        apply = None

    yield Operator()
    part("one_job").abandon_all()
    part("scene.decoding").forget()


def test_another_process_gives_the_same_samples(part, blender, long_voice):
    decoding, sound = part("scene.decoding"), part("scene.sound")
    here = sound.decode(long_voice)
    unread = decoding.unread_file(long_voice)
    aside = decoding.Decoding(unread)
    wait_until(aside.pump)
    np.testing.assert_array_equal(decoding.ready(unread.key), here)
    assert sound.decode(long_voice) is decoding.ready(unread.key)
    long_voice.touch()
    assert sound.decode(long_voice) is not decoding.ready(unread.key), "the file has changed"
    decoding.forget()


@pytest.fixture
def strip(blender, long_voice):
    """The voice as a strip, trimmed at both ends."""
    found = blender.scene.sequence_editor_create().strips.new_sound("Voice", str(long_voice), 1, 11)
    found.frame_final_start, found.frame_final_end = 41, 221
    return found


def read_aside(part, unread):
    """Have it read by another Blender; nothing may be read here from then on."""
    aside = part("scene.decoding").Decoding(unread)
    wait_until(aside.pump)


@pytest.fixture
def nothing_is_read_here(part, monkeypatch):
    def refuse(*_):
        raise AssertionError("It was read here.")

    yield lambda: [
        monkeypatch.setattr(part("scene.decoder"), name, refuse)
        for name in ("samples_of", "mixed", "unpacked")
    ]
    part("scene.decoding").forget()


def test_a_packed_sound_is_read_aside(part, blender, strip, long_voice, nothing_is_read_here):
    sound = part("scene.sound")
    strip.sound.pack()
    long_voice.unlink()
    here = sound.read_strip(blender.scene, strip)
    read_aside(part, sound.unread_strip(blender.scene, strip))
    nothing_is_read_here()
    aside = sound.read_strip(blender.scene, strip)
    assert aside.start == here.start
    np.testing.assert_array_equal(aside.samples, here.samples)
    np.testing.assert_array_equal(sound.read_part(strip.sound, 2.0, 1.0), here.samples[12000:28000])


@pytest.mark.parametrize("nested", [False, True])
def test_a_retimed_strip_is_mixed_aside(part, blender, strip, nothing_is_read_here, nested):
    sound = part("scene.sound")
    set_speed(strip, 150.0)
    editor = blender.scene.sequence_editor
    if nested:
        meta = editor.strips.new_meta("Meta", 3, 1)
        strip.move_to_meta(meta)
        meta.frame_final_end = strip.frame_final_end
    here = sound.read_strip(blender.scene, strip)
    read_aside(part, sound.unread_strip(blender.scene, strip))
    nothing_is_read_here()
    aside = sound.read_strip(blender.scene, strip)
    assert aside.start == here.start
    np.testing.assert_array_equal(aside.samples, here.samples)
    assert [scene.name for scene in bpy.data.scenes] == [blender.scene.name]


def test_a_strip_that_was_retimed_meanwhile_is_not_the_one_that_was_read(part, blender, strip):
    sound = part("scene.sound")
    set_speed(strip, 150.0)
    before = sound.unread_strip(blender.scene, strip)
    set_speed(strip, 200.0)
    assert sound.unread_strip(blender.scene, strip).key != before.key


@pytest.mark.parametrize("left", [None, b""])
def test_a_build_without_a_mixer_says_so(part, blender, strip, monkeypatch, left):
    sound, decoder = part("scene.sound"), part("scene.decoder")
    set_speed(strip, 150.0)

    def mixdown(filepath, **_):
        if left is not None:
            Path(filepath).write_bytes(left)

    operators = SimpleNamespace(sound=SimpleNamespace(mixdown=mixdown))
    monkeypatch.setattr(decoder, "bpy", SimpleNamespace(ops=operators, context=bpy.context))
    with pytest.raises(sound.AqgtError, match="cannot mix down"):
        sound.read_strip(blender.scene, strip)


def test_another_blender_without_a_mixer_says_so(part, blender, long_voice):
    decoding, decoder = part("scene.decoding"), part("scene.decoder")
    aside = decoding.Decoding(decoding.unread_file(long_voice))
    aside.cancel()
    aside._process.returncode = decoder.NO_MIXER
    with pytest.raises(decoding.AqgtError, match="cannot mix down"):
        aside.pump()


def test_the_other_blender_gets_the_sound_alone(part, blender, character, strip, long_voice, tmp_path):
    editor = blender.scene.sequence_editor
    other = editor.strips.new_sound("Other", str(long_voice), 2, 1)
    other.sound.name = "Other"
    other.sound.pack()
    set_speed(strip, 150.0)
    before = len(editor.strips)
    path = tmp_path / "alone.blend"
    part("scene.sound").unread_strip(blender.scene, strip).write(path)
    with bpy.data.libraries.load(str(path)) as (found, _):
        assert len(found.scenes) == 1
        assert found.sounds == [strip.sound.name]
        assert not [*found.objects, *found.meshes, *found.armatures, *found.collections, *found.worlds]
    assert len(editor.strips) == before
    assert character.name in blender.scene.objects
    assert blender.scene.aqgt_generate.character == character


@pytest.mark.parametrize("retimed", [False, True])
def test_a_take_is_made_again_from_what_was_read_aside(part, blender, strip, nothing_is_read_here, retimed):
    from aqgt.protocol.messages import GenerateRequest

    sounds, recipe = part("takes.sounds"), part("takes.recipe")
    if retimed:
        set_speed(strip, 150.0)
    else:
        strip.sound.pack()
    heard = part("scene.sound").read_strip(blender.scene, strip)
    source = sounds.sound_source(blender, heard)
    kept = recipe.recipe(GenerateRequest(heard.samples), source, heard.start, 0)
    read_aside(part, sounds.unread_source(blender, kept))
    nothing_is_read_here()
    digest = hashlib.sha256(heard.samples.tobytes()).hexdigest()
    found, _ = sounds.find_sound(blender, kept)
    np.testing.assert_array_equal(found.samples, heard.samples)
    sounds.check_same(found, kept, digest)


def test_what_is_no_sound_ends_the_other_process_alone(part, blender, tmp_path):
    decoding = part("scene.decoding")
    text = tmp_path / "words.wav"
    text.write_text("no sound")
    assert decoding.unread_file(text) is None
    aside = decoding.Decoding(decoding.Unread(("text",), "words.wav", text))
    with pytest.raises(decoding.AqgtError, match="cannot be read"):
        wait_until(aside.pump)


def test_the_job_begins_once_the_sound_is_read_in_the_scene_it_was_asked_for(
    operator, part, blender, long_voice
):
    generation, asked = part("one_job").generation, blender.scene.name
    assert operator._read(bpy.context)
    reading = generation.running()
    assert reading.text == "Reading the sound…"
    assert not bpy.ops.aqgt.generate.poll()
    blender.window.scene = bpy.data.scenes.new("Other")
    decode = part("scene.sound").decode
    begin = time.thread_time()
    decode(long_voice)
    decoding = time.thread_time() - begin
    worked = []
    while generation.current is reading:
        assert generation.running() is reading
        begin = time.thread_time()
        assert operator.tick() == set()
        if generation.current is reading:
            worked.append(time.thread_time() - begin)
        time.sleep(0.01)
    assert operator.scene == asked
    assert operator.sound.duration == pytest.approx(SECONDS, abs=0.01)
    assert generation.running().begun
    assert not part("scene.decoding")._ready, "nothing of it stays in memory"
    assert max(worked) < decoding / 2, "Blender does not read it"
    assert len(worked) > 5, "nor wait for it"


def test_cancel_while_the_sound_is_read(operator, part, blender):
    assert operator._read(bpy.context)
    reading = part("one_job").generation.running()
    assert bpy.ops.aqgt.cancel() == {"FINISHED"}
    assert reading._decoding._process.poll() is not None, "the process has ended"
    assert operator.tick() == {"CANCELLED"}
    assert operator.said == ("Cancelled: nothing was changed",)
