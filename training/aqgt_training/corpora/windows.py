# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows of a clip corpus: features, motion and annotations of all clips in memory, cut into batches.

How long a window is, and how many of its frames are seeds, is the model's. Features are computed once per
corpus and feature configuration and cached beside the corpus; a window is then a slice, so an hour of data
costs seconds to load.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track
from torch import Tensor

from aqgt import skeleton
from aqgt.annotations import CHANNELS, NOTHING
from aqgt.errors import AqgtError
from aqgt.speech.features import CompactFeatures
from aqgt_training.corpora.clip_lmdb import ClipReader
from aqgt_training.corpora.feature_cache import read_cache, write_cache
from aqgt_training.corpora.form_names import form_rows
from aqgt_training.corpora.resampling import clip_at


@dataclass
class ClipArrays:
    """All clips of one split, end to end along the frame axis.

    Attributes:
        features: name -> `[F, ...]` float16 features of every frame.
        bone_vectors: `[F, 53, 3]` float32, root removed.
        annotations: `[F, 17]` float32 stored values.
        speakers: `[F]` int64.
        first: `[C]` first frame of each clip.
        length: `[C]` frames of each clip.
        forms: `[F, 2]` float32 gesture forms of both hands, for a model that has them.
    """

    features: dict[str, NDArray[np.float16]]
    bone_vectors: NDArray[np.float32]
    annotations: NDArray[np.float32]
    speakers: NDArray[np.int64]
    first: NDArray[np.int64]
    length: NDArray[np.int64]
    forms: NDArray[np.float32] | None = None

    def statistics(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean and standard deviation `[53, 3]` of the bone vectors."""
        mean = self.bone_vectors.mean(axis=0, dtype=np.float64)
        std = self.bone_vectors.std(axis=0, dtype=np.float64)
        return mean.astype(np.float32), std.astype(np.float32)

    def rest_pose(self) -> NDArray[np.float32]:
        """Median bone vectors `[53, 3]` of the frames in which no hand gestures."""
        phases = [channel.index for channel in CHANNELS if channel.family == "phase"]
        resting = (self.annotations[:, phases] == NOTHING).all(axis=1)
        return np.median(self.bone_vectors[resting if resting.any() else slice(None)], axis=0)

    def starts(self, window: int, stride: int) -> NDArray[np.int64]:
        """First frames of all windows of ``window`` frames, ``stride`` frames apart within each clip."""
        found = [
            first + np.arange(0, length - window + 1, stride)
            for first, length in zip(self.first, self.length, strict=True)
            if length >= window
        ]
        return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def load_clips(
    corpus: Path,
    split: str,
    features: CompactFeatures,
    *,
    fingerprint: str,
    lengths: NDArray | None = None,
    forms: tuple[str, ...] = (),
) -> ClipArrays:
    """Read a split of a clip corpus and its features.

    Args:
        corpus: folder of the clip LMDB.
        split: ``"train"``, ``"val"`` or ``"test"``.
        features: the model's feature extractor, with ``prepare(audio, words, n_frames)``.
        fingerprint: text that changes whenever the features would.
        lengths: bone lengths `[53]` of the model, which clips of other lengths are brought to.
        forms: the gesture forms of the model.
    """
    if forms:
        fingerprint += "\n" + " ".join(forms)
    cache = corpus / "features" / f"{split}-{_cache_key(corpus, fingerprint, lengths)}.npz"
    if cache.exists():
        return _from_arrays(read_cache(cache))
    parts: list[dict[str, NDArray]] = []
    n_frames_of_clips = []
    with ClipReader(corpus) as reader:
        clips = (clip for clip in reader if clip.split == split)
        total = reader.manifest.get("splits", {}).get(split, {}).get("clips")
        for clip in track(clips, description=f"Features of {split}", total=total):
            clip = clip_at(clip, features.config.fps, lengths)
            vectors = np.asarray(clip.bone_vectors, dtype=np.float32).copy()
            vectors[:, 0] = 0.0
            n_frames = len(vectors)
            prepared = features.prepare(clip.samples(), clip.words, n_frames)
            annotations = clip.track().values
            own = {"forms": form_rows(clip, annotations, forms).T} if forms else {}
            parts.append(
                {
                    **own,
                    **{f"feature_{name}": value.astype(np.float16) for name, value in prepared.items()},
                    "bone_vectors": vectors,
                    "annotations": annotations.T,
                    "speakers": np.full(n_frames, clip.speaker, dtype=np.int64),
                }
            )
            n_frames_of_clips.append(n_frames)
    if not parts:
        raise AqgtError(
            f"The corpus {corpus} has no clips in its {split} split.",
            "Compose or import it again.",
            "empty-corpus",
        )
    arrays = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    arrays["length"] = np.array(n_frames_of_clips, dtype=np.int64)
    write_cache(cache, arrays)
    return _from_arrays(arrays)


def _cache_key(corpus: Path, fingerprint: str, lengths: NDArray | None) -> str:
    """What tells the features of other clips, a corpus made anew included, from these."""
    with ClipReader(corpus) as reader:
        digest = hashlib.sha256(f"{fingerprint}\n{reader.manifest.get('sha256', '')}".encode())
    if lengths is not None:
        digest.update(np.asarray(lengths, dtype="<f8").tobytes())
    return digest.hexdigest()[:12]


def _from_arrays(arrays: dict[str, NDArray]) -> ClipArrays:
    length = arrays["length"]
    first = np.concatenate([[0], np.cumsum(length)[:-1]])
    features = {key[len("feature_") :]: value for key, value in arrays.items() if key.startswith("feature_")}
    return ClipArrays(
        features,
        arrays["bone_vectors"],
        arrays["annotations"],
        arrays["speakers"],
        first,
        length,
        arrays.get("forms"),
    )


class WindowSampler:
    """Batches of windows in a seeded order, as the generator's input plus ``"target"``.

    Args:
        clips: the arrays to cut.
        mean, std: `[53, 3]` normalisation of bone vectors.
        batch_size: windows per batch.
        stride: frames between window starts; a random offset below it is drawn per epoch while training.
        window, seed_frames: frames of a window, and how many of them are seeds.
    """

    def __init__(
        self,
        clips: ClipArrays,
        mean: NDArray,
        std: NDArray,
        *,
        batch_size: int,
        stride: int,
        window: int,
        seed_frames: int,
    ) -> None:
        self.clips, self.batch_size, self.stride = clips, batch_size, stride
        self.window, self.seed_frames = window, seed_frames
        self.starts = clips.starts(window, stride)
        self._last = self._last_starts()
        flat = (len(clips.bone_vectors), skeleton.N_JOINTS * 3)
        self.target = ((clips.bone_vectors - mean) / std).reshape(flat).astype(np.float32)

    def _last_starts(self) -> NDArray[np.int64]:
        """For each window, the last frame at which a window of its clip may begin."""
        clip = np.searchsorted(self.clips.first, self.starts, side="right") - 1
        return self.clips.first[clip] + self.clips.length[clip] - self.window

    def epoch(
        self, seed: int, *, shuffle: bool = True, part: int = 0, parts: int = 1
    ) -> Iterator[dict[str, Tensor]]:
        """One pass over all windows, or over one of several disjoint parts with as many batches each.

        The same seed gives the same batches.
        """
        rng = np.random.default_rng(seed)
        starts = self.starts
        if shuffle:
            starts = np.minimum(starts + rng.integers(0, self.stride, len(starts)), self._last)
            starts = starts[rng.permutation(len(starts))]
        starts = starts[: len(starts) // parts * parts][part::parts]
        for at in range(0, len(starts) - self.batch_size + 1 if shuffle else len(starts), self.batch_size):
            yield self.batch(starts[at : at + self.batch_size])

    def batch(self, starts: NDArray[np.int64]) -> dict[str, Tensor]:
        """The windows that begin at the given frames."""
        frames = starts[:, None] + np.arange(self.window)
        target = self.target[frames]
        arrays = {name: value[frames].astype(np.float32) for name, value in self.clips.features.items()}
        arrays |= {
            "annotations": self.clips.annotations[frames].transpose(0, 2, 1).copy(),
            "seed": seed_frames_of(target, self.seed_frames),
            "speaker": self.clips.speakers[starts],
            "target": target,
        }
        if self.clips.forms is not None:
            arrays["forms"] = self.clips.forms[frames].transpose(0, 2, 1)
        return {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in arrays.items()}


def seed_frames_of(target: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    """The first ``n`` frames of targets `[B, T, C]`, zeros after them, and a mark of which is which."""
    seed = np.zeros((*target.shape[:2], target.shape[-1] + 1), dtype=np.float32)
    seed[:, :n, :-1] = target[:, :n]
    seed[:, :n, -1] = 1.0
    return seed
