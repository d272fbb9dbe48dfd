# SPDX-License-Identifier: GPL-3.0-or-later
"""The published discriminator: does this motion look real under this speech and these annotations?"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from aqgt.models.config_published import SpeechDiscriminatorConfig
from aqgt.models.layers import SummedBiGru, feed_forward, repeat_over_frames
from aqgt.models.published_encoders import AudioCodeEncoder, SentenceEncoder

_FIRST_RATE = 0.1


class ConcreteDropout(nn.Module):
    """Dropout whose rate is learnt (Gal et al. 2017); the identity outside training."""

    def __init__(self, temperature: float = 0.1, eps: float = 1e-7) -> None:
        super().__init__()
        self.temperature, self.eps = temperature, eps
        self.logit = nn.Parameter(torch.full((1,), _FIRST_RATE).logit())

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        rate, noise = self.logit.sigmoid(), torch.rand_like(x)
        score = (rate + self.eps).log() - (1 - rate + self.eps).log()
        score = score + (noise + self.eps).log() - (1 - noise + self.eps).log()
        return x * (1 - torch.sigmoid(score / self.temperature)) / (1 - rate)


class PoseColumnEncoder(nn.Module):
    """Poses `[B, T, 159]` → `[B, C]` by convolutions along the pose values; the frames are the channels."""

    def __init__(self, frames: int, channels: tuple[int, ...]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width = frames
        for each in channels:
            layers += [nn.Conv1d(width, each, 3, padding=1, bias=False), nn.BatchNorm1d(each)]
            layers += [nn.Mish(), nn.MaxPool1d(2)]
            width = each
        layers += [nn.Conv1d(width, width, 3, padding=1, bias=False), nn.BatchNorm1d(width)]
        self.dropout = ConcreteDropout()
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Mish())

    def forward(self, poses: Tensor) -> Tensor:
        return self.body(self.dropout(poses))


class SpeechDiscriminator(nn.Module):
    """Poses `[B, T, 159]`, sentence `[B, D]`, sound codes and annotations `[B, 17, T]` → scores `[B, 1]`."""

    def __init__(self, config: SpeechDiscriminatorConfig) -> None:
        super().__init__()
        hidden, frames = config.hidden, config.frames
        self.audio = AudioCodeEncoder(
            config.audio_codes_bottom, config.audio_codes_top, hidden, frames, config.audio_width
        )
        self.text = SentenceEncoder(
            config.sentence_width, config.sentence_hidden, config.text_width, config.sentence_dropout
        )
        self.poses = PoseColumnEncoder(frames, config.pose_channels)
        joined = config.n_dimensions + config.audio_width + config.text_width
        self.norm = nn.Sequential(nn.Mish(), nn.LayerNorm(joined))
        self.gru = SummedBiGru(joined, config.state_width, config.state_layers, config.dropout)
        self.state = nn.Sequential(nn.LayerNorm(config.state_width), nn.Mish(), nn.Flatten())
        columns = config.n_dimensions // 2 ** len(config.pose_channels)
        both = columns * config.pose_channels[-1] + frames * config.state_width
        self.join = nn.Sequential(
            nn.LayerNorm(both), nn.Dropout(config.dropout), nn.Linear(both, hidden), nn.Mish()
        )
        self.annotations = feed_forward(
            [config.n_annotations * frames, hidden, hidden], last_activation=False
        )
        self.score = nn.Sequential(
            nn.LayerNorm(hidden),
            nn.Dropout(config.dropout),
            nn.Linear(hidden, hidden),
            nn.Mish(),
            nn.LayerNorm(hidden),
            nn.Linear(hidden, 1),
        )

    def forward(
        self,
        poses: Tensor,
        sentence: Tensor,
        audio_bottom: Tensor,
        audio_top: Tensor,
        annotations: Tensor | None = None,
    ) -> Tensor:
        text = repeat_over_frames(self.text(sentence), poses.shape[1])
        joined = torch.cat([poses, self.audio(audio_bottom, audio_top), text], dim=-1)
        state = self.state(self.gru(self.norm(joined)))
        x = self.join(torch.cat([self.poses(poses), state], dim=-1))
        if annotations is not None:
            x = x + self.annotations(annotations.flatten(1))
        return self.score(x)
