# SPDX-License-Identifier: GPL-3.0-or-later
"""The discriminator of the adversarial phase: does this motion look real under this annotation?"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from aqgt.models.config import POSE_DIMENSIONS, ModelConfig
from aqgt.models.encoders import AnnotationEncoder
from aqgt.models.layers import feed_forward


class Discriminator(nn.Module):
    """Normalised poses `[B, T, 159]` and annotations `[B, 17, T]` → one score per window `[B, 1]`.

    Strided convolutions over time; they see speed next to pose, since jitter and stiffness show there first.
    The score is unbounded, for a hinge loss.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        widths = config.discriminator
        self.annotations = AnnotationEncoder(
            config.annotation.model_copy(update={"width": widths.annotation_width})
        )
        channels = 2 * POSE_DIMENSIONS + widths.annotation_width
        layers: list[nn.Module] = []
        for _ in range(widths.layers):
            layers += [nn.Conv1d(channels, widths.hidden, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
            channels = widths.hidden
        self.body = nn.Sequential(*layers)
        self.score = feed_forward([channels, widths.hidden, 1], last_activation=False)

    def forward(self, poses: Tensor, annotations: Tensor) -> Tensor:
        speed = torch.diff(poses, dim=1, prepend=poses[:, :1])
        x = torch.cat([poses, speed, self.annotations(annotations)], dim=-1)
        hidden = self.body(x.transpose(1, 2))
        # Scores of all stretches of time are averaged: each stretch has to look real by itself.
        return self.score(hidden.transpose(1, 2)).mean(dim=1)
