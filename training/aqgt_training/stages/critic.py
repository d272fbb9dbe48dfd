# SPDX-License-Identifier: GPL-3.0-or-later
"""The critic of a VQ that is trained as WGAN-div: does this block look real?"""

from __future__ import annotations

from torch import Tensor, nn

from aqgt_training.published_losses.adversarial import discriminator_loss, generator_score_loss
from aqgt_training.stages.core.players import Player


class PictureCritic(nn.Module):
    """Pictures `[B, 1, H, W]`, a block of poses or a chunk of sound → unbounded scores `[B, 1]`.

    The paper says that its critic is unbounded and nothing of its layers; these are a few strided
    convolutions, without norms that would mix the batch.
    """

    def __init__(self, channels: int = 32) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 1
        for width in (channels, 2 * channels, 4 * channels):
            layers += [nn.Conv2d(before, width, 3, stride=2, padding=1), nn.LeakyReLU(0.2)]
            before = width
        self.body = nn.Sequential(*layers, nn.AdaptiveAvgPool2d((1, 4)), nn.Flatten())
        self.score = nn.Linear(4 * before, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.score(self.body(pictures))


class CriticTurns:
    """The two sides of the game in one step: first the network's reward, then the critic's own turn."""

    def __init__(self, critic: Player, weight: float) -> None:
        self.critic, self.weight = critic, weight

    def reward(self, made: Tensor) -> Tensor:
        """What the network's loss gets for the score of what it made."""
        with self.critic.alone():
            return self.weight * generator_score_loss(self.critic.network(made))

    def learn(self, real: Tensor, made: Tensor) -> dict[str, float]:
        """The critic's step; the terms to log."""
        terms = discriminator_loss(self.critic.network, real, made)
        self.critic.learn(terms.total)
        return {"critic": float(terms.total.detach())}
