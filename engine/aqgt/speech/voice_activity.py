# SPDX-License-Identifier: GPL-3.0-or-later
"""Where somebody speaks, judged by energy alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aqgt.speech.audio import SAMPLE_RATE

HOP = SAMPLE_RATE // 100  # one level every 10 ms


def levels(audio: NDArray[np.float32]) -> NDArray[np.float64]:
    """Level in dB of full scale in every 10 ms, over 25 ms around its middle; `[ceil(N / 160)]`."""
    n = -(-len(audio) // HOP)
    width = SAMPLE_RATE // 40
    padded = np.zeros(n * HOP + 2 * width)
    padded[width : width + len(audio)] = audio.astype(np.float64) ** 2
    total = np.concatenate([[0.0], np.cumsum(padded)])
    start = width + np.arange(n) * HOP + HOP // 2 - width // 2
    power = np.maximum(0.0, total[start + width] - total[start]) / width
    return 10 * np.log10(power + 1e-10)


def speech_parts(
    audio: NDArray[np.float32], *, pause: float = 0.25, shortest: float = 0.08
) -> list[tuple[float, float]]:
    """Stretches of speech as (start, end) in seconds.

    Speech lies well above the recording's own noise and not too far below its loudest part. Nothing is found
    in silence.

    Args:
        audio: mono samples at 16 kHz.
        pause: shorter gaps belong to the speech around them.
        shortest: shorter stretches are clicks.
    """
    if len(audio) == 0:
        return []
    level = levels(audio)
    loudest, noise = np.percentile(level, 97), np.percentile(level, 5)
    if loudest < -75:
        return []
    # Without pauses, or with noise throughout, both percentiles lie close: then a drop of 25 dB is a pause.
    threshold = max(loudest - 35, min(noise + 10, loudest - 15))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], level > threshold, [False]]).astype(int)))
    parts: list[tuple[float, float]] = []
    end_of_audio = len(audio) / SAMPLE_RATE
    for start, end in zip(edges[::2] / 100, np.minimum(edges[1::2] / 100, end_of_audio), strict=True):
        if parts and start - parts[-1][1] < pause:
            parts[-1] = (parts[-1][0], float(end))
        else:
            parts.append((float(start), float(end)))
    return [part for part in parts if part[1] - part[0] >= shortest]


def quietest(level: NDArray[np.float64], first: int, stop: int, width: int = 30) -> int:
    """The middle of the quietest `width` values between two of them (see `levels`)."""
    smooth = np.convolve(level[first:stop], np.full(width, 1 / width), mode="same")
    edge = min(width // 2, (stop - first - 1) // 2)  # the ends average over less
    return first + edge + int(smooth[edge : len(smooth) - edge].argmin())
