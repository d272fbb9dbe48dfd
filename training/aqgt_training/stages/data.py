# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a stage's batches come from: windows of a clip corpus, or shards; both look the same to a stage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aqgt.errors import AqgtError
from aqgt_training.corpora.clip_lmdb import ClipReader

WINDOW, SEED_FRAMES = 34, 4


class MotionWindows:
    """Windows of bone vectors and annotations alone, for the stages that need neither sound nor words.

    A batch holds ``motion`` `[B, T, 53, 3]` bone vectors in model units, not normalised; ``annotations``
    `[B, 17, T]` and ``speaker`` `[B]`.

    Args:
        vectors: `[F, 53, 3]` of all clips end to end; ``annotations`` `[F, 17]`; ``speakers`` `[F]`.
        lengths: frames of each clip.
        window: frames of a window; ``stride`` between the starts of two.
    """

    def __init__(
        self,
        vectors: NDArray[np.float32],
        annotations: NDArray[np.float32],
        speakers: NDArray[np.int64],
        lengths: NDArray[np.int64],
        *,
        batch_size: int,
        window: int = WINDOW,
        stride: int = 8,
    ) -> None:
        self.vectors, self.annotations, self.speakers = vectors, annotations, speakers
        self.batch_size, self.window, self.stride = batch_size, window, stride
        first = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        pairs = [
            (start, begin + length - window)
            for begin, length in zip(first, lengths, strict=True)
            for start in range(begin, begin + length - window + 1, stride)
        ]
        self.starts = np.array([start for start, _ in pairs], np.int64)
        self._last = np.array([last for _, last in pairs], np.int64)

    def epoch(
        self, seed: int, *, shuffle: bool = True, part: int = 0, parts: int = 1
    ) -> Iterator[dict[str, Tensor]]:
        """One pass over all windows, see `core.feed.BatchSource`."""
        starts, rng = self.starts, np.random.default_rng(seed)
        if shuffle:
            starts = np.minimum(starts + rng.integers(0, self.stride, len(starts)), self._last)
            starts = starts[rng.permutation(len(starts))]
        starts = starts[: len(starts) // parts * parts][part::parts]
        size = self.batch_size
        for at in range(0, len(starts) - size + 1 if shuffle else len(starts), size):
            frames = starts[at : at + size, None] + np.arange(self.window)
            yield {
                "motion": torch.from_numpy(self.vectors[frames]),
                "annotations": torch.from_numpy(self.annotations[frames].transpose(0, 2, 1).copy()),
                "speaker": torch.from_numpy(self.speakers[frames[:, 0]]),
            }

    def statistics(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean and standard deviation `[53, 3]` of the bone vectors."""
        mean = self.vectors.mean(axis=0, dtype=np.float64)
        std = self.vectors.std(axis=0, dtype=np.float64)
        return mean.astype(np.float32), std.astype(np.float32)


def motion_windows(
    corpus: Path,
    split: str,
    *,
    batch_size: int,
    window: int = WINDOW,
    stride: int = 8,
    keep_root: bool = False,
) -> MotionWindows:
    """The windows of one split of a clip corpus.

    Args:
        keep_root: whether the root's position is part of the motion, as in the published models.

    Raises:
        AqgtError: the split has no clips.
    """
    vectors, annotations, speakers, lengths = [], [], [], []
    with ClipReader(corpus) as reader:
        for name in reader.names:
            if reader.split_of(name) != split:
                continue
            clip = reader[name]
            own = np.asarray(clip.bone_vectors, np.float32).copy()
            if not keep_root:
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
    return MotionWindows(
        np.concatenate(vectors),
        np.concatenate(annotations),
        np.concatenate(speakers),
        np.array(lengths, np.int64),
        batch_size=batch_size,
        window=window,
        stride=stride,
    )
