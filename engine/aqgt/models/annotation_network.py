# SPDX-License-Identifier: GPL-3.0-or-later
"""Predicts the annotations of seed poses from their pose codes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from aqgt.models.config_published import AnnotationNetworkConfig
from aqgt.models.layers import SummedBiGru


class AnnotationNetwork(nn.Module):
    """Pose codes `[B, N]` (int64) → label probabilities `[B, frames, labels]`, channel after channel."""

    def __init__(self, config: AnnotationNetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.codes, config.code_width)
        self.gru = SummedBiGru(config.code_width, config.state_width, 1, 0.0)
        self.norm = nn.LayerNorm(config.state_width)
        self.activation = nn.Mish()
        self.heads = nn.ModuleList(_head(config, labels) for labels in config.labels)
        self.occurrence = _head(config, 1)

    def encode(self, codes: Tensor) -> Tensor:
        """Codes `[B, N]` → what the heads read, `[B, N, state_width]`."""
        return self.normalise(self.gru(self.embedding(codes)))

    def normalise(self, states: Tensor) -> Tensor:
        """What the heads read of the states `[B, N, state_width]` of the recurrent network."""
        return self.norm(self.activation(states))

    def forward(self, codes: Tensor) -> Tensor:
        return self.predict(self.encode(codes))

    def predict(self, encoded: Tensor) -> Tensor:
        """Label probabilities `[B, frames, labels]` of what `encode` gives."""
        return torch.cat([self._probabilities(head(encoded)) for head in self.heads], dim=-1)

    def _probabilities(self, scores: Tensor) -> Tensor:
        if self.config.softmax == "all_frames":
            return scores.softmax(dim=1).unflatten(1, (self.config.frames, -1))
        return scores.unflatten(1, (self.config.frames, -1)).softmax(dim=-1)


def _head(config: AnnotationNetworkConfig, labels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Flatten(),
        nn.Dropout(config.dropout),
        nn.Linear(config.n_codes * config.state_width, config.hidden),
        nn.Mish(),
        nn.LayerNorm(config.hidden),
        nn.Dropout(config.dropout),
        nn.Linear(config.hidden, config.frames * labels),
    )
