# SPDX-License-Identifier: GPL-3.0-or-later
"""Features of a clip for models that need no pretrained speech network: log-mel, onset beats, word vectors.

Frame `t` of a clip stands for the moment `t / 15` s. Every feature is computed at moments that are counted
from the clip's beginning and rounded to a sample one by one, so nothing drifts however long the clip is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from aqgt.errors import AqgtError
from aqgt.speech.audio import SAMPLE_RATE
from aqgt.speech.spectra import mel_powers
from aqgt.words import Word

WINDOW_FRAMES = 34

FloatArray = NDArray[np.float32]

# Root mean square that the speech of a clip is brought to, and the most that quiet sound is raised (60 dB).
_LEVEL, _MAX_GAIN = 0.1, 1000.0
# Added to the power of a mel band: it lies far below speech, and above the hiss of a fair recording.
_MEL_FLOOR = 1e-4
# Mean and standard deviation of log(power + floor) over 14 clips (86 s, three voices) brought to that level.
_MEL_MEAN, _MEL_SPREAD = -6.8, 2.8
# Standard deviation of the onset strength (nepers per step) over the same clips.
_ONSET_SPREAD = 0.07
_BEAT_BANDS = 40
#: Extra columns after the word vector: progress through the word, is speaking, time since the last word.
WORD_COLUMNS = 3


class VectorTable(Protocol):
    """What the features need of word vectors (`aqgt.speech.word_vectors.WordVectors`)."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    def phrase(self, text: str) -> FloatArray:
        """The vector of a text of one or more words."""


class ClipFeatures(Protocol):
    """Turns a clip's sound and words into the arrays that a model reads, one row for each frame."""

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of one frame of each array."""

    def prepare(self, audio: FloatArray, words: Sequence[Word], n_frames: int) -> dict[str, FloatArray]:
        """The arrays `[T, ...]` of a whole clip."""

    def window(
        self, features: Mapping[str, FloatArray], start_frame: int, n: int = WINDOW_FRAMES
    ) -> dict[str, FloatArray]:
        """Rows `start_frame … start_frame + n` of each array."""


class CompactFeaturesConfig(BaseModel):
    """What `CompactFeatures` computes; part of a model's configuration."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fps: int = Field(default=15, ge=1, le=120, description="frames per second of the motion")
    n_mels: int = Field(default=40, ge=8, le=128, description="mel bands")
    mel_per_frame: int = Field(
        default=4, ge=1, le=16, description="mel spectra for each frame (60 Hz at 15 fps)"
    )
    n_fft: int = Field(default=512, ge=64, le=4096, description="samples under one spectrum's window (32 ms)")
    beats_per_frame: int = Field(
        default=30, ge=1, le=60, description="beat values for each frame (450 Hz at 15 fps)"
    )
    word_dimension: int = Field(default=48, ge=1, le=1024, description="length of a word vector")
    word_pause: float = Field(default=2.0, gt=0, le=60, description="seconds without a word that count as 1")


class CompactFeatures:
    """Log-mel spectra, beats and word vectors of a clip.

    Args:
        config: sizes; the defaults are those of the shipped model.
        vectors: word vectors of `config.word_dimension` numbers. None: words are timed but not
            understood (their vectors are zero, the three timing columns remain).

    Raises:
        AqgtError: vectors of another dimension than the configuration's.
    """

    def __init__(
        self, config: CompactFeaturesConfig | None = None, vectors: VectorTable | None = None
    ) -> None:
        self.config = config or CompactFeaturesConfig()
        self.vectors = vectors
        if vectors is not None and vectors.dimension != self.config.word_dimension:
            raise AqgtError(
                f"The word vectors have {vectors.dimension} numbers, not {self.config.word_dimension}.",
                "Use the word vectors that were saved with the model.",
                "wrong-word-vectors",
            )

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of one frame of each array."""
        c = self.config
        return {
            "mel": (c.mel_per_frame, c.n_mels),
            "beats": (2, 3 * c.beats_per_frame),
            "words": (c.word_dimension + WORD_COLUMNS,),
        }

    def prepare(self, audio: FloatArray, words: Sequence[Word], n_frames: int) -> dict[str, FloatArray]:
        """The features of a whole clip; sound beyond `n_frames` is ignored, missing sound counts as silence.

        Args:
            audio: samples `[N]` at 16 kHz.
            words: timed words.
            n_frames: T.

        Returns:
            ``mel [T, 4, n_mels]``: log power, -0.86 in silence, up to about 4; the four spectra of frame t
            lie around t/fps symmetrically.
            ``beats [T, 2, 90]``: 30 values for each of the frames t-1, t, t+1; row 0 is 1 where the sound is
            loud, row 1 the onset strength.
            ``words [T, D+3]``: vector of the word that sounds at t/fps, progress through it (0…1), 1 while a
            word sounds, time since the last word (0…1; 1 from `word_pause` seconds on and before any word).
        """
        if n_frames < 0:
            raise ValueError(f"n_frames must not be negative: {n_frames}")
        audio = normalise_level(np.asarray(audio, dtype=np.float32))
        return {
            "mel": self._mel(audio, n_frames),
            "beats": self._beats(audio, n_frames),
            "words": self._words(words, n_frames),
        }

    def window(
        self, features: Mapping[str, FloatArray], start_frame: int, n: int = WINDOW_FRAMES
    ) -> dict[str, FloatArray]:
        """Rows `start_frame … start_frame + n` of each array, zeros outside the clip."""
        return {name: _rows(array, start_frame, n) for name, array in features.items()}

    def _mel(self, audio: FloatArray, n_frames: int) -> FloatArray:
        c = self.config
        per_second = c.fps * c.mel_per_frame
        position = np.arange(n_frames * c.mel_per_frame) - (c.mel_per_frame - 1) / 2
        centres = sample_at(position, per_second)
        power = mel_powers(audio, centres, n_fft=c.n_fft, n_mels=c.n_mels, sample_rate=SAMPLE_RATE)
        power += _MEL_FLOOR
        mel = (np.log(power, out=power) - _MEL_MEAN) / _MEL_SPREAD
        return mel.reshape(n_frames, c.mel_per_frame, c.n_mels).astype(np.float32, copy=False)

    def _beats(self, audio: FloatArray, n_frames: int) -> FloatArray:
        n = self.config.beats_per_frame
        edges = sample_at(np.arange(n_frames * n + 1), self.config.fps * n)
        rows = np.stack([_gate(audio, edges), self._onsets(audio, edges)])
        padded = np.pad(rows, ((0, 0), (n, n)))
        if n_frames == 0:
            return np.zeros((0, 2, 3 * n), np.float32)
        views = np.lib.stride_tricks.sliding_window_view(padded, 3 * n, axis=1)[:, ::n]
        return np.ascontiguousarray(views.transpose(1, 0, 2), dtype=np.float32)

    def _onsets(self, audio: FloatArray, edges: NDArray[np.int64]) -> FloatArray:
        level = mel_powers(audio, edges, n_fft=self.config.n_fft, n_mels=_BEAT_BANDS, sample_rate=SAMPLE_RATE)
        level += _MEL_FLOOR
        np.log(level, out=level)
        rise = np.maximum(0.0, np.diff(level, axis=0)).mean(axis=1)
        return (rise / _ONSET_SPREAD).astype(np.float32)

    def _words(self, words: Sequence[Word], n_frames: int) -> FloatArray:
        c = self.config
        table = np.zeros((n_frames, c.word_dimension + WORD_COLUMNS), np.float32)
        times = np.arange(n_frames) / c.fps
        silent_since = np.full(n_frames, np.inf)
        for word in sorted(words, key=lambda each: each.start):
            first, stop, after = np.searchsorted(times, (word.start, word.end, word.end))
            silent_since[after:] = np.minimum(silent_since[after:], times[after:] - word.end)
            silent_since[first:stop] = 0.0
            if first == stop:
                continue
            row = table[first:stop]
            if self.vectors is not None:
                row[:, : c.word_dimension] = self.vectors.phrase(word.text)
            row[:, c.word_dimension] = (times[first:stop] - word.start) / (word.end - word.start)
            row[:, c.word_dimension + 1] = 1.0
        table[:, c.word_dimension + 2] = np.minimum(1.0, silent_since / c.word_pause)
        return table


def sample_at(position: NDArray[Any], per_second: int) -> NDArray[np.int64]:
    """The sample nearest to the moment `position / per_second`, for each position alone (no drift)."""
    return np.floor(np.asarray(position, dtype=np.float64) * SAMPLE_RATE / per_second + 0.5).astype(np.int64)


def normalise_level(audio: FloatArray) -> FloatArray:
    """The sound with its speech at a root mean square of 0.1, so that quiet and loud recordings look alike.

    Speech is what lies within 20 dB of the loudest 0.3 s; pauses don't count. Silence stays silent.
    """
    block = SAMPLE_RATE // 20
    n_blocks = len(audio) // block
    if n_blocks == 0:
        power = np.array([np.mean(audio**2)]) if len(audio) else np.zeros(1)
    else:
        power = np.mean(audio[: n_blocks * block].reshape(n_blocks, block) ** 2, axis=1)
    width = min(6, len(power))
    loudest = float(np.convolve(power, np.full(width, 1.0 / width), mode="valid").max())
    if loudest <= 0:
        return audio
    speech = power[power >= loudest / 100]
    gain = min(_MAX_GAIN, _LEVEL / float(np.sqrt(speech.mean() if speech.size else loudest)))
    return (audio * np.float32(gain)).astype(np.float32, copy=False)


def _gate(audio: FloatArray, edges: NDArray[np.int64]) -> FloatArray:
    """1 where the peak between two edges lies above the mean of the positive samples, else 0."""
    sound = audio[: edges[-1]]
    loud = sound[sound > 1e-3]
    n = len(edges) - 1
    if loud.size == 0 or n == 0:
        return np.zeros(n, np.float32)
    padded = np.zeros(int(edges[-1]), np.float32)
    padded[: len(sound)] = np.abs(sound)
    return (np.maximum.reduceat(padded, edges[:-1]) > loud.mean()).astype(np.float32)


def _rows(array: FloatArray, start: int, n: int) -> FloatArray:
    result = np.zeros((n, *array.shape[1:]), array.dtype)
    first, stop = max(0, start), min(len(array), start + n)
    if stop > first:
        result[first - start : stop - start] = array[first:stop]
    return result
