# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aqgt.errors import AqgtError
from aqgt.speech.beats import WINDOW_SAMPLES, beat_features
from aqgt.speech.features import CompactFeatures, CompactFeaturesConfig, normalise_level, sample_at
from aqgt.speech.spectra import cut, mel_filters
from aqgt.words import Word


class Lengths:
    """Word vectors that say how long the text is."""

    dimension = 5

    def phrase(self, text: str) -> np.ndarray:
        return np.full(5, len(text), np.float32)


@pytest.fixture
def features() -> CompactFeatures:
    return CompactFeatures(CompactFeaturesConfig(word_dimension=5), Lengths())


def test_beats_of_a_window_equal_the_reference(speech_data: Path) -> None:
    reference = np.load(speech_data / "beats.npz")
    beats = beat_features(reference["audio"])
    assert beats.shape == (2, 1020)
    np.testing.assert_allclose(beats, reference["beats"], atol=1e-5)


def test_beats_of_silence_are_zero_and_other_lengths_are_refused() -> None:
    assert not beat_features(np.zeros(WINDOW_SAMPLES, np.float32)).any()
    with pytest.raises(ValueError, match="36266"):
        beat_features(np.zeros(36267, np.float32))


@pytest.mark.parametrize(("n_fft", "n_mels"), [(2048, 128), (512, 40)])
def test_mel_filters_equal_librosa(n_fft: int, n_mels: int) -> None:
    filters = pytest.importorskip("librosa.filters")
    expected = filters.mel(sr=16000, n_fft=n_fft, n_mels=n_mels)
    np.testing.assert_allclose(mel_filters(16000, n_fft, n_mels), expected, atol=1e-7)


def test_shapes_types_and_zero_frames(features: CompactFeatures, babble: np.ndarray) -> None:
    for n_frames in (0, 1, 45, 60):  # also fewer and more frames than there is sound
        arrays = features.prepare(babble, [Word("one", 0.1, 0.5)], n_frames)
        assert {name: array.shape for name, array in arrays.items()} == {
            name: (n_frames, *shape) for name, shape in features.shapes.items()
        }
        assert all(array.dtype == np.float32 and np.isfinite(array).all() for array in arrays.values())
    assert features.shapes == {"mel": (4, 40), "beats": (2, 90), "words": (8,)}


def test_sample_positions_are_exact_after_ten_minutes() -> None:
    # 10 minutes and one frame: 9001/15 s = 9601066.67 samples
    assert sample_at(np.array([9001]), 15)[0] == 9601067
    # Integers only, rounded half up.
    exact = [(2 * 16000 * k + 450) // (2 * 450) for k in range(450 * 600 + 1)]
    np.testing.assert_array_equal(sample_at(np.arange(450 * 600 + 1), 450), exact)


@pytest.mark.parametrize("frame", [20, 9001])
def test_a_click_shows_at_its_own_frame(features: CompactFeatures, frame: int) -> None:
    audio = np.zeros(16000 * 601, np.float32)
    at = round(frame / 15 * 16000)
    audio[at : at + 2] = 1.0, 0.2
    arrays = features.prepare(audio, [], 9015)
    energy = arrays["mel"].sum(axis=2).astype(np.float64)
    np.testing.assert_allclose(energy[frame, 1], energy[frame, 2], rtol=1e-2)  # spectra lie around the frame
    assert energy.sum(axis=1).argmax() == frame
    onset = arrays["beats"][frame, 1].argmax() - 30  # values since the frame's beginning, 450 a second
    # The onset is where the click enters the 32 ms spectrum.
    assert -9 <= onset <= 0
    assert arrays["beats"][frame, 0].nonzero()[0].tolist() in ([30], [29])


def test_beats_of_neighbours_overlap(features: CompactFeatures, babble: np.ndarray) -> None:
    beats = features.prepare(babble, [], 45)["beats"]
    np.testing.assert_array_equal(beats[1:, :, :60], beats[:-1, :, 30:])
    assert not beats[0, :, :30].any()
    assert not beats[-1, :, 60:].any()
    assert set(np.unique(beats[:, 0])) == {0.0, 1.0}


def test_level_does_not_matter(features: CompactFeatures, babble: np.ndarray) -> None:
    loud = features.prepare(babble, [], 45)
    quiet = features.prepare(0.003 * babble, [], 45)
    np.testing.assert_allclose(quiet["mel"], loud["mel"], atol=1e-3)
    np.testing.assert_allclose(quiet["beats"][:, 1], loud["beats"][:, 1], atol=1e-2)
    assert (quiet["beats"][:, 0] != loud["beats"][:, 0]).mean() < 0.001


def test_pauses_and_a_click_do_not_change_the_level(babble: np.ndarray) -> None:
    level = np.abs(normalise_level(babble)).max()
    with_pauses = np.concatenate([np.zeros(160000, np.float32), babble])
    assert np.abs(normalise_level(with_pauses)).max() == pytest.approx(level, rel=0.02)
    clicked = with_pauses.copy()
    clicked[1000] = 1.0
    assert np.abs(normalise_level(clicked)[160000:]).max() == pytest.approx(level, rel=0.02)
    assert not normalise_level(np.zeros(1000, np.float32)).any()


def test_ten_times_the_clip_has_the_same_features(features: CompactFeatures, babble: np.ndarray) -> None:
    once = features.prepare(babble, [], 45)
    many = features.prepare(np.tile(babble, 10), [], 450)
    np.testing.assert_allclose(many["mel"][1:44], once["mel"][1:44], atol=1e-4)
    np.testing.assert_allclose(many["mel"][406:449], once["mel"][1:44], atol=1e-4)


def test_word_columns(features: CompactFeatures, babble: np.ndarray) -> None:
    words = [Word("there", 10 / 15, 14 / 15), Word("we", 1.0, 1.2)]
    table = features.prepare(babble, words, 60)["words"]
    vector, progress, speaking, silent = table[:, :5], table[:, 5], table[:, 6], table[:, 7]
    np.testing.assert_array_equal(speaking.nonzero()[0], [10, 11, 12, 13, 15, 16, 17])
    np.testing.assert_array_equal(vector[10:18, 0], [5, 5, 5, 5, 0, 2, 2, 2])
    np.testing.assert_allclose(progress[10:14], [0, 0.25, 0.5, 0.75], atol=1e-6)
    assert not progress[speaking == 0].any()
    assert (silent[:10] == 1).all()
    assert not silent[speaking == 1].any()
    np.testing.assert_allclose(silent[[18, 33, 48, 59]], [0, 0.5, 1, 1], atol=1e-6)


def test_words_that_overlap_never_look_silent(features: CompactFeatures, babble: np.ndarray) -> None:
    table = features.prepare(babble, [Word("long", 0.0, 2.0), Word("short", 0.5, 0.6)], 45)["words"]
    assert table[:30, 6].all()
    np.testing.assert_allclose(table[30:, 7], np.minimum(1, (np.arange(30, 45) / 15 - 2) / 2), atol=1e-6)


def test_windows_are_rows_and_zeros_outside(features: CompactFeatures, babble: np.ndarray) -> None:
    arrays = features.prepare(babble, [Word("one", 0.1, 0.5)], 45)
    for start in (-40, -4, 0, 11, 30, 45, 100):
        for name, window in features.window(arrays, start).items():
            assert window.shape == (34, *features.shapes[name])
            for row in range(34):
                frame = start + row
                expected = arrays[name][frame] if 0 <= frame < 45 else np.zeros(features.shapes[name])
                np.testing.assert_array_equal(window[row], expected)


@pytest.mark.parametrize("at_once", [1, 3])
def test_windows_of_an_open_clip_are_rows_of_the_whole(
    features: CompactFeatures, babble: np.ndarray, at_once: int
) -> None:
    """Sound before and after a stretch, the loudness of the whole clip and long words count all the same."""
    audio = np.concatenate([0.02 * babble, babble, 0.3 * babble])
    words = [Word("all", 0.0, 8.0), Word("one", 0.1, 0.5), Word("a", 3.0, 3.1), Word("last", 4.4, 4.5)]
    n_frames = len(audio) * 15 // 16_000
    whole = features.prepare(audio, words, n_frames)
    clip = features.open(audio, words, n_frames)
    starts = [-4, 26, 56, 86, 116]
    for first in range(0, len(starts), at_once):
        some = starts[first : first + at_once]
        found = clip.windows(some)
        for name, array in found.items():
            expected = np.stack([features.window(whole, start)[name] for start in some])
            np.testing.assert_allclose(array, expected, atol=3e-6, err_msg=name)


def test_words_that_ended_long_ago_are_remembered(features: CompactFeatures) -> None:
    clip = features.open(np.zeros(16_000 * 20, np.float32), [Word("a", 1.0, 12.5)], 300)
    silent = clip.windows([190])["words"][0, :, 7]
    np.testing.assert_allclose(silent, np.minimum(1, (np.arange(190, 224) / 15 - 12.5) / 2), atol=1e-6)


def test_vectors_of_another_dimension_are_refused() -> None:
    with pytest.raises(AqgtError, match="saved with the model"):
        CompactFeatures(CompactFeaturesConfig(word_dimension=48), Lengths())


def test_unknown_configuration_keys_are_refused() -> None:
    with pytest.raises(ValueError, match="n_mel"):
        CompactFeaturesConfig(n_mel=40)


@pytest.mark.parametrize(("start", "stop"), [(-5, 3), (2, 6), (8, 14), (12, 15), (-9, -2), (-3, 14)])
def test_cut_fills_with_zeros(start: int, stop: int) -> None:
    samples = np.arange(1, 11, dtype=np.float32)
    expected = [samples[i] if 0 <= i < 10 else 0 for i in range(start, stop)]
    np.testing.assert_array_equal(cut(samples, start, stop), expected)
