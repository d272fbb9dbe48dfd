# SPDX-License-Identifier: GPL-3.0-or-later
"""What the config of every training stage may say; an unknown key or a number out of range is refused."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from aqgt.settings import Settings
from aqgt_training.stages.core.inputs import Inputs


class WandbSettings(Settings):
    """A run on Weights & Biases, besides the logs that are always written."""

    project: str = Field(min_length=1)
    name: str | None = None
    key: str | None = None
    """API key; None: what `wandb login` or WANDB_API_KEY gave."""
    mode: Literal["online", "offline"] = "online"


class StageSettings(Settings):
    """Training settings that all stages have. One step is one batch."""

    batch_size: int = Field(64, ge=2)
    """Examples per step and device."""
    max_steps: int = Field(4000, ge=1)
    epochs: int | None = Field(None, ge=1)
    """Training ends after so many passes over the data, even if steps are left."""
    minutes: float = Field(60.0, gt=0)
    """Training ends after this time even if steps are left; a linear schedule follows whichever is nearer."""
    optimiser: Literal["adamw", "radamw"] = "adamw"
    learning_rate: float = Field(1e-3, gt=0)
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = Field(1e-4, ge=0)
    lookahead_steps: int = Field(0, ge=0)
    """Every so many steps the slow weights of Lookahead follow; 0: no Lookahead."""
    lookahead_share: float = Field(0.5, gt=0, le=1)
    """Share of the way that the slow weights go to the fast ones."""
    schedule: Literal["linear", "constant", "epochs", "plateau"] = "linear"
    """linear: down to 2 % at the end; epochs: times ``decay`` every ``decay_epochs``; plateau: times
    ``decay`` after ``patience`` validations without gain."""
    decay: float = Field(0.5, gt=0, le=1)
    decay_epochs: int = Field(20, ge=1)
    patience: int = Field(8, ge=0)
    least_learning_rate: float = Field(1e-5, ge=0)
    """Where the schedules ``epochs`` and ``plateau`` end."""
    stop_patience: int = Field(0, ge=0)
    """Training ends after so many validations without gain; 0: never."""
    warmup_steps: int = Field(1, ge=1)
    clip_norm: float = Field(1.0, gt=0)
    """Largest norm of all gradients together."""
    ema_decay: float = Field(0.0, ge=0, lt=1)
    """Decay of a moving average of the weights; 0: none is kept."""
    precision: str = Field("32-true", pattern="^(32-true|bf16-mixed|16-mixed)$")
    validate_every: int = Field(200, ge=0)
    """Steps from one validation to the next; 0: at the end of each epoch."""
    validation_batches: int = Field(20, ge=1)
    log_every: int = Field(10, ge=1)
    """Steps from one entry of the training's curve to the next."""
    checkpoint_minutes: float = Field(5.0, gt=0)
    checkpoint_steps: int = Field(0, ge=0)
    """Also a checkpoint every so many steps; 0: by time alone."""
    sample_epochs: int = Field(0, ge=0)
    """Videos of held-out windows every so many epochs; 0: none."""
    export: Literal["last", "best"] = "best"
    """Which weights the stage hands on: those of the end or those of the best validation."""
    wandb: WandbSettings | None = None
    seed: int = 1
    inputs: Inputs = Inputs()
    """What the stage reads."""
