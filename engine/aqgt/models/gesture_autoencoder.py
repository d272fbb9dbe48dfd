# SPDX-License-Identifier: GPL-3.0-or-later
"""The gesture autoencoder; the Fréchet gesture distance compares its features."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from aqgt.models.config_published import AutoencoderConfig
from aqgt.models.layers import SummedBiGru, repeat_over_frames


class GestureEncoder(nn.Module):
    """Poses `[B, T, 159]` → mean and log variance of the feature, each `[B, C]`."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        first, second, third, last = config.channels
        self.convolutions = nn.Sequential(
            _convolution(config.n_dimensions, first, 3, 1, config.convolution_slope),
            _convolution(first, second, 3, 1, config.convolution_slope),
            _convolution(second, third, 4, 2, config.convolution_slope),
            nn.Conv1d(third, last, 3),
        )
        # Two kernels of 3, one of 4 at every second frame, one of 3; nothing is padded.
        n_left = (config.frames - 4 - 4) // 2 + 1 - 2
        wide, narrow = config.encoder_hidden
        self.affine = nn.Sequential(
            nn.Linear(last * n_left, wide),
            nn.BatchNorm1d(wide),
            nn.LeakyReLU(config.affine_slope),
            nn.Linear(wide, narrow),
            nn.BatchNorm1d(narrow),
            nn.LeakyReLU(config.affine_slope),
            nn.Linear(narrow, config.width),
        )
        self.mean = nn.Linear(config.width, config.width)
        self.log_variance = nn.Linear(config.width, config.width)

    def forward(self, poses: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.affine(self.convolutions(poses.transpose(1, 2)).flatten(1))
        return self.mean(hidden), self.log_variance(hidden)


class GestureDecoder(nn.Module):
    """Feature `[B, C]` and the poses before, `[B, P, 159]` → poses `[B, P + T, 159]`."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.n_frames = config.n_pre + config.frames
        self.pre = nn.Sequential(
            nn.Linear(config.n_pre * config.n_dimensions, config.width),
            nn.BatchNorm1d(config.width),
            nn.ReLU(),
            nn.Linear(config.width, config.width),
        )
        self.gru = SummedBiGru(2 * config.width, config.decoder_state, config.decoder_layers, config.dropout)
        self.out = nn.Sequential(
            nn.Linear(config.decoder_state, config.decoder_hidden),
            nn.LeakyReLU(config.affine_slope),
            nn.Linear(config.decoder_hidden, config.n_dimensions),
        )

    def forward(self, feature: Tensor, pre: Tensor) -> Tensor:
        joined = torch.cat([self.pre(pre.flatten(1)), feature], dim=-1)
        return self.out(self.gru(repeat_over_frames(joined, self.n_frames)))


class GestureAutoencoder(nn.Module):
    """Encoder and decoder; the mean that the encoder gives is the feature."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.encoder = GestureEncoder(config)
        self.decoder = GestureDecoder(config)

    def forward(self, pre: Tensor, poses: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Reconstruction `[B, P + T, 159]` from the mean, then mean and log variance `[B, C]`."""
        mean, log_variance = self.encoder(poses)
        return self.decoder(mean, pre), mean, log_variance


def _convolution(width_in: int, width: int, kernel: int, stride: int, slope: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(width_in, width, kernel, stride), nn.BatchNorm1d(width), nn.LeakyReLU(slope)
    )
