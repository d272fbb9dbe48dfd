# SPDX-License-Identifier: GPL-3.0-or-later
"""The last seconds of a sound that is still being made, and their words; bounded, however long it is."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aqgt.protocol.messages import SAMPLE_RATE
from aqgt.words import Word

CONTEXT_SECONDS = 20
"""Seconds before a window that are kept: loudness and stress are judged by them."""


class LiveSound:
    """Samples and words, counted from the beginning although only the last ones are kept."""

    def __init__(self) -> None:
        self._parts: deque[NDArray[np.float32]] = deque()
        self._first = 0
        self.heard = 0
        """Samples that have arrived."""
        self._words: list[Word] = []

    def add(self, audio: NDArray[np.float32], words: Sequence[Word]) -> None:
        """More of both."""
        if len(audio):
            self._parts.append(np.asarray(audio, dtype=np.float32))
            self.heard += len(audio)
        self._words = sorted([*self._words, *words], key=lambda word: word.start)

    def forget_before(self, second: float) -> float:
        """Keep what a window that begins at ``second`` needs; returns the second from which it is kept.

        That is a whole one, since features are counted by frames, of which a second holds a whole number.
        """
        origin = max(0, math.floor(second) - CONTEXT_SECONDS)
        while self._parts and self._first + len(self._parts[0]) <= origin * SAMPLE_RATE:
            self._first += len(self._parts.popleft())
        self._words = [word for word in self._words if word.start >= origin]
        return float(origin)

    def since(self, origin: float, until: int) -> tuple[NDArray[np.float32], list[Word]]:
        """The samples from a second to a sample, and the words that begin in them, in their own times."""
        whole = np.concatenate(self._parts) if self._parts else np.zeros(0, np.float32)
        first = round(origin * SAMPLE_RATE)
        audio = whole[first - self._first : until - self._first]
        return audio, [word for word in self._words if word.start * SAMPLE_RATE < until]
