# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a stage's batches come from: windows of a clip corpus, or of shards; a stage sees no difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aqgt.annotations import CHANNELS, NOTHING
from aqgt.errors import AqgtError
from aqgt.models.config import ModelConfig
from aqgt_training.corpora.clip_lmdb import ClipReader
from aqgt_training.corpora.resampling import clip_at
from aqgt_training.stages.core.feed import BatchSource
from aqgt_training.stages.core.inputs import Inputs

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Statistics:
    """What normalises bone vectors: mean, deviation and rest pose, each `[53, 3]` in model units."""

    mean: Floats
    std: Floats
    rest: Floats

    def floored(self, floor: float) -> Statistics:
        """With deviations never below a floor."""
        return Statistics(self.mean, np.maximum(self.std, np.float32(floor)), self.rest)

    def unscaled(self) -> Statistics:
        """With deviations of 1: poses are shifted by their mean alone, as the published networks want it."""
        return Statistics(self.mean, np.ones_like(self.std), self.rest)


@dataclass(frozen=True)
class Windows:
    """Training and held-out windows, normalised by the same statistics."""

    train: BatchSource
    held_out: BatchSource
    statistics: Statistics


@dataclass(frozen=True)
class Cut:
    """How windows are cut.

    Attributes:
        window: frames of a window.
        stride: frames from one window's start to the next one's.
        batch_size: windows per batch.
        seed_frames: how many of a window's frames are seeds.
        keep_root: whether the root stays where it is, as published networks want it, or goes to the origin.
        fps: frames per second of a window, whatever the clips were recorded at.
        lengths: bone lengths `[53]` that all motion is brought to; None: each clip keeps its own.
    """

    window: int
    stride: int
    batch_size: int
    seed_frames: int = 4
    keep_root: bool = False
    fps: float = 15.0
    lengths: NDArray | None = None

    def of_model(self, config: ModelConfig | None) -> Cut:
        """At the model's frame rate and on its bone lengths; unchanged where there is no model."""
        if config is None:
            return self
        return replace(self, fps=config.fps, lengths=config.length_table)


class MotionClips:
    """Bone vectors, annotations and speakers of one split, all clips end to end; neither sound nor words.

    Args:
        corpus: a clip corpus; ``split`` of it.
        cut: frame rate and bone lengths that every clip is brought to, and whether its root is kept.
    """

    def __init__(self, corpus: Path, split: str, cut: Cut) -> None:
        vectors, annotations, speakers, lengths = [], [], [], []
        with ClipReader(corpus) as reader:
            for name in reader.names:
                if reader.split_of(name) != split:
                    continue
                clip = clip_at(reader[name], cut.fps, cut.lengths)
                own = np.asarray(clip.bone_vectors, np.float32).copy()
                if not cut.keep_root:
                    own[:, 0] = 0.0
                vectors.append(own)
                annotations.append(clip.track().values.T.astype(np.float32))
                speakers.append(np.full(len(own), clip.speaker, np.int64))
                lengths.append(len(own))
        if not vectors:
            raise AqgtError(
                f"The corpus {corpus} has no clips in its {split} split.",
                "Compose or import it again.",
                "empty-corpus",
            )
        self.vectors, self.annotations = np.concatenate(vectors), np.concatenate(annotations)
        self.speakers, self.lengths = np.concatenate(speakers), np.array(lengths, np.int64)

    def statistics(self) -> Statistics:
        """Of all frames; the rest pose is the median of those in which no hand gestures."""
        phases = [channel.index for channel in CHANNELS if channel.family == "phase"]
        resting = (self.annotations[:, phases] == NOTHING).all(axis=1)
        rest = np.median(self.vectors[resting if resting.any() else slice(None)], axis=0)
        mean = self.vectors.mean(axis=0, dtype=np.float64)
        std = self.vectors.std(axis=0, dtype=np.float64)
        return Statistics(mean.astype(np.float32), std.astype(np.float32), rest.astype(np.float32))


class MotionWindows:
    """Windows of motion alone: ``target`` `[B, T, 159]` normalised, ``annotations``, ``speaker``."""

    def __init__(self, clips: MotionClips, statistics: Statistics, cut: Cut) -> None:
        self.clips, self.cut, self.batch_size = clips, cut, cut.batch_size
        scaled = (clips.vectors - statistics.mean) / statistics.std
        self.target = scaled.reshape(len(scaled), -1).astype(np.float32)
        first = np.concatenate([[0], np.cumsum(clips.lengths)[:-1]])
        pairs = [
            (start, begin + length - cut.window)
            for begin, length in zip(first, clips.lengths, strict=True)
            for start in range(begin, begin + length - cut.window + 1, cut.stride)
        ]
        self.starts = np.array([start for start, _ in pairs], np.int64)
        self._last = np.array([last for _, last in pairs], np.int64)

    def epoch(
        self, seed: int, *, shuffle: bool = True, part: int = 0, parts: int = 1
    ) -> Iterator[dict[str, Tensor]]:
        """One pass over all windows, see `core.feed.BatchSource`."""
        starts, rng = self.starts, np.random.default_rng(seed)
        if shuffle:
            starts = np.minimum(starts + rng.integers(0, self.cut.stride, len(starts)), self._last)
            starts = starts[rng.permutation(len(starts))]
        starts = starts[: len(starts) // parts * parts][part::parts]
        size = self.batch_size
        for at in range(0, len(starts) - size + 1 if shuffle else len(starts), size):
            frames = starts[at : at + size, None] + np.arange(self.cut.window)
            yield {
                "target": torch.from_numpy(self.target[frames]),
                "annotations": torch.from_numpy(self.clips.annotations[frames].transpose(0, 2, 1).copy()),
                "speaker": torch.from_numpy(self.clips.speakers[frames[:, 0]]),
            }


Normalisation = Callable[[Statistics], Statistics]
"""What is made of a corpus' statistics: a floor, no scaling, or those of an earlier stage instead."""


def motion_windows(inputs: Inputs, cut: Cut, chosen: Normalisation) -> Windows:
    """The windows of motion that the inputs name.

    Raises:
        AqgtError: neither a corpus nor shards are named, or they hold nothing.
    """
    if inputs.shards:
        return shard_windows(inputs, cut, chosen)
    corpus = inputs.needed("corpus")
    train, held_out = (MotionClips(corpus, split, cut) for split in ("train", "val"))
    statistics = chosen(train.statistics())
    return Windows(
        MotionWindows(train, statistics, cut), MotionWindows(held_out, statistics, cut), statistics
    )


def shard_windows(inputs: Inputs, cut: Cut, chosen: Normalisation) -> Windows:
    """The windows of shards, with whatever features they hold.

    Raises:
        AqgtError: there are none, or their motion is not the model's, see `shard_checks.check_motion`.
    """
    from aqgt_training.corpora.shard_batches import ShardSampler
    from aqgt_training.corpora.shards import ShardStream, open_shards
    from aqgt_training.stages.shard_checks import check_motion

    weights = list(inputs.shard_weights) or None
    train = open_shards(list(inputs.shards), weights, split="train")
    held_out = open_shards(list(inputs.shards), split="val", shuffle=False)
    for stream in (train, held_out):
        check_motion(stream.sources, cut.fps, cut.window, cut.lengths)
    mean, std = train.statistics(keep_root=cut.keep_root)
    statistics = chosen(Statistics(mean, std, train.rest_pose(keep_root=cut.keep_root)))

    def sampler(stream: ShardStream, workers: int) -> BatchSource:
        return ShardSampler(
            stream,
            statistics.mean,
            statistics.std,
            batch_size=cut.batch_size,
            seed_frames=cut.seed_frames,
            keep_root=cut.keep_root,
            workers=workers,
        )

    return Windows(sampler(train, inputs.shard_workers), sampler(held_out, 0), statistics)
