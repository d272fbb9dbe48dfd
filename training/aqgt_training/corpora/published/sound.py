# SPDX-License-Identifier: GPL-3.0-or-later
"""Beat features of a training window, with one sample more than a window of inference has."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aqgt.speech.beats import N_VALUES

SAMPLE_RATE = 16_000
TRAINING_SAMPLES = 36_267
"""``round(34 / 15 · 16000)``; windows of inference have 36266."""
_LOUD = 1e-3


def training_beats(window: NDArray) -> NDArray[np.float32]:
    """Loudness gate and onset strength `[2, 1020]` of a window, with librosa as the published code does."""
    import librosa

    window = np.asarray(window, dtype=np.float32)
    step = len(window) // N_VALUES
    loud = window[window > _LOUD]
    at = np.minimum(np.arange(N_VALUES) * step + step // 2, len(window) - 1)
    gate = np.abs(window[at]) > loud.mean() if loud.size else np.zeros(N_VALUES)
    strength = librosa.onset.onset_strength(y=window, sr=SAMPLE_RATE, hop_length=step)
    first = (len(strength) - N_VALUES) // 2
    return np.stack([gate, strength[first : first + N_VALUES]]).astype(np.float32)
