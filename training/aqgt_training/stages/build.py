# SPDX-License-Identifier: GPL-3.0-or-later
"""From a model config, a corpus and stage settings to a training that can run."""

from __future__ import annotations

from pathlib import Path

import torch
from lightning_fabric import Fabric

from aqgt.models.config import ModelConfig
from aqgt.models.generator import GestureGenerator
from aqgt.speech.features import CompactFeatures
from aqgt.speech.word_vectors import WordVectors
from aqgt_training.corpora.windows import ClipArrays, WindowSampler, load_clips
from aqgt_training.losses import GeneratorLoss
from aqgt_training.stages.config import GeneratorStage
from aqgt_training.stages.generator import GeneratorTraining


def build_generator_training(
    config: ModelConfig,
    stage: GeneratorStage,
    corpus: Path,
    features: CompactFeatures,
    folder: Path,
    *,
    accelerator: str = "auto",
    devices: int | str = "auto",
) -> GeneratorTraining:
    """A training of the generator described by ``config`` on the clips in ``corpus``.

    Args:
        features: the feature extractor of the model, with its word vectors.
        folder: where checkpoints go; a checkpoint there is continued.
    """
    fingerprint = config.model_dump_json(include={"fps", "features"}) + _digest(features)
    train = load_clips(corpus, "train", features, fingerprint=fingerprint)
    held_out = load_clips(corpus, "val", features, fingerprint=fingerprint)
    torch.manual_seed(stage.seed)
    generator = GestureGenerator(config)
    _set_statistics(generator, train, stage.std_floor)
    fabric = Fabric(accelerator=accelerator, devices=devices, precision=stage.precision)  # type: ignore[arg-type]
    # With several devices this starts the same command once for each of the others, which join here.
    fabric.launch()
    mean, std = generator.pose_mean, generator.pose_std

    def sampler(clips: ClipArrays, stride: int) -> WindowSampler:
        return WindowSampler(
            clips,
            mean.numpy(),
            std.numpy(),
            batch_size=stage.batch_size,
            stride=stride,
            window=config.window,
            seed_frames=config.seed_frames,
        )

    return GeneratorTraining(
        generator,
        _discriminator(config, stage),
        sampler(train, stage.stride),
        sampler(held_out, config.stride),
        GeneratorLoss(mean, std, stage.losses),
        stage,
        folder,
        fabric,
    )


def _digest(features: CompactFeatures) -> str:
    """What tells word vectors of one length apart, so that no features made with others leave the cache."""
    vectors = getattr(features, "vectors", None)
    return vectors.digest if isinstance(vectors, WordVectors) else ""


def _set_statistics(generator: GestureGenerator, clips: ClipArrays, floor: float) -> None:
    mean, std = clips.statistics()
    rest = clips.rest_pose()
    generator.set_pose_statistics(
        torch.from_numpy(mean), torch.from_numpy(std), torch.from_numpy(rest), floor=floor
    )


def _discriminator(config: ModelConfig, stage: GeneratorStage) -> torch.nn.Module | None:
    if stage.adversarial_from >= 1:
        return None
    from aqgt.models.discriminator import Discriminator

    return Discriminator(config)
