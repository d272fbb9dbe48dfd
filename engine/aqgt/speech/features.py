# SPDX-License-Identifier: GPL-3.0-or-later
"""What models read of a clip's sound and words, given window by window; and the features of compact models.

The features of an hour are larger than its sound, so a clip is opened once, and its windows are computed when
they are asked for. Only training, whose clips are short, takes a clip's features as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from aqgt.errors import AqgtError
from aqgt.speech.compact_clip import (
    WORD_COLUMNS,
    CompactClip,
    Levels,
    VectorTable,
    levels_of,
    normalise_level,
    rows_of,
    sample_at,
)
from aqgt.words import Word

__all__ = [
    "WORD_COLUMNS",
    "ClipFeatures",
    "CompactFeatures",
    "CompactFeaturesConfig",
    "Levels",
    "OpenClip",
    "VectorTable",
    "levels_of",
    "normalise_level",
    "sample_at",
]

WINDOW_FRAMES = 34

FloatArray = NDArray[np.float32]


class OpenClip(Protocol):
    """A clip whose windows can be asked for."""

    def windows(self, starts: Sequence[int]) -> dict[str, NDArray[Any]]:
        """The features of some windows.

        Args:
            starts: first frame of each window (W of them), ascending; may lie outside the clip.

        Returns:
            Arrays `[W, ...]` by the names the model's batch has; no two calls share memory.
        """


class ClipFeatures(Protocol):
    """Turns clips into what a model reads."""

    def open(self, audio: FloatArray, words: Sequence[Word], n_frames: int) -> OpenClip:
        """A clip: its samples `[N]` at 16 kHz, its timed words, and its length in frames."""


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
        window: frames of a window that `open`'s clips give.

    Raises:
        AqgtError: vectors of another dimension than the configuration's.
    """

    def __init__(
        self,
        config: CompactFeaturesConfig | None = None,
        vectors: VectorTable | None = None,
        window: int = WINDOW_FRAMES,
    ) -> None:
        self.config = config or CompactFeaturesConfig()
        self.vectors = vectors
        self.window_frames = window
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

    def open(
        self, audio: FloatArray, words: Sequence[Word], n_frames: int, levels: Levels | None = None
    ) -> CompactClip:
        """A clip of `n_frames`; sound beyond them is ignored, missing sound counts as silence.

        ``levels``: those of the recording that the clip is a part of; None: the clip's own.
        """
        return CompactClip(self.config, self.vectors, audio, words, n_frames, self.window_frames, levels)

    def prepare(self, audio: FloatArray, words: Sequence[Word], n_frames: int) -> dict[str, FloatArray]:
        """The features `[T, ...]` of a whole clip at once (see `CompactClip.frames`), for training."""
        return self.open(audio, words, n_frames).frames(0, n_frames)

    def window(
        self, features: Mapping[str, FloatArray], start_frame: int, n: int = WINDOW_FRAMES
    ) -> dict[str, FloatArray]:
        """Rows `start_frame … start_frame + n` of each array, zeros outside the clip."""
        return {name: rows_of(array, start_frame, n) for name, array in features.items()}
