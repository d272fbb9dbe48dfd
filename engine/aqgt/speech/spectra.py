# SPDX-License-Identifier: GPL-3.0-or-later
"""Spectra at exact times.

librosa would give the same numbers (a test compares them), but importing its onset module compiles for more
than ten seconds on a first run, and its frames lie a whole number of samples apart, which drifts against 15
frames a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BLOCK = 256  # spectra computed at once: they stay in the processor's cache, twice as fast as 2048


@lru_cache(maxsize=8)
def mel_filters(sample_rate: int, n_fft: int, n_mels: int) -> NDArray[np.float32]:
    """Triangular mel filters of equal area (Slaney's scale) up to half the rate: `[n_mels, n_fft//2+1]`."""
    frequencies = np.linspace(0.0, sample_rate / 2, n_fft // 2 + 1)
    edges = _mel_to_hertz(np.linspace(0.0, _hertz_to_mel(sample_rate / 2), n_mels + 2))
    width = np.diff(edges)
    ramps = edges[:, None] - frequencies[None, :]
    rising, falling = -ramps[:-2] / width[:-1, None], ramps[2:] / width[1:, None]
    filters = np.maximum(0.0, np.minimum(rising, falling))
    filters *= (2.0 / (edges[2:] - edges[:-2]))[:, None]
    filters.setflags(write=False)
    return filters.astype(np.float32)


# Slaney's scale: linear below 1 kHz (200/3 Hz each), logarithmic above (a factor of 6.4 in 27 steps).
_LINEAR, _CORNER, _STEP = 200.0 / 3, 1000.0, np.log(6.4) / 27.0


def _hertz_to_mel(hertz: float) -> float:
    if hertz < _CORNER:
        return hertz / _LINEAR
    return _CORNER / _LINEAR + float(np.log(hertz / _CORNER)) / _STEP


def _mel_to_hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    corner = _CORNER / _LINEAR
    return np.where(mel < corner, mel * _LINEAR, _CORNER * np.exp(_STEP * (np.maximum(mel, corner) - corner)))


@lru_cache(maxsize=8)
def hann(length: int) -> NDArray[np.float32]:
    """The periodic Hann window."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(np.float32)


def power_blocks(
    audio: NDArray[np.float32], centres: NDArray[np.integer[Any]], n_fft: int
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Power spectra around given samples, block by block.

    Args:
        audio: samples `[N]`; zeros are assumed on both sides of it.
        centres: sample index in the middle of each spectrum, `[M]`, ascending; may lie outside the audio.
        n_fft: length of the Hann window.

    Yields:
        (rows, power `[len(rows), n_fft//2+1]`)
    """
    from scipy.fft import rfft  # numpy 1.26's own would compute in float64

    window = hann(n_fft)
    for first in range(0, len(centres), _BLOCK):
        rows = slice(first, min(first + _BLOCK, len(centres)))
        starts = np.asarray(centres[rows], dtype=np.int64) - n_fft // 2
        piece = cut(audio, int(starts[0]), int(starts[-1]) + n_fft)
        frames = np.lib.stride_tricks.sliding_window_view(piece, n_fft)[starts - starts[0]]
        spectrum = rfft(frames * window, axis=1)
        yield rows, spectrum.real**2 + spectrum.imag**2


def mel_powers(
    audio: NDArray[np.float32],
    centres: NDArray[np.integer[Any]],
    *,
    n_fft: int,
    n_mels: int,
    sample_rate: int,
) -> NDArray[np.float32]:
    """Power in mel bands around given samples, `[M, n_mels]` (see `power_blocks`)."""
    filters = mel_filters(sample_rate, n_fft, n_mels).T
    result = np.empty((len(centres), n_mels), np.float32)
    for rows, power in power_blocks(audio, centres, n_fft):
        np.matmul(power, filters, out=result[rows])
    return result


def cut(audio: NDArray[np.float32], start: int, stop: int) -> NDArray[np.float32]:
    """Samples start–stop, with zeros where the audio has none."""
    inner = audio[max(0, min(start, len(audio))) : max(0, min(stop, len(audio)))]
    before = min(max(0, -start), stop - start)
    after = stop - start - before - len(inner)
    return np.pad(inner, (before, after)) if before or after else inner
