# SPDX-License-Identifier: GPL-3.0-or-later
"""The motion as far as it has come."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aqgt.skeleton import N_JOINTS

UNSETTLED = 4
"""Frames at the end that the next window may still change."""


class Buffer:
    """Frames of one variant, put in as they arrive."""

    def __init__(self) -> None:
        self._vectors: NDArray[np.float32] = np.empty((256, N_JOINTS, 3), np.float32)
        self.length = 0
        """Frames that are there."""

    def put(self, start: int, vectors: NDArray[np.float32]) -> None:
        """Put in frames `[t, 53, 3]` that begin at frame ``start``, over what is there."""
        end = start + len(vectors)
        if end > len(self._vectors):
            grown = np.empty((max(end, 2 * len(self._vectors)), N_JOINTS, 3), np.float32)
            grown[: self.length] = self._vectors[: self.length]
            self._vectors = grown
        self._vectors[start:end] = vectors
        self.length = max(self.length, end)

    @property
    def settled(self) -> int:
        """Frames that will not change any more, as long as more are to come."""
        return max(0, self.length - UNSETTLED)

    def frames(self, first: int, last: int) -> NDArray[np.float32]:
        """Frames from ``first`` up to, not including, ``last``, as far as they are there."""
        return self._vectors[max(first, 0) : min(last, self.length)]
