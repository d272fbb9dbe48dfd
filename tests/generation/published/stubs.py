# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in for the networks that are not here: the recordings of the published window loop were made
with the same stand-ins for wav2vec2 and BERT, and some with one for the generator."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aqgt.models.config import ModelConfig
from aqgt.models.generator import GeneratorOutput, GestureGenerator
from aqgt.models.registry import LoadedModel
from aqgt.models.vq import VqVae
from aqgt.protocol.messages import ModelInfo
from aqgt.speech.published.audio_codes import AudioCodes
from aqgt.speech.published.features import PublishedFeatures


class StubSound:
    """Logits from the mean of each frame's samples."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def logits(self, windows: NDArray[Any]) -> NDArray[Any]:
        self.calls.append(len(windows))
        frames = np.stack([windows[:, 320 * t : 320 * t + 400].mean(axis=1) for t in range(113)], axis=1)
        return 10.0 * frames[..., None] * np.sin(np.arange(32) + 1.0)


class StubSentences:
    """Vectors from the length of each sentence."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def vectors(self, sentences: Sequence[str]) -> NDArray[Any]:
        self.seen += sentences
        lengths = 1.0 + np.array([len(sentence) for sentence in sentences])
        return np.sin((np.arange(768) + 1.0) * lengths[:, None] * 0.01)


class StubGenerator(GestureGenerator):
    """Adds up means of all its inputs, so that each of them shows in the output and nothing is amplified."""

    def encode_speech(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return {
            "sound": 0.1
            * (
                batch["beats"].mean(dim=(1, 2))
                + batch["sentence"].mean(dim=1)
                + batch["logits"].flatten(1).std(dim=1)
                + batch["audio_bottom"].mean(dim=1)
                + batch["audio_top"].mean(dim=1)
            ),
            "annotations": 0.01 * batch["annotations"].mean(dim=1),
        }

    def forward(self, batch: dict[str, Tensor], speech: dict[str, Tensor] | None = None) -> GeneratorOutput:
        assert speech is not None
        seed = batch["seed"][:, :4]
        frame, column = torch.arange(1, 35)[:, None], torch.arange(1, 160)
        rows = speech["sound"] + 0.02 * seed[..., 159].mean(dim=1) + 0.01 * batch["speaker"]
        out = (
            0.1 * torch.sin(0.05 * column) * frame / 34
            + 0.5 * seed[..., :159].mean(dim=1, keepdim=True)
            + rows[:, None, None]
            + speech["annotations"][..., None]
        )
        nothing = torch.zeros(len(out), 1)
        return GeneratorOutput(out.to(seed.dtype), nothing, nothing, nothing)


def loaded(
    config: ModelConfig, generator: GestureGenerator, vq: VqVae, sound: Any = None, sentences: Any = None
) -> LoadedModel:
    """A published model in memory, the stand-ins in the place of wav2vec2 and BERT."""
    features = PublishedFeatures(AudioCodes(vq), sound or StubSound(), sentences or StubSentences())
    info = ModelInfo(
        "stub",
        "Stub",
        config.fps,
        config.licence,
        config.commercial_use,
        config.speaker.count,
        config.length_table,
    )
    generator.pose_mean.zero_()
    generator.pose_std.fill_(1.0)
    generator.requires_grad_(True)  # without, torch sums in another order than the published code
    return LoadedModel(config, generator.eval(), features, info, "")


def with_features(model: LoadedModel, sound: Any, sentences: Any) -> LoadedModel:
    """The same model, reading through other encoders."""
    assert isinstance(model.features, PublishedFeatures)
    return dataclasses.replace(model, features=PublishedFeatures(model.features.codes, sound, sentences))
