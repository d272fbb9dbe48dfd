# SPDX-License-Identifier: GPL-3.0-or-later
"""How strongly something acts at each frame of a clip, without edges that would show as jerks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_GROW_SECONDS = 1.0


def smoothed(values: NDArray, deviation: float) -> NDArray:
    """`[..., T]` smoothed by a Gaussian of so many frames; the ends repeat."""
    reach = int(np.ceil(3 * deviation))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    padded = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(reach, reach)], mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=-1)
    return windows @ (kernel / kernel.sum())


def growing(values: NDArray, grows_from: int | None, fps: float) -> NDArray:
    """`[..., T]` growing within a second from a frame where another motion goes on; None: as they are."""
    if grows_from is None:
        return values
    frames = np.arange(values.shape[-1])
    return values * np.clip((frames - grows_from + 1) / (_GROW_SECONDS * fps), 0, 1)
