# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import numpy as np
import pytest

from aqgt.speech.prosody import analyse, fundamental_frequency
from aqgt.speech.voice_activity import levels, speech_parts
from aqgt.words import Word


def voiced(hertz: float, seconds: float, level: float = 0.1) -> np.ndarray:
    """A buzz of seven harmonics."""
    phase = 2 * np.pi * hertz * np.arange(int(16000 * seconds)) / 16000
    buzz = sum(np.sin(k * phase) / k for k in range(1, 8))
    return (level * buzz / np.std(buzz)).astype(np.float32)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(int(16000 * seconds), np.float32)


@pytest.mark.parametrize("hertz", [70.0, 90.0, 121.3, 180.0, 251.7, 390.0])
def test_pitch_of_a_buzz(hertz: float) -> None:
    pitch = fundamental_frequency(voiced(hertz, 1.0))
    assert pitch.shape == (100,)
    np.testing.assert_allclose(pitch[5:-5], hertz, rtol=0.01)


def test_noise_and_silence_have_no_pitch() -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(16000).astype(np.float32)
    assert (fundamental_frequency(noise) > 0).mean() < 0.05
    assert not fundamental_frequency(silence(1.0)).any()


@pytest.mark.parametrize("audio", [silence(0), silence(0.005), silence(1.0)])
def test_silence_is_no_error(audio: np.ndarray) -> None:
    prosody = analyse(audio, [Word("ghost", 0.2, 0.5)] if len(audio) > 16 else [])
    assert len(prosody.energy) == len(prosody.pitch) == len(prosody.onset) == -(-len(audio) // 160)
    assert prosody.phrases == ()
    assert all(0 <= word.stress <= 1 for word in prosody.words)


def test_the_louder_higher_longer_word_is_stressed() -> None:
    audio = np.concatenate(
        [silence(0.5), voiced(110, 0.2, 0.05), voiced(160, 0.4, 0.2), voiced(110, 0.2, 0.05), silence(0.4),
         voiced(100, 0.2, 0.05), silence(0.3)]
    )  # fmt: skip
    words = [Word("one", 0.5, 0.7), Word("two", 0.7, 1.1), Word("six", 1.1, 1.3), Word("ten", 1.7, 1.9)]
    prosody = analyse(audio, words)
    stress = [word.stress for word in prosody.words]
    assert np.argmax(stress) == 1
    assert stress[1] > 0.9
    assert max(stress[0], stress[2], stress[3]) < 0.5
    strong = prosody.words[1]
    assert strong.energy > 1
    assert strong.pitch > 1
    assert strong.duration > 1
    assert 0.7 <= strong.peak <= 1.1
    np.testing.assert_allclose(prosody.phrases, [(0.5, 1.3), (1.7, 1.9)], atol=0.03)
    np.testing.assert_allclose(prosody.pauses, [(0, 0.5), (1.3, 1.7), (1.9, 2.2)], atol=0.03)
    assert prosody.onset[45:53].max() > 0.5
    assert prosody.onset[80:100].max() < 0.1


def test_level_does_not_change_stress() -> None:
    audio = np.concatenate([voiced(110, 0.3, 0.05), voiced(150, 0.3, 0.2), silence(0.4)])
    words = [Word("one", 0, 0.3), Word("two", 0.3, 0.6)]
    loud, quiet = analyse(audio, words), analyse(0.01 * audio, words)
    np.testing.assert_allclose(quiet.energy[:55], loud.energy[:55], atol=0.1)
    assert [word.stress for word in quiet.words] == pytest.approx(
        [word.stress for word in loud.words], abs=0.01
    )


def test_words_beyond_the_sound_and_of_no_length() -> None:
    words = [Word("in", 0.1, 0.4), Word("dot", 0.5, 0.5), Word("late", 5.0, 5.5)]
    prosody = analyse(voiced(120, 1.0), words)
    assert [word.word for word in prosody.words] == words
    assert all(word.word.start <= word.peak <= word.word.end for word in prosody.words)
    assert all(np.isfinite([w.energy, w.pitch, w.duration, w.stress]).all() for w in prosody.words)


def test_levels_are_in_decibels_at_their_time() -> None:
    audio = np.concatenate([silence(0.5), np.full(8000, 0.1, np.float32)])
    level = levels(audio)
    assert level.shape == (100,)
    assert level[:45].max() < -90
    np.testing.assert_allclose(level[55:95], -20, atol=0.1)


def test_speech_parts_survive_noise() -> None:
    rng = np.random.default_rng(1)
    audio = np.concatenate([silence(1), voiced(120, 1.0), silence(1), voiced(150, 0.5), silence(1)])
    for noise in (0.0, 1e-3, 5e-3):
        noisy = (audio + noise * rng.standard_normal(len(audio))).astype(np.float32)
        np.testing.assert_allclose(speech_parts(noisy), [(1, 2), (3, 3.5)], atol=0.03)
    assert speech_parts(voiced(120, 1.0)) == [(0.0, 1.0)]
    assert speech_parts(silence(1)) == []
    assert speech_parts(silence(0)) == []
