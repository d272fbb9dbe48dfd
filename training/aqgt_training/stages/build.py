# SPDX-License-Identifier: GPL-3.0-or-later
"""From a model config and stage settings to a generator's training that can run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from lightning_fabric import Fabric

from aqgt.errors import AqgtError
from aqgt.models.config import ModelConfig
from aqgt.models.generator import GestureGenerator
from aqgt.models.published_encoders import PublishedEncoders
from aqgt.models.registry import AUDIO_VQ, BERT, WAV2VEC2, folder_of
from aqgt.speech.features import ClipFeatures, CompactFeatures
from aqgt.speech.file_hashes import file_sha256
from aqgt.speech.published.audio_codes import AudioCodes
from aqgt.speech.published.features import PublishedFeatures
from aqgt.speech.published.pretrained import Bert, Wav2Vec2, source_of
from aqgt.speech.word_vectors import WordVectors
from aqgt_training.corpora.model_features import digest_of_weights
from aqgt_training.corpora.windows import WindowSampler, load_clips
from aqgt_training.stages.annotation import load_annotation_network
from aqgt_training.stages.audio_vq import load_audio_vq
from aqgt_training.stages.autoencoder import load_extractor
from aqgt_training.stages.config import FineTuning, GeneratorStage, PublishedStage
from aqgt_training.stages.core.devices import make_fabric
from aqgt_training.stages.core.inputs import Inputs
from aqgt_training.stages.core.network_files import WEIGHTS as NETWORK_WEIGHTS
from aqgt_training.stages.core.network_files import load_network
from aqgt_training.stages.core.players import freeze
from aqgt_training.stages.core.task import Task
from aqgt_training.stages.core.trainer import Trainer
from aqgt_training.stages.data import Cut, Statistics, Windows, shard_windows
from aqgt_training.stages.generator import GeneratorTask
from aqgt_training.stages.gesture_distance import GestureDistance
from aqgt_training.stages.pose_vq import load_pose_vq
from aqgt_training.stages.published_generator import PublishedGeneratorTask
from aqgt_training.stages.published_windows import PublishedWindows
from aqgt_training.stages.samples import Samples
from aqgt_training.stages.shard_checks import check_features
from aqgt_training.stages.starting import freeze_parts, start_from, with_speakers

Floor = Callable[[Statistics], Statistics]


def build_generator_training(
    config: ModelConfig,
    stage: GeneratorStage | PublishedStage,
    features: ClipFeatures,
    folder: Path,
    *,
    accelerator: str = "auto",
    devices: int | str = "auto",
    fabric: Fabric | None = None,
) -> Trainer:
    """A training of the generator described by ``config`` on what ``stage.inputs`` names.

    Args:
        config: of the model; of one that is fine-tuned, its own.
        features: the feature extractor of the model, with its word vectors or its encoders.
        folder: where checkpoints go; a checkpoint there is continued.
        accelerator, devices: see `make_fabric`; not used where a ``fabric`` is given.

    Raises:
        AqgtError: an input is missing, or the inputs don't fit the model.
    """
    fabric = fabric or make_fabric(accelerator, devices, stage.precision)
    inputs, tuning = stage.inputs, stage.fine_tuning
    published = config.published is not None
    cut = Cut(config.window, stage.stride, stage.batch_size, config.seed_frames, published).of_model(config)
    torch.manual_seed(stage.seed)
    if inputs.init_from is not None:
        generator = start_from(inputs.init_from, tuning)
        fixed: Statistics | None = _statistics_of(generator)
    else:
        generator, fixed = _fresh(config, inputs)
    windows = _windows(config, stage, features, cut, fixed)
    if fixed is None:
        _set_statistics(generator, windows.statistics)
    if config.published is None and _has_pose_vq(config):
        freeze(generator.pose_vq)
    freeze_parts(generator, tuning.freeze)
    options = {
        "distance": None
        if inputs.extractor is None
        else GestureDistance(load_extractor(inputs.extractor, str(fabric.device))),
        "samples": _samples(inputs, config, features) if stage.sample_epochs else None,
        "first_speaker": generator.config.speaker.count - tuning.new_speakers if tuning.new_speakers else 0,
    }
    task: Task
    torch.manual_seed(stage.seed)  # features that had to be computed may have drawn numbers
    if isinstance(stage, PublishedStage):
        task = PublishedGeneratorTask(generator, stage, fabric, **options)  # type: ignore[arg-type]
    else:
        task = GeneratorTask(generator, stage, fabric, **options)  # type: ignore[arg-type]
    return Trainer(task, windows.train, windows.held_out, stage, folder, fabric)


def published_features(config: ModelConfig, inputs: Inputs, device: str = "cpu") -> PublishedFeatures:
    """What a published model reads, by the audio VQ and the encoders that the inputs name.

    Raises:
        AqgtError: there is no audio VQ, or it is not the model's.
    """
    published = config.published
    assert published is not None
    vq, widths = load_audio_vq(inputs.needed("audio_vq"))
    if widths != published.audio_vq:
        raise AqgtError(
            f"The audio VQ in {inputs.audio_vq} has other widths than the model's config says.",
            "Train one with the section published.audio_vq of the model's config.",
            "wrong-network",
        )
    folder = inputs.encoders or Path()
    return PublishedFeatures(
        AudioCodes(vq.to(device)),
        Wav2Vec2(source_of(folder, WAV2VEC2, published.wav2vec2), device, published.logit_tokens),
        Bert(source_of(folder, BERT, published.bert), device, published.sentence_width),
        fps=config.fps,
        window=config.window,
    )


def model_config(config: ModelConfig, tuning: FineTuning) -> ModelConfig:
    """The config of the model that a training makes."""
    return with_speakers(config, tuning.new_speakers)


def _fresh(config: ModelConfig, inputs: Inputs) -> tuple[GestureGenerator, Statistics | None]:
    """A generator with new weights, but for the frozen networks that earlier stages made."""
    generator = GestureGenerator(config)
    if not _has_pose_vq(config):
        return generator, None
    vq = load_pose_vq(inputs.needed("pose_vq"))
    if vq.config != config.pose_head:
        raise AqgtError(
            f"The pose VQ in {inputs.pose_vq} has other widths than the model's pose_head.",
            "Train one with the model's config as its inputs.model.",
            "wrong-network",
        )
    generator.pose_vq.load_state_dict(vq.head.vq.state_dict())
    if isinstance(generator.encoders, PublishedEncoders):
        annotation = load_annotation_network(inputs.needed("annotation"))
        generator.encoders.seed_annotations.network.load_state_dict(annotation.network.state_dict())
    _set_statistics(generator, vq.statistics)
    return generator, vq.statistics


def _has_pose_vq(config: ModelConfig) -> bool:
    return config.pose_head.kind != "mlp" and config.aligner.context != "none"


def _windows(
    config: ModelConfig,
    stage: GeneratorStage | PublishedStage,
    features: ClipFeatures,
    cut: Cut,
    fixed: Statistics | None,
) -> Windows:
    inputs = stage.inputs

    def chosen(found: Statistics) -> Statistics:
        if fixed is not None:
            return fixed
        return found.floored(stage.std_floor) if isinstance(stage, GeneratorStage) else found.unscaled()

    if inputs.shards:
        windows = shard_windows(inputs, cut, chosen)
        check_features(inputs.shards, config, _audio_vq_digest(config, inputs))
        return windows
    corpus = inputs.needed("corpus")
    if isinstance(features, PublishedFeatures):
        assert fixed is not None
        mark = config.model_dump_json(include={"fps", "lengths", "published"}) + _hashes(inputs)
        train, held_out = (
            PublishedWindows(corpus, split, features, fixed, cut, mark) for split in ("train", "val")
        )
        return Windows(train, held_out, fixed)
    assert isinstance(features, CompactFeatures)
    mark = config.model_dump_json(include={"fps", "features"}) + _digest(features)
    forms = config.annotation.forms
    clips = {
        split: load_clips(corpus, split, features, fingerprint=mark, lengths=config.length_table, forms=forms)
        for split in ("train", "val")
    }
    mean, std = clips["train"].statistics()
    statistics = chosen(Statistics(mean, std, clips["train"].rest_pose()))

    def sampler(split: str, stride: int) -> WindowSampler:
        return WindowSampler(
            clips[split],
            statistics.mean,
            statistics.std,
            batch_size=cut.batch_size,
            stride=stride,
            window=cut.window,
            seed_frames=cut.seed_frames,
        )

    return Windows(sampler("train", cut.stride), sampler("val", config.stride), statistics)


def _digest(features: CompactFeatures) -> str:
    """What tells word vectors of one length apart, so that no features made with others leave the cache."""
    vectors = getattr(features, "vectors", None)
    return vectors.digest if isinstance(vectors, WordVectors) else ""


def _hashes(inputs: Inputs) -> str:
    if inputs.audio_vq is None and inputs.init_from is not None:
        model = folder_of(inputs.init_from)
        return "" if model is None else file_sha256(model / AUDIO_VQ) + str(inputs.encoders or model)
    return load_network(inputs.needed("audio_vq"), "audio-vq")[2] + str(inputs.encoders)


def _audio_vq_digest(config: ModelConfig, inputs: Inputs) -> str | None:
    """Of the audio VQ whose codes the generator will read; None where it reads none."""
    if config.published is None:
        return None
    before = None if inputs.init_from is None else folder_of(inputs.init_from)
    if inputs.audio_vq is None and before is not None:
        return digest_of_weights(before / AUDIO_VQ)
    return digest_of_weights(inputs.needed("audio_vq") / NETWORK_WEIGHTS)


def _statistics_of(generator: GestureGenerator) -> Statistics:
    values = (generator.pose_mean, generator.pose_std, generator.rest_pose)
    return Statistics(*(value.numpy().copy() for value in values))


def _set_statistics(generator: GestureGenerator, statistics: Statistics) -> None:
    mean, std, rest = (
        torch.from_numpy(value) for value in (statistics.mean, statistics.std, statistics.rest)
    )
    generator.set_pose_statistics(mean, std, rest, floor=0.0)


def _samples(inputs: Inputs, config: ModelConfig, features: ClipFeatures) -> Samples | None:
    return None if inputs.corpus is None else Samples(inputs.corpus, config, features, inputs.samples)
