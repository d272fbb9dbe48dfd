# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights that the published networks were trained with; another training may set others.

How they were trained besides is `aqgt_training.stages.config.PublishedStage`; widths, dropout, window and
frame rate are the model's (`configs/models/aqgt-a.yaml`). What the published configuration holds and nothing
reads is left out (`wordembed_dim`, `n_layers`, `max_v`, `discriminator_lr_weight`).
"""

from __future__ import annotations

from pydantic import Field

from aqgt.settings import Settings


class PublishedLossWeights(Settings):
    """Weights of the generator's terms, see `generator.published_generator_loss`."""

    regression: float = Field(20.0, ge=0)
    """Of the pose."""
    frame_to_frame: float = Field(20.0, ge=0)
    """Of the pose's change from frame to frame."""
    derivatives: float = Field(20.0, ge=0)
    """Of the derivatives."""
    derivative_orders: int = Field(7, ge=1, le=7)
    """How many derivatives count."""
    absolute: float = Field(0.004, ge=0)
    """Of joint positions."""
    positions: float = Field(0.004, ge=0)
    """Of the vectors between both elbows and both wrists, and of the bones."""
    distance: float = Field(0.004, ge=0)
    """Of the differences between the two hands."""
    hands: float = Field(4.0, ge=0)
    """Of both hands within the pose term; the body has 1."""
    kld: float = Field(0.004, ge=0)
    """Of the style's divergence (`loss_kld_weight`, which weighs the terms on positions as well)."""
    style: float = Field(0.002, ge=0)
    """Of the reward for other motion under another speaker (`loss_reg_weight`)."""
    speaker: float = Field(0.0002, ge=0)
    """Of the speaker guess (`loss_vel_weight`: the name is the published one, its use is this)."""
    adversarial: float = Field(2.0, ge=0)
    """Of the discriminator's score (`loss_gan_weight`)."""
