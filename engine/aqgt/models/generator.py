# SPDX-License-Identifier: GPL-3.0-or-later
"""The gesture generator of AQ-GT-A: encoders, GRU-transformer, temporal aligner."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from aqgt import skeleton
from aqgt.models.aligner import TemporalAligner
from aqgt.models.config import POSE_DIMENSIONS, ModelConfig
from aqgt.models.encoders import InputEncoders
from aqgt.models.gru_transformer import GruTransformer
from aqgt.models.rest_pose import rest_pose


@dataclass(frozen=True)
class GeneratorOutput:
    """What the generator makes of one batch of windows.

    Attributes:
        bone_vectors: `[B, T, 159]`, normalised (see `GestureGenerator.denormalise`).
        mu, logvar: `[B, Z]` mean and log variance of the speaker's style.
        style: `[B, Z]` the style that was drawn.
    """

    bone_vectors: Tensor
    mu: Tensor
    logvar: Tensor
    style: Tensor


class GestureGenerator(nn.Module):
    """Speech, annotations and seed poses of one window → bone vectors of the window.

    A batch is a dict of float32 tensors (B windows of T frames):

    * ``mel`` `[B, T, steps, bands]` log-mel spectra
    * ``beats`` `[B, T, 2, samples]` the two beat rows around each frame
    * ``words`` `[B, T, D]` vector of the word that sounds and its timing, zeros for none
    * ``annotations`` `[B, 17, T]` stored values; -1 = unknown
    * ``seed`` `[B, T, 160]` normalised poses of the seed frames, else zeros; the last value flags them
    * ``speaker`` `[B]` int64
    * ``style_noise`` `[B, Z]`, optional: normal noise of the style (default: drawn in training, else zero)

    The pose statistics are part of the weights: ``pose_mean``, ``pose_std``, ``rest_pose``, each `[53, 3]`.
    """

    pose_mean: Tensor
    pose_std: Tensor
    rest_pose: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoders = InputEncoders(config)
        widths = self.encoders.widths
        self.skipped = ["spectrum", "text"] + (["annotations"] if config.annotation.skip else [])
        self.backbone = GruTransformer(
            sum(widths.values()), sum(widths[name] for name in self.skipped), config.window, config.backbone
        )
        self.aligner = TemporalAligner(
            config.backbone.hidden,
            config.speaker.style_width,
            config.window,
            config.aligner,
            config.pose_head,
            config.dropout,
        )
        rest = torch.from_numpy(rest_pose(config.length_table)).float()
        self.register_buffer("pose_mean", rest.clone())
        self.register_buffer("pose_std", torch.full((skeleton.N_JOINTS, 3), 0.02))
        self.register_buffer("rest_pose", rest)

    def forward(self, batch: dict[str, Tensor]) -> GeneratorOutput:
        encodings, style, mean, log_variance = self.encoders(batch)
        x = torch.cat([encodings[name] for name in self.encoders.widths], dim=-1)
        skip = torch.cat([encodings[name] for name in self.skipped], dim=-1)
        features = self.backbone(x, skip)
        seed = batch["seed"][:, : self.config.seed_frames, :POSE_DIMENSIONS]
        return GeneratorOutput(self.aligner(features, style, seed), mean, log_variance, style)

    def set_pose_statistics(self, mean: Tensor, std: Tensor, rest: Tensor, *, floor: float = 0.004) -> None:
        """Stores mean, deviation (never below ``floor``) and rest pose, each `[53, 3]` in model units."""
        self.pose_mean.copy_(mean)
        self.pose_std.copy_(std.clamp(min=floor))
        self.rest_pose.copy_(rest)

    def normalise(self, bone_vectors: Tensor) -> Tensor:
        """Bone vectors `[..., 53, 3]` in model units → `[..., 159]`; the root becomes zero."""
        scaled = (bone_vectors - self.pose_mean) / self.pose_std
        scaled = torch.cat([torch.zeros_like(scaled[..., :1, :]), scaled[..., 1:, :]], dim=-2)
        return scaled.flatten(-2)

    def denormalise(self, poses: Tensor) -> Tensor:
        """Normalised poses `[..., 159]` → bone vectors `[..., 53, 3]` in model units; the root is zero."""
        vectors = poses.unflatten(-1, (skeleton.N_JOINTS, 3)) * self.pose_std + self.pose_mean
        return torch.cat([torch.zeros_like(vectors[..., :1, :]), vectors[..., 1:, :]], dim=-2)

    def seed_input(self, poses: Tensor | None, n_batch: int) -> Tensor:
        """The ``seed`` entry `[B, T, 160]` of normalised seed poses `[B, S, 159]`, or of none at all."""
        seed = self.pose_mean.new_zeros(n_batch, self.config.window, POSE_DIMENSIONS + 1)
        if poses is not None:
            seed[:, : poses.shape[1], :POSE_DIMENSIONS] = poses
            seed[:, : poses.shape[1], POSE_DIMENSIONS] = 1.0
        return seed
