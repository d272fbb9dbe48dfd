# SPDX-License-Identifier: GPL-3.0-or-later
"""Long sounds are read aside: the same samples, while Blender stays free."""

from __future__ import annotations

import time
import wave

import bpy
import numpy as np
import pytest

from tests.blender.helpers import wait_until

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
    assert decoding.takes_long(long_voice)
    here = sound.decode(long_voice)
    aside = decoding.Decoding(long_voice)
    wait_until(aside.pump)
    np.testing.assert_array_equal(decoding.ready(long_voice), here)
    long_voice.touch()
    assert decoding.ready(long_voice) is None, "the file has changed"
    decoding.forget()


def test_what_is_no_sound_ends_the_other_process_alone(part, blender, tmp_path):
    decoding = part("scene.decoding")
    text = tmp_path / "words.wav"
    text.write_text("no sound")
    assert not decoding.takes_long(text)
    aside = decoding.Decoding(text)
    with pytest.raises(part("scene.decoding").AqgtError, match="cannot be read"):
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
