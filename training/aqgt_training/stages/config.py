# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the generator's training, of fresh and of published networks."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from aqgt.models.config_published import SpeechDiscriminatorConfig
from aqgt.settings import Settings
from aqgt_training.losses import LossWeights
from aqgt_training.published_losses.settings import PublishedLossWeights
from aqgt_training.stages.annotation_dropout import AnnotationDropout
from aqgt_training.stages.core.settings import StageSettings


class FineTuning(Settings):
    """What of a model that is trained further stays as it is."""

    freeze: tuple[str, ...] = ()
    """Names of parts, as they begin: e.g. ``encoders.spectrum``, ``backbone`` (docs/training.md)."""
    new_speakers: int = Field(0, ge=0)
    """Speakers to append; the corpus' speaker n becomes the model's count + n."""


class GeneratorStage(StageSettings):
    """How a fresh generator is trained."""

    batch_size: int = Field(96, ge=2)
    stride: int = Field(8, ge=1)
    """Frames between window starts."""
    learning_rate: float = Field(2e-3, gt=0)
    betas: tuple[float, float] = (0.9, 0.98)
    warmup_steps: int = Field(100, ge=1)
    ema_decay: float = Field(0.995, ge=0, lt=1)
    precision: str = Field("bf16-mixed", pattern="^(32-true|bf16-mixed|16-mixed)$")
    export: Literal["last", "best"] = "last"
    seed_noise: float = Field(0.05, ge=0)
    """Standard deviation of the noise on the seed frames, in units of the normalised pose."""
    no_seed: float = Field(0.05, ge=0, le=1)
    """Share of windows that get no seed frames."""
    adversarial_from: float = Field(0.6, ge=0, le=1)
    """Share of the training after which the discriminator joins; 1 = never."""
    discriminator_learning_rate: float = Field(5e-4, gt=0)
    std_floor: float = Field(0.002, gt=0)
    """Least standard deviation used to normalise a bone vector's coordinate, in model units."""
    annotation_dropout: AnnotationDropout = AnnotationDropout()
    losses: LossWeights = LossWeights()
    fine_tuning: FineTuning = FineTuning()


class GrowingDropout(Settings):
    """A dropout that grows during the training."""

    step: float = Field(0.05, ge=0, lt=1)
    every_epochs: int = Field(25, ge=1)
    most: float = Field(0.3, ge=0, lt=1)


class PublishedStage(StageSettings):
    """How a published generator is trained; the defaults are the released code's."""

    batch_size: int = Field(32, ge=2)
    epochs: int | None = Field(500, ge=1)
    max_steps: int = Field(10_000_000, ge=1)
    minutes: float = Field(60 * 24 * 60.0, gt=0)
    optimiser: Literal["adamw", "radamw"] = "radamw"
    learning_rate: float = Field(1e-5, gt=0)
    lookahead_steps: int = Field(6, ge=0)
    schedule: Literal["linear", "constant", "epochs", "plateau"] = "constant"
    clip_norm: float = Field(0.5, gt=0)
    validate_every: int = Field(2000, ge=0)
    stride: int = Field(8, ge=1)
    """Frames between window starts; of shards, where they were cut."""
    adversarial: bool = True
    """Whether there is a discriminator."""
    adversarial_from_epoch: int = Field(0, ge=0)
    """First epoch of the discriminator's score. The released code says 10 and counts from 99, which is 0."""
    adversarial_every: int = Field(3, ge=1)
    """Generator steps from one with the discriminator's score to the next."""
    penalty_weight: float = Field(2.0, ge=0)
    penalty_power: float = Field(6.0, gt=1)
    """k and p of WGAN-div."""
    dropout: GrowingDropout | None = None
    """None: the dropout of the model's config, unchanged."""
    losses: PublishedLossWeights = PublishedLossWeights()
    discriminator: SpeechDiscriminatorConfig = SpeechDiscriminatorConfig()
    """Its widths; the model's own inputs come from the model's config."""
    fine_tuning: FineTuning = FineTuning()
