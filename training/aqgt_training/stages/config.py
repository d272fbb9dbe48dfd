# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a training stage, read from YAML; an unknown key or a number out of range is refused."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aqgt.errors import AqgtError
from aqgt_training.losses import LossWeights
from aqgt_training.stages.annotation_dropout import AnnotationDropout

Settings = TypeVar("Settings", bound=BaseModel)


class GeneratorStage(BaseModel):
    """How the gesture generator is trained."""

    model_config = ConfigDict(extra="forbid", frozen=True)

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


def read_settings(path: Path, kind: type[Settings]) -> Settings:
    """Settings from a YAML file.

    Raises:
        AqgtError: no such file, not YAML, or a key or value the settings do not allow.
    """
    if not path.is_file():
        raise AqgtError(f"There is no file {path}.", "Give the path of a YAML file.", "no-file")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        return kind.model_validate(values)
    except yaml.YAMLError as problem:
        raise AqgtError(f"{path} is not YAML: {problem}.", "Mend the file.", "bad-config") from problem
    except ValidationError as problem:
        lines = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in problem.errors())
        known = ", ".join(kind.model_fields)
        raise AqgtError(f"{path}: {lines}.", f"Known keys: {known}.", "bad-config") from problem
