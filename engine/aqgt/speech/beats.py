# SPDX-License-Identifier: GPL-3.0-or-later
"""Beat features of one window, exactly as AQ-GT reads them (two rows of 1020 values for 36266 samples)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aqgt.speech.audio import SAMPLE_RATE
from aqgt.speech.spectra import mel_powers

WINDOW_SAMPLES = 36266  # 34 frames at 15 fps
N_VALUES = 1020  # 30 for each frame
_STEP = WINDOW_SAMPLES // N_VALUES
_LOUD = 1e-3
_DYNAMIC_RANGE_DB = 80.0


def beat_features(window: NDArray[np.float32]) -> NDArray[np.float32]:
    """Loudness gate and onset strength of one window.

    Args:
        window: 36266 samples at 16 kHz, not scaled.

    Returns:
        `[2, 1020]`: row 0 is 1 where the sample lies above the mean of the window's positive samples,
        row 1 the onset strength in dB per step.

    Raises:
        ValueError: another number of samples.
    """
    if window.shape != (WINDOW_SAMPLES,):
        raise ValueError(f"one window holds {WINDOW_SAMPLES} samples, not {window.shape}")
    window = window.astype(np.float32, copy=False)
    return np.stack([_gate(window), _onsets(window)]).astype(np.float32)


def _gate(window: NDArray[np.float32]) -> NDArray[np.float32]:
    loud = window[window > _LOUD]
    if loud.size == 0:
        return np.zeros(N_VALUES, np.float32)
    at = _STEP * np.arange(N_VALUES) + _STEP // 2
    return (np.abs(window[at]) > loud.mean()).astype(np.float32)


def _onsets(window: NDArray[np.float32]) -> NDArray[np.float32]:
    n_fft = 2048
    centres = np.arange(0, len(window) + 1, _STEP)
    bands = mel_powers(window, centres, n_fft=n_fft, n_mels=128, sample_rate=SAMPLE_RATE)
    level = 10.0 * np.log10(np.maximum(bands, 1e-10))
    level = np.maximum(level, level.max() - _DYNAMIC_RANGE_DB)
    rise = np.maximum(0.0, np.diff(level, axis=0)).mean(axis=1)
    # The difference begins at the second spectrum; half a spectrum of hops more puts it where its sound is.
    delay = 1 + n_fft // (2 * _STEP)
    strength = np.pad(rise, (delay, 0))[: len(centres)]
    first = (len(strength) - N_VALUES) // 2
    return strength[first : first + N_VALUES]
