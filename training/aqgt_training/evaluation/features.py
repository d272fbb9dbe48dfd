# SPDX-License-Identifier: GPL-3.0-or-later
"""The feature network of the Fréchet distance: given, or trained on a corpus's training split and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from aqgt.errors import AqgtError
from aqgt.models.config_published import AutoencoderConfig
from aqgt.models.gesture_autoencoder import GestureAutoencoder
from aqgt.motion import Motion
from aqgt_training.corpora.clip_lmdb import FPS, ClipReader
from aqgt_training.published_losses.networks import autoencoder_loss
from aqgt_training.stages.autoencoder import KIND, FeatureExtractor, load_extractor
from aqgt_training.stages.core.network_files import CONFIG, save_network

STRIDE = 17
"""Frames between the starts of two windows: half of one, so that neighbours overlap."""

# The published encoder; the decoder is small, since it only serves the training and would take most of it.
QUICK = AutoencoderConfig(decoder_state=64, decoder_layers=1, decoder_hidden=64, dropout=0.0)


@dataclass(frozen=True)
class QuickTraining:
    """How the extractor of an evaluation is trained where none is given: by steps, so that it repeats."""

    steps: int = 1500
    batch_size: int = 64
    learning_rate: float = 2e-3
    seed: int = 1


def windows_of(motion: Motion, length: int, stride: int = STRIDE) -> NDArray[np.float32]:
    """Windows `[N, length, 53, 3]` of a motion at 15 frames per second, root at the origin; N may be 0."""
    vectors = motion.resample(FPS).bone_vectors.copy()
    vectors[:, 0] = 0.0
    starts = range(0, len(vectors) - length + 1, stride)
    found = np.zeros((len(starts), length, *vectors.shape[1:]), np.float32)
    for number, at in enumerate(starts):
        found[number] = vectors[at : at + length]
    return found


def features_of(motions: Sequence[Motion], extractor: FeatureExtractor) -> list[NDArray[np.float32]]:
    """Features `[N, C]` of each motion: the means that the encoder gives, never draws from them.

    Raises:
        AqgtError: a motion is shorter than a window.
    """
    length = extractor.config.n_pre + extractor.config.frames
    found = []
    for motion in motions:
        windows = windows_of(motion, length)
        if len(windows) == 0:
            raise AqgtError(
                f"A motion of {motion.duration:.1f} s is shorter than a window of {length / FPS:.1f} s.",
                "Leave it out.",
                "too-short",
            )
        found.append(extractor(windows - extractor.mean_bone_vectors))
    return found


def independent_windows(motions: Sequence[Motion], extractor: FeatureExtractor) -> int:
    """How many windows of the motions don't overlap."""
    length = extractor.config.n_pre + extractor.config.frames
    return sum(round(motion.duration * FPS) // length for motion in motions)


def extractor_for(
    corpus: Path,
    folder: Path | None = None,
    *,
    cache: Path | None = None,
    training: QuickTraining = QuickTraining(),
    progress: Callable[[float], None] | None = None,
) -> FeatureExtractor:
    """The extractor in a folder; else the one trained on the corpus's training split, kept for the next time.

    Args:
        corpus: folder of a clip corpus.
        folder: output of ``aqgt-train stage autoencoder``.
        cache: where trained ones are kept (default: the folder ``evaluation`` in the corpus).

    Raises:
        AqgtError: the folder holds no extractor, or the corpus has no training clips to make one from.
    """
    if folder is not None:
        return load_extractor(folder)
    with ClipReader(corpus) as reader:
        digest = reader.manifest.get("sha256", "unknown")
    key = hashlib.sha256(f"{digest} {training} {QUICK.model_dump_json()}".encode()).hexdigest()[:16]
    kept = (cache or corpus / "evaluation") / f"extractor-{key}"
    if not (kept / CONFIG).is_file():
        train_extractor(corpus, kept, training, progress)
    return load_extractor(kept)


def train_extractor(
    corpus: Path,
    folder: Path,
    training: QuickTraining = QuickTraining(),
    progress: Callable[[float], None] | None = None,
) -> None:
    """Trains an extractor on the training split alone; held-out clips are not even read."""
    length = QUICK.n_pre + QUICK.frames
    with ClipReader(corpus) as reader:
        names = [name for name in reader.names if reader.split_of(name) == "train"]
        parts = [windows_of(reader[name].motion(), length, 8) for name in names]
    windows = np.concatenate(parts).astype(np.float32) if parts else np.zeros((0, length, 53, 3), np.float32)
    if len(windows) < 2:
        raise AqgtError(
            f"The corpus {corpus} has no training clips to make a feature network from.",
            "Name one that was made by `aqgt-train stage autoencoder`: --extractor FOLDER.",
            "no-extractor",
        )
    mean = windows.reshape(-1, 53, 3).mean(axis=0, dtype=np.float64).astype(np.float32)
    data = torch.from_numpy((windows - mean).reshape(len(windows), length, -1))
    state = _trained(data, training, progress)
    config = QUICK.model_dump(mode="json")
    save_network(folder, KIND, config, {**state, "mean_bone_vectors": torch.from_numpy(mean)})


def _trained(
    data: torch.Tensor, training: QuickTraining, progress: Callable[[float], None] | None
) -> dict[str, torch.Tensor]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.seed)
        network = GestureAutoencoder(QUICK).train()
        optimiser = torch.optim.AdamW(network.parameters(), lr=training.learning_rate)
        order = np.random.default_rng(training.seed)
        n_pre = QUICK.n_pre
        for step in range(training.steps):
            share = step / training.steps
            for group in optimiser.param_groups:
                group["lr"] = training.learning_rate * (1.02 - share)
            batch = data[order.integers(0, len(data), min(training.batch_size, len(data)))]
            rebuilt, _, _ = network(batch[:, :n_pre], batch[:, n_pre:])
            loss = autoencoder_loss(rebuilt, batch) / len(batch)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            if progress is not None and step % 10 == 0:
                progress(share)
    return {name: value.detach() for name, value in network.state_dict().items()}
