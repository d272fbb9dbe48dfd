# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows of a clip corpus with what published networks read. For corpora of hours there are shards."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track
from torch import Tensor

from aqgt.errors import AqgtError
from aqgt.speech.published.features import PublishedFeatures
from aqgt_training.corpora.clip_lmdb import ClipReader
from aqgt_training.corpora.feature_cache import read_cache, write_cache
from aqgt_training.corpora.resampling import clip_at
from aqgt_training.stages.data import Cut, Statistics

_AT_ONCE = 16


class PublishedWindows:
    """Windows at fixed places, their features computed once and kept beside the corpus.

    A batch holds ``seed``, ``target``, ``annotations``, ``speaker`` and what
    `aqgt.speech.published.features.PublishedClip.windows` gives.

    Args:
        corpus: a clip corpus; ``split`` of it.
        features: computes them.
        fingerprint: text that changes whenever the features would.
    """

    def __init__(
        self,
        corpus: Path,
        split: str,
        features: PublishedFeatures,
        statistics: Statistics,
        cut: Cut,
        fingerprint: str,
    ) -> None:
        self.cut, self.batch_size = cut, cut.batch_size
        with ClipReader(corpus) as reader:
            clips = reader.manifest.get("sha256", "")
        mark = f"{fingerprint} {cut.stride} {cut.window} {clips}"
        digest = hashlib.sha256(mark.encode()).hexdigest()[:12]
        cache = corpus / "features" / f"{split}-published-{digest}.npz"
        if not cache.is_file():
            _compute(corpus, split, features, cut, cache)
        self.arrays = read_cache(cache)
        motion = self.arrays.pop("motion")
        if not cut.keep_root:
            motion[:, :, 0] = 0.0
        scaled = (motion - statistics.mean) / statistics.std
        self.target = scaled.reshape(*motion.shape[:2], -1).astype(np.float32)

    def epoch(
        self, seed: int, *, shuffle: bool = True, part: int = 0, parts: int = 1
    ) -> Iterator[dict[str, Tensor]]:
        """One pass over all windows, see `core.feed.BatchSource`."""
        order = np.arange(len(self.target))
        if shuffle:
            order = np.random.default_rng(seed).permutation(order)
        order = order[: len(order) // parts * parts][part::parts]
        size = self.batch_size
        for at in range(0, len(order) - size + 1 if shuffle else len(order), size):
            yield self._batch(order[at : at + size])

    def _batch(self, chosen: NDArray[np.int64]) -> dict[str, Tensor]:
        target = self.target[chosen]
        seed = np.zeros((*target.shape[:2], target.shape[2] + 1), np.float32)
        seed[:, : self.cut.seed_frames, :-1] = target[:, : self.cut.seed_frames]
        seed[:, : self.cut.seed_frames, -1] = 1.0
        found = {"target": target, "seed": seed} | {
            name: value[chosen] if name == "speaker" else value[chosen].astype(np.float32)
            for name, value in self.arrays.items()
        }
        return {name: torch.from_numpy(value) for name, value in found.items()}


def _compute(corpus: Path, split: str, features: PublishedFeatures, cut: Cut, cache: Path) -> None:
    parts: list[dict[str, NDArray]] = []
    with ClipReader(corpus) as reader:
        names = [name for name in reader.names if reader.split_of(name) == split]
        for name in track(names, description=f"Features of {split}"):
            clip = clip_at(reader[name], cut.fps, cut.lengths)
            vectors = np.asarray(clip.bone_vectors, np.float32)
            starts = list(range(0, len(vectors) - cut.window + 1, cut.stride))
            opened = features.open(clip.samples(), clip.words, len(vectors))
            annotations = clip.track().values.astype(np.float32)
            for at in range(0, len(starts), _AT_ONCE):
                some = starts[at : at + _AT_ONCE]
                frames = np.array(some)[:, None] + np.arange(cut.window)
                read = opened.windows(some)
                parts.append(
                    {name: value.astype(np.float32) for name, value in read.items()}
                    | {
                        "motion": vectors[frames],
                        "annotations": annotations[:, frames].transpose(1, 0, 2),
                        "speaker": np.full(len(some), clip.speaker, np.int64),
                    }
                )
    if not parts:
        raise AqgtError(
            f"The corpus {corpus} has no windows in its {split} split.",
            "Compose or import it again.",
            "empty-corpus",
        )
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    write_cache(cache, joined)
