# SPDX-License-Identifier: GPL-3.0-or-later
"""The inputs of the published models that come from sound and words, window by window.

Beats are measured on the window as it is; all else on the window brought to -1 … 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt.speech.beats import beat_features
from aqgt.speech.published.encoders import CodeEncoder, SentenceEncoder, SoundEncoder
from aqgt.speech.published.windows import Transcript, scaled, standardised, window_samples
from aqgt.words import Word


class PublishedFeatures:
    """Features of the published models.

    Args:
        codes: quantises sound.
        sound: reads sound.
        sentences: reads words.
        fps: frames per second of the motion.
        window: frames of a window.
    """

    def __init__(
        self,
        codes: CodeEncoder,
        sound: SoundEncoder,
        sentences: SentenceEncoder,
        *,
        fps: float = 15.0,
        window: int = 34,
    ) -> None:
        self.codes, self.sound, self.sentences = codes, sound, sentences
        self.fps, self.window = fps, window

    def open(self, audio: NDArray[np.float32], words: Sequence[Word], n_frames: int) -> PublishedClip:
        """A clip; ``n_frames`` is not needed, since a window's sound ends where the samples do."""
        return PublishedClip(self, audio, words)


class PublishedClip:
    """One clip; its samples are kept as they are, neither copied nor changed."""

    def __init__(
        self, features: PublishedFeatures, audio: NDArray[np.float32], words: Sequence[Word]
    ) -> None:
        self._features, self._audio = features, audio
        self._transcript = Transcript(words)

    def windows(self, starts: Sequence[int]) -> dict[str, NDArray[Any]]:
        """Features of windows that begin at the given frames.

        Returns:
            ``beats [W, 2, 1020]``, ``audio_bottom [W, 2304]``, ``audio_top [W, 576]``,
            ``logits [W, 113, 32]``, ``sentence [W, 768]``.
        """
        features = self._features
        sound = np.stack([window_samples(self._audio, start / features.fps) for start in starts])
        level = scaled(sound)
        bottom, top = features.codes.values(level)
        sentences = [
            self._transcript.sentence(start / features.fps, (start + features.window) / features.fps)
            for start in starts
        ]
        return {
            "beats": np.stack([beat_features(window) for window in sound]),
            "audio_bottom": bottom,
            "audio_top": top,
            "logits": features.sound.logits(standardised(level)),
            "sentence": features.sentences.vectors(sentences),
        }
