# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that the published networks were trained with; another training may set others.

Widths, dropout, window and frame rate are the model's (`configs/models/aqgt-a.yaml`). What the published
configuration holds and nothing reads is left out (`wordembed_dim`, `n_layers`, `max_v`,
`discriminator_lr_weight`).
"""

from __future__ import annotations

from pydantic import Field

from aqgt.settings import Settings


class PublishedLossWeights(Settings):
    """Weights of the generator's terms, see `generator.published_generator_loss`."""

    regression: float = Field(20.0, ge=0)
    """Of the pose, of its change from frame to frame, and of the seven derivatives."""
    hands: float = Field(4.0, ge=0)
    """Of both hands within the pose term; the body has 1."""
    kld: float = Field(0.004, ge=0)
    """Of the style's divergence, and of the four terms on rebuilt positions."""
    style: float = Field(0.002, ge=0)
    """Of the reward for other motion under another speaker (`loss_reg_weight`)."""
    speaker: float = Field(0.0002, ge=0)
    """Of the speaker guess (`loss_vel_weight`: the name is the published one, its use is this)."""
    adversarial: float = Field(2.0, ge=0)
    """Of the discriminator's score (`loss_gan_weight`)."""


class PublishedTraining(Settings):
    """How generator and discriminator were trained."""

    batch_size: int = Field(32, ge=2)
    epochs: int = Field(500, ge=1)
    learning_rate: float = Field(1e-5, gt=0)
    weight_decay: float = Field(1e-4, ge=0)
    stride: int = Field(8, ge=1)
    """Frames between the starts of training windows (`subdivision_stride`)."""
    clip_norm: float = Field(0.5, gt=0)
    """Largest norm of all gradients together."""
    warmup_epochs: int = Field(10, ge=0)
    """Epochs without discriminator (`loss_warmup`); see `first_epoch`."""
    first_epoch: int = Field(99, ge=0)
    """Number that the epochs were counted from, so that the warm-up was always over."""
    adversarial_every: int = Field(3, ge=1)
    """Generator steps from one with the discriminator's score to the next."""
    lookahead_steps: int = Field(6, ge=1)
    lookahead_share: float = Field(0.5, gt=0, le=1)
    """Share of the way that the slow weights go to the fast ones."""
    penalty_weight: float = Field(2.0, ge=0)
    """k of WGAN-div."""
    penalty_power: float = Field(6.0, gt=1)
    """p of WGAN-div."""
    losses: PublishedLossWeights = PublishedLossWeights()
