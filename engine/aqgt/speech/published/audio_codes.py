# SPDX-License-Identifier: GPL-3.0-or-later
"""Quantised sound values of a window: what the published audio VQ makes of its nine chunks of 0.25 s."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from aqgt.models.vq import VqVae

N_CHUNKS, CHUNK_SAMPLES = 9, 4000
PICTURE = (64, 64)
"""A chunk as the network sees it: row by row, zeros at the end."""


class AudioCodes:
    """The encoder of the audio VQ (see `aqgt.models.official.build`)."""

    def __init__(self, vq: VqVae) -> None:
        self.vq = vq

    def values(self, windows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Quantised values `[W, 2304]` and `[W, 576]` of windows `[W, 36266]`, chunk after chunk.

        The chunks of a window run as one batch. The values are in the precision of the network.
        """
        chunks = windows[:, : N_CHUNKS * CHUNK_SAMPLES].reshape(-1, CHUNK_SAMPLES)
        pictures = np.zeros((len(chunks), PICTURE[0] * PICTURE[1]), windows.dtype)
        pictures[:, :CHUNK_SAMPLES] = chunks
        reference = next(self.vq.parameters())
        x = torch.from_numpy(pictures.reshape(-1, 1, *PICTURE)).to(reference.device, reference.dtype)
        with torch.inference_mode():
            # More than a window's chunks at once are no faster and take 25 MiB for each window.
            codes = [self.vq.encode(few) for few in x.split(N_CHUNKS)]
        n_windows = len(windows)
        return (
            torch.cat([each.bottom for each in codes]).reshape(n_windows, -1).cpu().numpy(),
            torch.cat([each.top for each in codes]).reshape(n_windows, -1).cpu().numpy(),
        )
