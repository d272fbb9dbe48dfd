# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a training stage, read from YAML; an unknown key or a number out of range is refused."""

from __future__ import annotations

from pydantic import Field

from aqgt.settings import Settings
from aqgt_training.losses import LossWeights
from aqgt_training.stages.annotation_dropout import AnnotationDropout


class GeneratorStage(Settings):
    """How the gesture generator is trained."""

    batch_size: int = Field(96, ge=2)
    stride: int = Field(8, ge=1)
    """Frames between window starts."""
    max_steps: int = Field(4000, ge=1)
    minutes: float = Field(60.0, gt=0)
    """Training ends after this time even if steps are left; the learning rate follows whichever is nearer."""
    learning_rate: float = Field(2e-3, gt=0)
    weight_decay: float = Field(1e-4, ge=0)
    warmup_steps: int = Field(100, ge=1)
    clip_norm: float = Field(1.0, gt=0)
    ema_decay: float = Field(0.995, ge=0, lt=1)
    precision: str = Field("bf16-mixed", pattern="^(32-true|bf16-mixed|16-mixed)$")
    seed_noise: float = Field(0.05, ge=0)
    """Standard deviation of the noise on the seed frames, in units of the normalised pose."""
    no_seed: float = Field(0.05, ge=0, le=1)
    """Share of windows that get no seed frames."""
    adversarial_from: float = Field(0.6, ge=0, le=1)
    """Share of the training after which the discriminator joins; 1 = never."""
    discriminator_learning_rate: float = Field(5e-4, gt=0)
    std_floor: float = Field(0.002, gt=0)
    """Least standard deviation used to normalise a bone vector's coordinate, in model units."""
    validate_every: int = Field(200, ge=1)
    checkpoint_minutes: float = Field(5.0, gt=0)
    seed: int = 1
    annotation_dropout: AnnotationDropout = AnnotationDropout()
    losses: LossWeights = LossWeights()
