# SPDX-License-Identifier: GPL-3.0-or-later
"""Guesses the speaker from the features; the guessed speaker's own vector then enters the aligner."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class GuessedSpeaker:
    """Which speaker a window sounds like.

    Attributes:
        vector: `[B, Z]` the guessed speaker's own vector.
        index: `[B]` the most probable speaker, int64.
        loss: cross entropy against the true speaker, a number; of probabilities that pass through a second
            softmax, as the published networks were trained.
    """

    vector: Tensor
    index: Tensor
    loss: Tensor


class SpeakerGuess(nn.Module):
    """Features `[B, T, H]` and true speakers `[B]` → `GuessedSpeaker`."""

    def __init__(self, n_values: int, hidden: int, count: int, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Flatten(),
            nn.Linear(n_values, hidden),
            nn.Mish(),
            nn.LayerNorm(hidden),
            nn.Linear(hidden, count),
            nn.Softmax(dim=1),
        )
        self.embedding = nn.Embedding(count, width)

    def forward(self, features: Tensor, speaker: Tensor) -> GuessedSpeaker:
        probabilities = self.body(features)
        index = probabilities.argmax(dim=1)
        return GuessedSpeaker(self.embedding(index), index, F.cross_entropy(probabilities, speaker))
