# SPDX-License-Identifier: GPL-3.0-or-later
"""How a clip is cut into overlapping windows."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def window_starts(n_frames: int, window: int, overlap: int) -> list[int]:
    """First frames of the windows that cover ``n_frames``; neighbours share ``overlap`` frames."""
    stride = window - overlap
    n_windows = 1 if n_frames <= window else -(-(n_frames - window) // stride) + 1
    return [stride * index for index in range(n_windows)]


def published_starts(seconds: float, window: int, overlap: int, fps: float) -> list[int]:
    """First frames of the windows that the published code makes for so many seconds of sound.

    It counts them by the length in seconds and not in frames, so that there may be one more than needed; that
    one takes part in the last cross-fade.
    """
    length, stride = window / fps, (window - overlap) / fps
    n_windows = 1 if seconds < length else math.ceil((seconds - length) / stride) + 1
    return [(window - overlap) * index for index in range(n_windows)]


def frames_of(track: NDArray, start: int, n_frames: int) -> NDArray:
    """Frames ``start`` to ``start + n_frames`` of `[..., T]`; beyond its ends the end frames repeat."""
    return track[..., np.clip(np.arange(start, start + n_frames), 0, track.shape[-1] - 1)]
