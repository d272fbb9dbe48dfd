# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches of windows from shards, with the interface of `windows.WindowSampler`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from aqgt import skeleton
from aqgt_training.corpora.shards import ShardStream
from aqgt_training.corpora.window_records import ANNOTATIONS, BONE_VECTORS, Window
from aqgt_training.corpora.windows import seed_frames_of


class ShardSampler:
    """Batches of windows in a seeded order, as the generator's input plus ``"target"``.

    Args:
        stream: what `open_shards` returned.
        mean, std: `[53, 3]` normalisation of bone vectors.
        batch_size: windows per batch.
        seed_frames: how many frames of a window are seeds.
        keep_root: leave the root where it is, as published networks want it; else it goes to the origin.
        workers: processes that read ahead; 0 reads in this one. The order depends on their number.
    """

    def __init__(
        self,
        stream: ShardStream,
        mean: NDArray,
        std: NDArray,
        *,
        batch_size: int,
        seed_frames: int,
        keep_root: bool = False,
        workers: int = 0,
    ) -> None:
        self.stream, self.batch_size, self.seed_frames = stream, batch_size, seed_frames
        self.mean, self.std = np.asarray(mean, np.float32), np.asarray(std, np.float32)
        self.keep_root, self.workers = keep_root, workers

    def epoch(
        self, seed: int, *, shuffle: bool = True, part: int = 0, parts: int = 1
    ) -> Iterator[dict[str, Tensor]]:
        """One pass over all windows, or over one of several disjoint parts of it.

        The same seed gives the same batches; a shuffled pass leaves out an incomplete last batch.
        """
        batches = _Batches(self, seed, shuffle, part, parts)
        if self.workers == 0:
            yield from batches
        else:
            # Without a generator of its own it would draw from the numbers that the training uses.
            own = torch.Generator().manual_seed(seed)
            yield from DataLoader(batches, batch_size=None, num_workers=self.workers, generator=own)

    def batch(self, windows: Sequence[Window]) -> dict[str, Tensor]:
        """Windows side by side."""
        features = {
            name: np.stack([window[name] for window in windows]).astype(np.float32)
            for name, value in windows[0].items()
            if isinstance(value, np.ndarray) and name not in (ANNOTATIONS, BONE_VECTORS)
        }
        vectors = np.stack([window[BONE_VECTORS] for window in windows])
        if not self.keep_root:
            vectors[:, :, skeleton.PELVIS] = 0.0
        target = ((vectors - self.mean) / self.std).reshape(*vectors.shape[:2], -1)
        arrays = features | {
            "annotations": np.stack([window[ANNOTATIONS] for window in windows]),
            "seed": seed_frames_of(target, self.seed_frames),
            "speaker": np.array([window["speaker"] for window in windows], dtype=np.int64),
            "target": target,
        }
        return {name: torch.from_numpy(value) for name, value in arrays.items()}


class _Batches(IterableDataset):
    """The batches of one pass; each reading process takes its share of the windows."""

    def __init__(self, sampler: ShardSampler, seed: int, shuffle: bool, part: int, parts: int) -> None:
        self.sampler, self.seed, self.shuffle = sampler, seed, shuffle
        self.part, self.parts = part, parts

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        sampler, worker = self.sampler, get_worker_info()
        readers, reader = (worker.num_workers, worker.id) if worker else (1, 0)
        stream = sampler.stream.windows(
            self.seed,
            shuffle=self.shuffle,
            part=self.part * readers + reader,
            parts=self.parts * readers,
        )
        held: list[Window] = []
        for window in stream:
            held.append(window)
            if len(held) == sampler.batch_size:
                yield sampler.batch(held)
                held = []
        if held and not self.shuffle:
            yield sampler.batch(held)
