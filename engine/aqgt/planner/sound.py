# SPDX-License-Identifier: GPL-3.0-or-later
"""What the planner hears: a loudness curve, pauses, and where it swells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aqgt.speech.audio import SAMPLE_RATE
from aqgt.speech.prosody import WordProsody, analyse
from aqgt.words import Word

RATE = 100
"""Values of a curve per second."""
_FLOOR_DB = -60.0


@dataclass(frozen=True)
class Sound:
    """Curves at 100 Hz.

    Attributes:
        loudness: `[N]` decibels against the clip's loud parts (95th percentile = 0), floored at -60.
        speech: `[N]` True where somebody speaks.
        duration: seconds.
        words: how each word is said, where there are both words and sound.
    """

    loudness: NDArray[np.float64]
    speech: NDArray[np.bool_]
    duration: float
    words: tuple[WordProsody, ...] = ()

    def level(self, start: float, end: float) -> float:
        """The loudest moment between two seconds, in decibels (-60 where there is no sound)."""
        first, last = int(max(start, 0.0) * RATE), int(np.ceil(end * RATE))
        part = self.loudness[first : max(last, first + 1)]
        return float(part.max()) if len(part) else _FLOOR_DB

    def peak_time(self, start: float, end: float) -> float:
        """Second of the loudest moment between two seconds; a third into it where there is no sound."""
        first, last = int(max(start, 0.0) * RATE), int(np.ceil(end * RATE))
        part = self.loudness[first:last]
        if len(part) == 0 or part.max() - part.min() < 1.0:
            return start + (end - start) / 3
        return (first + int(part.argmax()) + 0.5) / RATE

    def pauses(self, shortest: float) -> list[tuple[float, float]]:
        """Stretches without speech of at least ``shortest`` seconds, those at the ends included."""
        return [(a / RATE, b / RATE) for a, b in _runs(~self.speech) if b - a >= shortest * RATE]

    @property
    def speech_seconds(self) -> float:
        """Seconds in which somebody speaks."""
        return float(self.speech.sum()) / RATE

    def swells(self, spacing: float = 0.25) -> list[tuple[float, float]]:
        """Peaks of loudness during speech as (second, strength 0–1), at least ``spacing`` seconds apart."""
        reach = max(1, int(spacing * RATE))
        found: list[tuple[float, float]] = []
        # Whatever is the loudest around is no softer than its neighbours; few moments are, and are looked at.
        before, after = np.r_[-np.inf, self.loudness[:-1]], np.r_[self.loudness[1:], -np.inf]
        peaks = (self.loudness >= before) & (self.loudness >= after) & self.speech
        for at in np.flatnonzero(peaks).tolist():
            around = self.loudness[max(0, at - reach) : at + reach + 1]
            if self.loudness[at] == around.max():
                rise = self.loudness[at] - self.loudness[max(0, at - 2 * reach) : at + 1].min()
                if rise >= 3.0 and (not found or at / RATE - found[-1][0] >= spacing):
                    found.append((at / RATE, float(np.clip(1 + self.loudness[at] / 20, 0, 1))))
        return found


def hear(
    audio: NDArray | None,
    words: Sequence[Word],
    duration: float | None,
    *,
    softest_voice: float | None = None,
) -> Sound:
    """Listen to mono 16 kHz audio `[N]` (may be None) and timed words (may be empty).

    ``softest_voice``: decibels of full scale below which the loud parts are no speech but a room's noise;
    None: whatever is loudest counts as loud.
    """
    samples = np.zeros(0) if audio is None else np.asarray(audio, dtype=np.float64).ravel()
    if duration is None:
        duration = max(len(samples) / SAMPLE_RATE, max((word.end for word in words), default=0.0))
    n = max(1, int(np.ceil(duration * RATE)))
    loudness = _loudness(samples, n, softest_voice) if len(samples) else np.full(n, _FLOOR_DB)
    speech = np.zeros(n, dtype=bool)
    if words:
        for word in words:
            speech[int(word.start * RATE) : int(np.ceil(word.end * RATE))] = True
        if not len(samples):
            loudness = np.where(speech, -8.0, _FLOOR_DB)
    else:
        speech = _close_gaps(loudness > -28.0, int(0.25 * RATE))
    heard = bool(words) and len(samples) > 0 and loudness.max() > _FLOOR_DB
    prosody = analyse(samples.astype(np.float32), words).words if heard else ()
    return Sound(loudness, speech, duration, prosody)


def _loudness(samples: NDArray, n: int, softest_voice: float | None = None) -> NDArray[np.float64]:
    hop = SAMPLE_RATE // RATE
    padded = np.zeros(n * hop)
    padded[: min(len(samples), n * hop)] = samples[: n * hop]
    power = (padded.reshape(n, hop) ** 2).mean(axis=1)
    kernel = np.hanning(9)
    power = np.convolve(power, kernel / kernel.sum(), mode="same")
    level = 10 * np.log10(np.maximum(power, 1e-10))
    loud = np.percentile(level, 95)
    if loud < -70.0:  # digital silence: nothing is louder than anything
        return np.full(n, _FLOOR_DB)
    if softest_voice is not None:
        loud = max(loud, softest_voice)
    return np.clip(level - loud, _FLOOR_DB, 6.0)


def _runs(mask: NDArray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _close_gaps(mask: NDArray, longest: int) -> NDArray[np.bool_]:
    closed = mask.copy()
    for start, end in _runs(~mask):
        if start > 0 and end < len(mask) and end - start <= longest:
            closed[start:end] = True
    for start, end in _runs(closed):
        if end - start < 8:  # clicks
            closed[start:end] = False
    return closed
