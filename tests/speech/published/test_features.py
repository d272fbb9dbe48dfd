# SPDX-License-Identifier: GPL-3.0-or-later
"""What published models read of sound and words, against a recording and by its laws."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from aqgt.models import official
from aqgt.models.vq import VqVae
from aqgt.speech.beats import WINDOW_SAMPLES, beat_features
from aqgt.speech.published.audio_codes import AudioCodes
from aqgt.speech.published.features import PublishedFeatures
from aqgt.speech.published.windows import Transcript, scaled, standardised, window_samples
from aqgt.words import Word
from tests.generation.published.stubs import StubSentences, StubSound
from tests.models.official.conftest import Recording, recording  # noqa: F401 - a fixture
from tests.models.official.filled import filled

RATE = 16_000


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return (0.2 * np.random.default_rng(seed).standard_normal(round(seconds * RATE))).astype(np.float32)


@pytest.fixture(scope="module")
def codes() -> AudioCodes:
    vq = official.load("audio_vq", filled("audio_vq"))
    assert isinstance(vq, VqVae)
    return AudioCodes(vq)


def test_recorded_features(recording: Callable[[str], Recording], codes: AudioCodes) -> None:  # noqa: F811
    """Some of the single-number codes lie within a rounding of two values; those take one or the other."""
    recorded = recording("features")
    window = np.asarray(recorded["audio"], np.float32)
    found = PublishedFeatures(codes, StubSound(), StubSentences()).open(window, (), 34).windows([0])
    assert np.array_equal(found["beats"][0, 0], recorded["beats"][0])
    assert np.abs(found["beats"][0, 1] - recorded["beats"][1]).max() <= 1e-4
    for name, key in (("audio_bottom", "vb"), ("audio_top", "vt")):
        difference = np.abs(found[name][0] - recorded[key])
        assert (difference > 1e-4).sum() <= 2, name
        assert difference.max() <= 5e-3, name


def test_scaling_leaves_the_clip_as_it_is(codes: AudioCodes) -> None:
    audio = noise(5.0)
    before = audio.copy()
    clip = PublishedFeatures(codes, StubSound(), StubSentences()).open(audio, (), 75)
    clip.windows([0, 30])
    assert np.array_equal(audio, before)


def test_windows_are_brought_to_their_own_extremes() -> None:
    windows = np.stack([noise(1.0), 0.01 * noise(1.0, 1) + 0.5, np.zeros(RATE, np.float32)])
    level = scaled(windows)
    assert level.dtype == np.float32
    np.testing.assert_allclose(level[:2].min(axis=1), -1, atol=1e-6)
    np.testing.assert_allclose(level[:2].max(axis=1), 1, atol=1e-6)
    assert (level[2] == -1).all(), "a constant window becomes -1"
    even = standardised(level)
    np.testing.assert_allclose(even.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(even.std(axis=1), [1, 1, 0], atol=1e-4)


def test_a_window_begins_at_its_share_of_the_clip_and_ends_in_zeros() -> None:
    audio = np.arange(1, 70001, dtype=np.float32)
    for window in range(3):
        found = window_samples(audio, 2.0 * window)
        start = int(np.floor(2.0 * window / (70000 / RATE) * 70000))
        n = min(WINDOW_SAMPLES, 70000 - start)
        assert found.shape == (WINDOW_SAMPLES,)
        assert np.array_equal(found[:n], audio[start : start + n])
        assert not found[n:].any()


def test_words_of_a_window() -> None:
    words = [Word("a", 0.0, 0.5), Word("long", 0.2, 5.0), Word("b", 1.0, 2.0), Word("c", 4.0, 4.2)]
    transcript = Transcript(words[::-1])
    assert transcript.sentence(0.0, 2.2667) == "a long b"
    assert transcript.sentence(2.0, 4.0) == "long", "a word that ends or begins at the border is not in it"
    assert transcript.sentence(1.9, 4.1) == "long b c"
    assert transcript.sentence(6.0, 8.0) == ""
    assert Transcript(()).sentence(0, 9) == ""


def test_some_windows_at_once_equal_each_alone() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        vq = official.build("audio_vq").double().eval()
    assert isinstance(vq, VqVae)
    features = PublishedFeatures(AudioCodes(vq), StubSound(), StubSentences())
    clip = features.open(noise(6.1), [Word("one", 0.3, 0.8), Word("two", 4.4, 4.9)], 92)
    together = clip.windows([0, 30, 60])
    assert {name: array.shape for name, array in together.items()} == {
        "beats": (3, 2, 1020),
        "audio_bottom": (3, 2304),
        "audio_top": (3, 576),
        "logits": (3, 113, 32),
        "sentence": (3, 768),
    }
    for index, start in enumerate((0, 30, 60)):
        for name, array in clip.windows([start]).items():
            assert np.abs(array[0] - together[name][index]).max() <= 1e-9, name
    assert np.array_equal(together["beats"][1], beat_features(window_samples(noise(6.1), 2.0)))
