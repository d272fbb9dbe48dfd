# SPDX-License-Identifier: GPL-3.0-or-later
"""A strip is sent as it is heard: trim, offset, speed, packing, frame rate."""

from __future__ import annotations

import wave
from pathlib import Path

import bpy
import numpy as np
import pytest

from tests.blender.helpers import set_speed

RATE = 16_000
SECONDS = 10.0


def write_ramp(path: Path, rate: int = RATE, channels: int = 1) -> Path:
    """Ten seconds whose level is the time: 0.09 a second."""
    ramp = np.arange(int(SECONDS * rate)) / rate * 0.09 * 32767
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.repeat(ramp[:, None], channels, axis=1).astype("<i2").tobytes())
    return path


def time_in(samples: np.ndarray, at: float) -> float:
    """Which second of the file is heard `at` seconds after the start."""
    return float(samples[int(at * RATE)]) / 0.09


@pytest.fixture
def sound(part):
    return part("scene.sound")


@pytest.fixture
def ramp(blender, tmp_path):
    """The ramp as a strip from frame 11 on."""
    editor = blender.scene.sequence_editor_create()
    return editor.strips.new_sound("Ramp", str(write_ramp(tmp_path / "ramp.wav")), 1, 11)


def test_a_whole_strip_starts_where_it_lies(blender, sound, ramp):
    heard = sound.read_strip(blender.scene, ramp)
    assert heard.start == pytest.approx(11 / 24)
    assert heard.duration == pytest.approx(SECONDS, abs=0.05)
    assert time_in(heard.samples, 3.0) == pytest.approx(3.0, abs=0.01)


@pytest.mark.parametrize(("fps", "base"), [(24, 1.0), (30, 1.001), (25, 1.0)])
def test_trimmed_ends_are_not_heard(blender, sound, tmp_path, fps, base):
    scene = blender.scene
    scene.render.fps, scene.render.fps_base = fps, base
    rate = fps / base
    path = str(write_ramp(tmp_path / "ramp.wav"))
    strip = scene.sequence_editor_create().strips.new_sound("Ramp", path, 1, 1)
    strip.frame_offset_start, strip.frame_offset_end = 2 * fps, 3 * fps
    heard = sound.read_strip(scene, strip)
    assert heard.start == pytest.approx((1 + 2 * fps) / rate)
    assert heard.duration == pytest.approx(
        (strip.frame_final_end - strip.frame_final_start) / rate, abs=0.001
    )
    assert time_in(heard.samples, 0.0) == pytest.approx(2 * fps / rate, abs=0.01)


def test_a_moved_strip_keeps_its_samples(blender, sound, ramp):
    before = sound.read_strip(blender.scene, ramp)
    ramp.frame_start += 24
    after = sound.read_strip(blender.scene, ramp)
    assert after.start == pytest.approx(before.start + 1.0)
    np.testing.assert_array_equal(before.samples, after.samples)


def test_a_packed_sound_needs_no_file(blender, sound, ramp, tmp_path):
    before = sound.read_strip(blender.scene, ramp)
    ramp.sound.pack()
    (tmp_path / "ramp.wav").unlink()
    np.testing.assert_array_equal(sound.read_strip(blender.scene, ramp).samples, before.samples)


def test_stereo_at_another_rate_becomes_mono_at_16_khz(sound, tmp_path):
    samples = sound.decode(write_ramp(tmp_path / "stereo.wav", rate=44_100, channels=2))
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(SECONDS * RATE, abs=20)
    assert time_in(samples, 5.0) == pytest.approx(5.0, abs=0.02)


def test_a_strip_at_double_speed_is_heard_at_double_speed(blender, sound, ramp):
    set_speed(ramp, 200.0)
    if hasattr(ramp, "pitch_correction"):  # Blender 4.5 has none: there the pitch always follows the speed
        ramp.pitch_correction = False
    other = blender.scene.sequence_editor.strips.new_sound("Other", ramp.sound.filepath, 2, 1)
    scene = blender.scene
    before = (scene.frame_start, scene.frame_end, ramp.mute, other.mute)
    heard = sound.read_strip(scene, ramp)
    assert heard.duration == pytest.approx(SECONDS / 2, abs=0.05)
    # Blender sets speeds in whole frames, and a frame here is two of the sound.
    assert time_in(heard.samples, 2.0) == pytest.approx(4.0, abs=2 / 24)
    assert (scene.frame_start, scene.frame_end, ramp.mute, other.mute) == before


def test_a_retimed_strip_starts_on_time(blender, sound, ramp):
    set_speed(ramp, 100.0)
    assert len(ramp.retiming_keys)
    heard = sound.read_strip(blender.scene, ramp)
    assert heard.start == pytest.approx(11 / 24)
    assert time_in(heard.samples, 3.0) == pytest.approx(3.0, abs=1 / 24)


def test_a_retimed_strip_in_a_meta_strip(blender, sound, ramp):
    set_speed(ramp, 200.0)
    alone = sound.read_strip(blender.scene, ramp)
    editor = blender.scene.sequence_editor
    meta = editor.strips.new_meta("Meta", 1, 1)
    ramp.move_to_meta(meta)
    meta.frame_final_end = ramp.frame_final_end
    inside = sound.read_strip(blender.scene, ramp)
    assert inside.start == alone.start
    np.testing.assert_allclose(inside.samples, alone.samples, atol=1e-3)


def test_mixing_a_retimed_strip_leaves_no_scene_behind(blender, sound, ramp):
    set_speed(ramp, 150.0)
    for _ in range(10):  # a strip that began late used to end the process now and then
        sound.read_strip(blender.scene, ramp)
    assert [scene.name for scene in bpy.data.scenes] == [blender.scene.name]
    assert ramp.frame_final_start == 11


def test_the_only_strip_need_not_be_named(blender, part, ramp):
    assert part("speech.source").read_sound(blender).name == "Ramp"


@pytest.mark.parametrize(
    "case", ["no strip", "two strips", "unknown strip", "missing file", "no sound in it"]
)
def test_a_sound_that_cannot_be_read_names_the_next_step(blender, part, tmp_path, case):
    aqgt_error = part("scene.sound").AqgtError
    speech = blender.scene.aqgt_speech
    editor = blender.scene.sequence_editor_create()
    if case in ("two strips", "unknown strip"):
        for channel in (1, 2):
            editor.strips.new_sound("Ramp", str(write_ramp(tmp_path / "ramp.wav")), channel, 1)
    if case == "unknown strip":
        speech.strip = "Gone"
    if case in ("missing file", "no sound in it"):
        speech.source = "FILE"
        speech.filepath = str(tmp_path / "text.wav")
    if case == "no sound in it":
        (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(aqgt_error) as caught:
        part("speech.source").read_sound(blender)
    assert caught.value.sentence
    assert caught.value.next_step
