# SPDX-License-Identifier: GPL-3.0-or-later
"""What the features of published models need of the networks that read raw sound and text.

The networks themselves come from elsewhere (`pretrained`); whatever follows these protocols can stand in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from numpy.typing import NDArray


class SoundEncoder(Protocol):
    """Reads windows of sound."""

    def logits(self, windows: NDArray[Any]) -> NDArray[Any]:
        """Speech recognition logits `[W, 113, 32]` of windows `[W, 36266]` of mean 0 and variance 1."""


class SentenceEncoder(Protocol):
    """Reads sentences."""

    def vectors(self, sentences: Sequence[str]) -> NDArray[Any]:
        """A vector for each sentence, `[W, 768]`; a sentence may be empty."""


class CodeEncoder(Protocol):
    """Quantises windows of sound."""

    def values(self, windows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Quantised values of the bottom and of the top level, `[W, 2304]` and `[W, 576]`.

        Args:
            windows: `[W, 36266]` samples from -1 to 1.
        """
