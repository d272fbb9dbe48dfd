# SPDX-License-Identifier: GPL-3.0-or-later
"""Loudness, pitch and onsets of speech at 100 Hz, and what they say about each word's stress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aqgt.speech.audio import SAMPLE_RATE
from aqgt.speech.features import normalise_level
from aqgt.speech.spectra import cut, hann, mel_powers
from aqgt.speech.voice_activity import levels, speech_parts
from aqgt.words import Word

FRAME_RATE = 100
_HOP = SAMPLE_RATE // FRAME_RATE
_LOWEST_HERTZ, _HIGHEST_HERTZ = 65.0, 400.0  # above the hum of the mains in half of the world
_PITCH_WINDOW = 640  # 40 ms: two periods of the lowest pitch and more
_VOICED = 0.45  # normalised autocorrelation from which a frame counts as voiced
# Power of a windowed frame that lies 25 dB below the speech level: fainter frames have no pitch worth having.
_FAINT = 0.01 * 0.375 * _PITCH_WINDOW * 10**-2.5
_BLOCK = 2048
_PHRASE_PAUSE = 0.25
_CLEAR_ONSET = 0.6  # nepers in 10 ms: about the strongest tenth of speech
# What a stressed word shows, and how much of each counts.
_WEIGHTS = {"energy": 0.45, "pitch": 0.3, "duration": 0.25}


@dataclass(frozen=True)
class WordProsody:
    """How one word is said, compared with the clip's other words.

    Attributes:
        word: the word.
        energy, pitch, duration: z-scores of its peak level, its highest pitch and its length for its letters;
            0 where it can't be told.
        stress: 0…1; 0.5 is an ordinary word.
        peak: the moment of its loudest sound, in seconds.
    """

    word: Word
    energy: float
    pitch: float
    duration: float
    stress: float
    peak: float


@dataclass(frozen=True)
class Prosody:
    """Prosody of a clip; arrays `[T]` at 100 Hz, entry i at (i + 0.5) / 100 s.

    Attributes:
        energy: level in dB of full scale, after the clip's speech was brought to -20 dB.
        pitch: fundamental frequency in Hz, 0 where nothing is voiced.
        onset: onset strength, at least 0, about 1 at a clear onset.
        words: one entry for each word, in their order.
        phrases: stretches of speech between pauses, (start, end) in seconds.
        pauses: silences of a quarter of a second and more, also before the first and after the last phrase.
    """

    energy: NDArray[np.float32]
    pitch: NDArray[np.float32]
    onset: NDArray[np.float32]
    words: tuple[WordProsody, ...]
    phrases: tuple[tuple[float, float], ...]
    pauses: tuple[tuple[float, float], ...]

    frame_rate: int = FRAME_RATE


def analyse(audio: NDArray[np.float32], words: Sequence[Word] = ()) -> Prosody:
    """Prosody of a clip.

    Args:
        audio: mono samples `[N]` at 16 kHz; silence and an empty array give zeros and no phrase.
        words: timed words; without them only the frame-wise part is filled.
    """
    audio = normalise_level(np.asarray(audio, dtype=np.float32))
    energy = levels(audio).astype(np.float32)
    pitch = fundamental_frequency(audio)
    onset = _onset_strength(audio, len(energy))
    phrases = speech_parts(audio, pause=_PHRASE_PAUSE)
    return Prosody(
        energy=energy,
        pitch=pitch,
        onset=onset,
        words=_words(words, energy, pitch),
        phrases=tuple(phrases),
        pauses=_pauses(phrases, len(audio) / SAMPLE_RATE),
    )


def fundamental_frequency(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pitch in Hz every 10 ms `[ceil(N / 160)]`, 0 where unvoiced.

    It is the first strong peak of the autocorrelation, divided by that of the window so that long periods
    are not at a disadvantage. The sound's speech must have a root mean square of 0.1.
    """
    from scipy.fft import irfft, rfft

    n = -(-len(audio) // _HOP)
    shortest, longest = int(SAMPLE_RATE / _HIGHEST_HERTZ), int(SAMPLE_RATE / _LOWEST_HERTZ) + 1
    window, n_fft = hann(_PITCH_WINDOW), 1024  # longest lag + window fit, so nothing wraps around
    own = irfft(np.abs(rfft(window, n_fft)) ** 2)[: longest + 2]
    own /= own[0]
    pitch = np.zeros(n, np.float32)
    for first in range(0, n, _BLOCK):
        stop = min(n, first + _BLOCK)
        begin = first * _HOP + _HOP // 2 - _PITCH_WINDOW // 2
        piece = cut(audio, begin, begin + (stop - first - 1) * _HOP + _PITCH_WINDOW)
        frames = np.lib.stride_tricks.sliding_window_view(piece, _PITCH_WINDOW)[::_HOP]
        frames = (frames - frames.mean(axis=1, keepdims=True)) * window
        spectrum = rfft(frames, n_fft, axis=1)
        correlation = irfft(spectrum.real**2 + spectrum.imag**2, axis=1)[:, : longest + 2]
        power = correlation[:, :1].copy()
        correlation /= (power + 1e-9) * own
        pitch[first:stop] = _peaks(correlation, shortest, longest)
        pitch[first:stop][power[:, 0] < _FAINT] = 0.0
    return _without_jumps(pitch)


def _peaks(correlation: NDArray[np.float32], shortest: int, longest: int) -> NDArray[np.float32]:
    inner = correlation[:, shortest : longest + 1]
    before, after = correlation[:, shortest - 1 : longest], correlation[:, shortest + 1 : longest + 2]
    is_peak = (inner >= before) & (inner > after)
    best = np.where(is_peak, inner, -1.0).max(axis=1)
    # The first peak nearly as high as the best: multiples of the period are as good, and not meant.
    strong = is_peak & (inner >= np.maximum(_VOICED, 0.9 * best)[:, None])
    column = strong.argmax(axis=1)
    row = np.arange(len(inner))
    y0, y1, y2 = before[row, column], inner[row, column], after[row, column]
    bend = y0 - 2 * y1 + y2
    offset = np.where(bend < 0, 0.5 * (y0 - y2) / np.where(bend < 0, bend, -1.0), 0.0)
    hertz = SAMPLE_RATE / (shortest + column + np.clip(offset, -0.5, 0.5))
    return np.where(strong.any(axis=1), hertz, 0.0).astype(np.float32)


def _without_jumps(pitch: NDArray[np.float32]) -> NDArray[np.float32]:
    """Single frames that leave their neighbours (octave errors, voiced clicks) are set right."""
    if len(pitch) < 5:
        return pitch
    around = np.lib.stride_tricks.sliding_window_view(np.pad(pitch, 2), 5)
    voiced = (around > 0).sum(axis=1)
    median = np.median(around, axis=1)
    away = (np.abs(pitch - median) > 0.2 * median) & (pitch > 0)
    result = np.where(away & (voiced >= 4), median, pitch)
    return np.where(voiced >= 3, result, 0.0).astype(np.float32)


def _onset_strength(audio: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    centres = np.arange(-1, n) * _HOP + _HOP // 2
    if n == 0:
        return np.zeros(0, np.float32)
    level = np.log(mel_powers(audio, centres, n_fft=512, n_mels=40, sample_rate=SAMPLE_RATE) + 1e-4)
    rise = np.maximum(0.0, np.diff(level, axis=0)).mean(axis=1)
    return (rise / _CLEAR_ONSET).astype(np.float32)


def _words(
    words: Sequence[Word], energy: NDArray[np.float32], pitch: NDArray[np.float32]
) -> tuple[WordProsody, ...]:
    if not words:
        return ()
    loudest, highest, lengths, peaks = [], [], [], []
    for word in words:
        first = min(int(word.start * FRAME_RATE), max(0, len(energy) - 1))
        stop = max(first + 1, int(np.ceil(word.end * FRAME_RATE)))
        inside, tones = energy[first:stop], pitch[first:stop]
        tones = tones[tones > 0]
        at = int(inside.argmax()) if inside.size else 0
        loudest.append(float(inside[at]) if inside.size else np.nan)
        highest.append(12 * float(np.log2(np.percentile(tones, 90))) if tones.size >= 3 else np.nan)
        lengths.append(np.log((word.end - word.start + 0.05) / (_letters(word.text) + 2)))
        peaks.append(float(np.clip((first + at + 0.5) / FRAME_RATE, word.start, word.end)))
    estimated = np.array([word.estimated for word in words])
    measures = {
        "energy": _z_scores(np.array(loudest)),
        "pitch": _z_scores(np.array(highest)),
        "duration": _z_scores(np.where(estimated, np.nan, lengths)),
    }
    total = sum(weight * measures[name] for name, weight in _WEIGHTS.items())
    stress = 1.0 / (1.0 + np.exp(-2.0 * np.asarray(total)))
    return tuple(
        WordProsody(
            word,
            float(measures["energy"][i]),
            float(measures["pitch"][i]),
            float(measures["duration"][i]),
            float(stress[i]),
            peaks[i],
        )
        for i, word in enumerate(words)
    )


def _letters(text: str) -> int:
    return sum(letter.isalnum() for letter in text)


def _z_scores(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance from the mean in standard deviations, cut at ±3; 0 for what is unknown or all alike."""
    known = values[np.isfinite(values)]
    spread = float(known.std()) if known.size > 1 else 0.0
    if spread < 1e-6:
        return np.zeros(len(values))
    return np.where(np.isfinite(values), np.clip((values - known.mean()) / spread, -3.0, 3.0), 0.0)


def _pauses(phrases: Sequence[tuple[float, float]], seconds: float) -> tuple[tuple[float, float], ...]:
    edges = [0.0, *(time for phrase in phrases for time in phrase), seconds]
    gaps = zip(edges[::2], edges[1::2], strict=True)
    return tuple((start, end) for start, end in gaps if end - start >= _PHRASE_PAUSE)
