# SPDX-License-Identifier: GPL-3.0-or-later
"""Tiny networks and batches for tests."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from aqgt.models.config import ModelConfig
from aqgt.models.generator import GestureGenerator
from aqgt.settings import check_settings


def tiny_config(**changes: dict[str, Any]) -> ModelConfig:
    raw: dict[str, Any] = {
        "name": "tiny",
        "title": "Tiny",
        "licence": "CC0-1.0",
        "commercial_use": True,
        "features": {"n_mels": 8, "word_dimension": 4},
        "speaker": {"count": 3, "style_width": 4},
        "sound": {"mel_width": 8, "beat_width": 8},
        "text": {"vectors": "none", "width": 8},
        "seed": {"frame_width": 8, "clip_width": 8},
        "annotation": {"channel_width": 4, "width": 12},
        "backbone": {"hidden": 12, "gru_2_layers": 1, "transformer_1": {"feed_forward": 16}},
        "aligner": {"hidden": 12, "code_width": 12},
        "pose_head": {"hidden": 16, "residual_hidden": 8, "residual_blocks": 1, "codes": 16},
        "discriminator": {"hidden": 8, "annotation_width": 4},
    }
    for section, values in changes.items():
        raw[section] = {**raw.get(section, {}), **values}
    return check_settings(raw, ModelConfig, "tiny")


def tiny_generator(config: ModelConfig | None = None, *, seed: int = 0) -> GestureGenerator:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return GestureGenerator(config or tiny_config()).eval()


def random_batch(config: ModelConfig, n: int, *, seed: int = 0) -> dict[str, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    frames, features = config.window, config.features

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=rng)

    poses = torch.zeros(n, frames, 160)
    poses[:, : config.seed_frames, :159] = normal(n, config.seed_frames, 159)
    poses[:, : config.seed_frames, 159] = 1.0
    sizes = torch.tensor(config.annotation.sizes).view(1, -1, 1)
    labels = (torch.rand(n, 17, frames, generator=rng) * (sizes + 1)).floor() - 1
    labels[:, 1] = torch.rand(n, frames, generator=rng)
    return {
        "mel": normal(n, frames, features.mel_per_frame, features.n_mels),
        "beats": normal(n, frames, 2, 3 * features.beats_per_frame),
        "words": normal(n, frames, config.word_columns),
        "annotations": labels,
        "seed": poses,
        "speaker": torch.arange(n) % config.speaker.count,
    }
