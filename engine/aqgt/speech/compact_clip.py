# SPDX-License-Identifier: GPL-3.0-or-later
"""Features of one clip for models that need no pretrained speech network: log-mel, onset beats, word vectors.

Frame `t` of a clip stands for the moment `t / 15` s. Every feature is computed at moments that are counted
from the clip's beginning and rounded to a sample one by one, so nothing drifts however long the clip is, and
any stretch of frames can be computed by itself. Only two numbers belong to the whole clip: the gain that
brings it to one level, and the loudness above which a sound counts as loud.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from aqgt.speech.audio import SAMPLE_RATE
from aqgt.speech.spectra import cut, mel_powers
from aqgt.words import Word

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
_AUDIBLE = 1e-3
# Samples looked at together in the pass over the whole clip (a multiple of the 50 ms of `level_gain`).
_PIECE = 60 * SAMPLE_RATE
#: Extra columns after the word vector: progress through the word, is speaking, time since the last word.
WORD_COLUMNS = 3


class VectorTable(Protocol):
    """What the features need of word vectors (`aqgt.speech.word_vectors.WordVectors`)."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    def phrase(self, text: str) -> FloatArray:
        """The vector of a text of one or more words."""


class Sizes(Protocol):
    """What the features need of their configuration (`aqgt.speech.features.CompactFeaturesConfig`)."""

    @property
    def fps(self) -> int: ...
    @property
    def n_mels(self) -> int: ...
    @property
    def mel_per_frame(self) -> int: ...
    @property
    def n_fft(self) -> int: ...
    @property
    def beats_per_frame(self) -> int: ...
    @property
    def word_dimension(self) -> int: ...
    @property
    def word_pause(self) -> float: ...


@dataclass(frozen=True)
class Levels:
    """The two numbers of the features that belong to a whole recording.

    Attributes:
        gain: the factor that brings its speech to one level.
        loud: the mean of its audible positive samples after that; None where nothing is audible.
    """

    gain: float
    loud: np.float32 | None


def levels_of(audio: FloatArray) -> Levels:
    """The levels of a recording `[N]` at 16 kHz."""
    gain = level_gain(audio)
    return Levels(gain, _loud_mean(audio, gain))


class CompactClip:
    """One clip; `frames` and `windows` give any part of its features.

    Args:
        config: sizes.
        vectors: word vectors, or None.
        audio: samples `[N]` at 16 kHz; kept, not copied.
        words: timed words.
        n_frames: T; sound beyond is ignored, missing sound counts as silence.
        window: frames of a window.
        levels: those of the recording that the clip is a part of; None: the clip's own.
    """

    def __init__(
        self,
        config: Sizes,
        vectors: VectorTable | None,
        audio: FloatArray,
        words: Sequence[Word],
        n_frames: int,
        window: int,
        levels: Levels | None = None,
    ) -> None:
        if n_frames < 0:
            raise ValueError(f"n_frames must not be negative: {n_frames}")
        self.config, self.vectors, self.n_frames, self.window = config, vectors, n_frames, window
        self._audio = np.asarray(audio, dtype=np.float32)
        if levels is None:
            steps = config.fps * config.beats_per_frame
            end = int(sample_at(np.array(n_frames * config.beats_per_frame), steps))
            gain = level_gain(self._audio)
            levels = Levels(gain, _loud_mean(self._audio[:end], gain))
        self._gain, self._loud = levels.gain, levels.loud
        self._words = sorted(words, key=lambda each: each.start)
        self._starts = np.array([word.start for word in self._words])
        self._ends = np.sort(np.array([word.end for word in self._words]))
        self._latest_end = np.maximum.accumulate(np.array([word.end for word in self._words]))

    def windows(self, starts: Sequence[int]) -> dict[str, NDArray[Any]]:
        """Features `[W, window, ...]` of windows that begin at the given frames; zeros outside the clip."""
        first = max(0, min(starts))
        stop = max(first, min(self.n_frames, max(starts) + self.window))
        block = self.frames(first, stop)
        return {
            name: np.stack([rows_of(array, start - first, self.window) for start in starts])
            for name, array in block.items()
        }

    def frames(self, first: int, stop: int) -> dict[str, FloatArray]:
        """The features of the clip's frames `first … stop` (T of them).

        Returns:
            ``mel [T, 4, n_mels]``: log power, -0.86 in silence, up to about 4; the four spectra of frame t
            lie around t/fps symmetrically.
            ``beats [T, 2, 90]``: 30 values for each of the frames t-1, t, t+1; row 0 is 1 where the sound is
            loud, row 1 the onset strength.
            ``words [T, D+3]``: vector of the word that sounds at t/fps, progress through it (0…1), 1 while a
            word sounds, time since the last word (0…1; 1 from `word_pause` seconds on and before any word).
        """
        return {
            "mel": self._mel(first, stop),
            "beats": self._beats(first, stop),
            "words": self._word_table(first, stop),
        }

    def _mel(self, first: int, stop: int) -> FloatArray:
        c = self.config
        position = np.arange(first * c.mel_per_frame, stop * c.mel_per_frame) - (c.mel_per_frame - 1) / 2
        power = self._powers(sample_at(position, c.fps * c.mel_per_frame), c.n_mels)
        power += _MEL_FLOOR
        mel = (np.log(power, out=power) - _MEL_MEAN) / _MEL_SPREAD
        return mel.reshape(stop - first, c.mel_per_frame, c.n_mels).astype(np.float32, copy=False)

    def _powers(self, centres: NDArray[np.int64], n_mels: int) -> FloatArray:
        n_fft = self.config.n_fft
        start, stop = (int(centres[0]) - n_fft, int(centres[-1]) + n_fft) if len(centres) else (0, 0)
        piece = cut(self._audio, start, stop) * np.float32(self._gain)
        return mel_powers(piece, centres - start, n_fft=n_fft, n_mels=n_mels, sample_rate=SAMPLE_RATE)

    def _beats(self, first: int, stop: int) -> FloatArray:
        n = self.config.beats_per_frame
        if stop <= first:
            return np.zeros((0, 2, 3 * n), np.float32)
        # A frame reads its neighbours too; there are none outside the clip.
        before, after = max(0, first - 1), min(self.n_frames, stop + 1)
        edges = sample_at(np.arange(before * n, after * n + 1), self.config.fps * n)
        rows = np.stack([self._gate(edges), self._onsets(edges)])
        missing = ((before - (first - 1)) * n, (stop + 1 - after) * n)
        padded = np.pad(rows, ((0, 0), missing))
        views = np.lib.stride_tricks.sliding_window_view(padded, 3 * n, axis=1)[:, ::n]
        return np.ascontiguousarray(views.transpose(1, 0, 2), dtype=np.float32)

    def _gate(self, edges: NDArray[np.int64]) -> FloatArray:
        """1 where the peak between two edges lies above the clip's mean of positive samples, else 0."""
        if self._loud is None:
            return np.zeros(len(edges) - 1, np.float32)
        sound = np.abs(cut(self._audio, int(edges[0]), int(edges[-1])) * np.float32(self._gain))
        peaks = np.maximum.reduceat(sound, edges[:-1] - edges[0])
        return (peaks > self._loud).astype(np.float32)

    def _onsets(self, edges: NDArray[np.int64]) -> FloatArray:
        level = self._powers(edges, _BEAT_BANDS)
        level += _MEL_FLOOR
        np.log(level, out=level)
        rise = np.maximum(0.0, np.diff(level, axis=0)).mean(axis=1)
        return (rise / _ONSET_SPREAD).astype(np.float32)

    def _word_table(self, first: int, stop: int) -> FloatArray:
        c = self.config
        table = np.zeros((stop - first, c.word_dimension + WORD_COLUMNS), np.float32)
        times = np.arange(first, stop) / c.fps
        silent_since = self._since_last_end(times)
        for word in self._sounding(times):
            begin, end = np.searchsorted(times, (word.start, word.end))
            silent_since[begin:end] = 0.0
            if begin == end:
                continue
            row = table[begin:end]
            if self.vectors is not None:
                row[:, : c.word_dimension] = self.vectors.phrase(word.text)
            row[:, c.word_dimension] = (times[begin:end] - word.start) / (word.end - word.start)
            row[:, c.word_dimension + 1] = 1.0
        table[:, c.word_dimension + 2] = np.minimum(1.0, silent_since / c.word_pause)
        return table

    def _since_last_end(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        ended = np.searchsorted(self._ends, times, side="right")
        since = np.full(len(times), np.inf)
        since[ended > 0] = times[ended > 0] - self._ends[ended[ended > 0] - 1]
        return since

    def _sounding(self, times: NDArray[np.float64]) -> Sequence[Word]:
        """The words that may sound at some of the times, in the order of their starts."""
        if len(times) == 0 or not self._words:
            return ()
        begin = np.searchsorted(self._latest_end, times[0], side="right")
        end = np.searchsorted(self._starts, times[-1], side="right")
        return self._words[begin:end]


def sample_at(position: NDArray[Any], per_second: int) -> NDArray[np.int64]:
    """The sample nearest to the moment `position / per_second`, for each position alone (no drift)."""
    return np.floor(np.asarray(position, dtype=np.float64) * SAMPLE_RATE / per_second + 0.5).astype(np.int64)


def normalise_level(audio: FloatArray) -> FloatArray:
    """The sound with its speech at a root mean square of 0.1: quiet and loud recordings look alike."""
    return (audio * np.float32(level_gain(audio))).astype(np.float32, copy=False)


def level_gain(audio: FloatArray) -> float:
    """The factor that brings a clip's speech to a root mean square of 0.1; 1 for silence.

    Speech is what lies within 20 dB of the loudest 0.3 s; pauses don't count.
    """
    block = SAMPLE_RATE // 20
    if len(audio) < block:
        power = np.array([np.mean(audio**2)]) if len(audio) else np.zeros(1)
    else:
        whole = audio[: len(audio) // block * block]
        power = np.concatenate([np.mean(piece.reshape(-1, block) ** 2, axis=1) for piece in _pieces(whole)])
    width = min(6, len(power))
    loudest = float(np.convolve(power, np.full(width, 1.0 / width), mode="valid").max())
    if loudest <= 0:
        return 1.0
    speech = power[power >= loudest / 100]
    return min(_MAX_GAIN, _LEVEL / float(np.sqrt(speech.mean() if speech.size else loudest)))


def _loud_mean(audio: FloatArray, gain: float) -> np.float32 | None:
    """Mean of the audible positive samples of a sound that is multiplied by ``gain``; None without any."""
    total, count = 0.0, 0
    for piece in _pieces(audio):
        scaled = piece * np.float32(gain)
        audible = scaled[scaled > _AUDIBLE]
        total, count = total + float(audible.sum(dtype=np.float64)), count + audible.size
    return np.float32(total / count) if count else None


def _pieces(audio: FloatArray) -> Iterator[FloatArray]:
    for start in range(0, len(audio), _PIECE):
        yield audio[start : start + _PIECE]


def rows_of(array: FloatArray, start: int, n: int) -> FloatArray:
    """Rows `start … start + n` of an array, zeros where it has none."""
    result = np.zeros((n, *array.shape[1:]), array.dtype)
    first, stop = max(0, start), min(len(array), start + n)
    if stop > first:
        result[first - start : stop - start] = array[first:stop]
    return result
