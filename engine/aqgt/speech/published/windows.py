# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows of sound and words as the published code cuts and scales them."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt.speech.audio import SAMPLE_RATE
from aqgt.speech.beats import WINDOW_SAMPLES
from aqgt.speech.spectra import cut
from aqgt.words import Word

_SMALLEST_RANGE = 1e-7
_VARIANCE_FLOOR = 1e-7


def window_samples(audio: NDArray[Any], seconds: float) -> NDArray[Any]:
    """The 36266 samples from a moment on, zeros where the clip has none.

    The moment is turned into a sample as the published code does it, by the share of the clip's length.
    """
    start = math.floor(seconds / (len(audio) / SAMPLE_RATE) * len(audio))
    return cut(audio, start, start + WINDOW_SAMPLES)


def scaled(windows: NDArray[Any]) -> NDArray[Any]:
    """Windows `[W, N]`, each brought to -1 … 1 by its own extremes; a constant one becomes -1."""
    shifted = windows - windows.min(axis=1, keepdims=True)
    top = np.maximum(_SMALLEST_RANGE, shifted.max(axis=1, keepdims=True))
    return (shifted / (top / 2) - 1).astype(windows.dtype, copy=False)


def standardised(windows: NDArray[Any]) -> NDArray[Any]:
    """Windows `[W, N]`, each at mean 0 and variance 1, as speech recognition by wav2vec2 wants them."""
    centred = windows - windows.mean(axis=1, keepdims=True)
    variance = windows.var(axis=1, keepdims=True)
    return (centred / np.sqrt(variance + _VARIANCE_FLOOR)).astype(windows.dtype, copy=False)


class Transcript:
    """Timed words, from which the sentence of any stretch of time can be read."""

    def __init__(self, words: Sequence[Word]) -> None:
        self._words = sorted(words, key=lambda word: word.start)
        self._starts = [word.start for word in self._words]
        self._latest_end = list(accumulate((word.end for word in self._words), max))

    def sentence(self, start: float, end: float) -> str:
        """The words that sound between two moments, cut off at neither end, joined by blanks."""
        first = bisect_right(self._latest_end, start)
        words = self._words[first : bisect_left(self._starts, end)]
        return " ".join(word.text for word in words if word.end > start)
