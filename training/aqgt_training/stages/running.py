# SPDX-License-Identifier: GPL-3.0-or-later
"""Stages by name: read a config, build the training, run it, write what it makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from lightning_fabric import Fabric

from aqgt.errors import AqgtError
from aqgt.formats.files import read_text, write_bytes
from aqgt.models.config import ModelConfig, read_config
from aqgt.models.registry import config_of
from aqgt.settings import check_settings
from aqgt_training.stages import annotation, audio_vq, autoencoder, exporting, pose_vq
from aqgt_training.stages.build import build_generator_training, model_config
from aqgt_training.stages.config import GeneratorStage, PublishedStage
from aqgt_training.stages.core.devices import make_fabric
from aqgt_training.stages.core.inputs import Inputs
from aqgt_training.stages.core.settings import StageSettings
from aqgt_training.stages.core.trainer import Trainer

STAGES = ("pose-vq", "audio-vq", "annotation", "autoencoder", "generator")
SETTINGS, MODEL_CONFIG = "stage.yaml", "model.yaml"


@dataclass(frozen=True)
class StageRun:
    """A training that can run.

    Attributes:
        name: of the stage.
        trainer: the training.
        config: of the model that it makes; the generator's stage alone.
    """

    name: str
    trainer: Trainer
    config: ModelConfig | None = None

    def run(self, output: Path) -> None:
        """Trains, and writes what the stage makes into the output folder."""
        self.trainer.run()
        if self.trainer.fabric.is_global_zero:
            self.trainer.task.export(self.trainer.exported_state(), output)
        self.trainer.fabric.barrier()  # a recipe's next stage reads it in every process


def read_stage(
    name: str, path: Path | None, changes: Mapping[str, Any], inputs: Mapping[str, Any]
) -> StageSettings:
    """The settings of a stage from its file.

    Args:
        name: of the stage.
        path: YAML; its paths start at its folder. None: the defaults.
        changes: values by dotted key that replace the file's.
        inputs: the same for the section ``inputs``; their paths start at the current folder.

    Raises:
        AqgtError: no such stage, or a key or value is not allowed.
    """
    if name not in STAGES:
        raise AqgtError(f"There is no stage “{name}”.", f"Use one of: {', '.join(STAGES)}.", "unknown-stage")
    origin = "the defaults" if path is None else str(path)
    raw = {} if path is None else yaml.safe_load(read_text(path)) or {}
    if not isinstance(raw, dict):
        raise AqgtError(f"“{origin}” holds no keys.", "Write `key: value` lines.", "bad-config")
    folder = Path() if path is None else path.parent
    own = check_settings(raw.pop("inputs", None) or {}, Inputs, f"{origin}, inputs").from_folder(folder)
    given = {key: value for key, value in inputs.items() if value is not None}
    chosen = check_settings({**own.model_dump(), **given}, Inputs, "the command line")
    for key, value in changes.items():
        _set(raw, key, value)
    raw["inputs"] = chosen.model_dump()
    return check_settings(raw, _kind(name, chosen), origin)


def open_stage(
    name: str,
    settings: StageSettings,
    output: Path,
    *,
    accelerator: str = "auto",
    devices: int | str = "auto",
    config: ModelConfig | None = None,
    fabric: Fabric | None = None,
) -> StageRun:
    """The training of a stage; its settings are written into the output folder.

    Args:
        config: of the model, where it is not the file that ``inputs.model`` names.

    Raises:
        AqgtError: an input is missing or does not fit.
    """
    fabric = fabric or make_fabric(accelerator, devices, settings.precision)
    if fabric.is_global_zero:
        output.mkdir(parents=True, exist_ok=True)
        shown = settings.model_dump(mode="json", exclude={"wandb": {"key"}})
        write_bytes(output / SETTINGS, yaml.safe_dump(shown, sort_keys=False).encode())
    if isinstance(settings, GeneratorStage | PublishedStage):
        config = config or _config_of(settings.inputs)
        made = model_config(config, settings.fine_tuning)
        features = exporting.features_of(config, settings.inputs)
        trainer = build_generator_training(config, settings, features, output, fabric=fabric)
        if fabric.is_global_zero:
            text = yaml.safe_dump(made.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
            write_bytes(output / MODEL_CONFIG, text.encode())
        return StageRun(name, trainer, made)
    if isinstance(settings, audio_vq.AudioVqStage):
        sound_task, train, held_out = audio_vq.build(settings, fabric)
        return StageRun(name, Trainer(sound_task, train, held_out, settings, output, fabric))
    task: Any
    if isinstance(settings, pose_vq.PoseVqStage):
        task, windows = pose_vq.build(settings, fabric)
    elif isinstance(settings, annotation.AnnotationStage):
        task, windows = annotation.build(settings, fabric)
    else:
        assert isinstance(settings, autoencoder.AutoencoderStage)
        task, windows = autoencoder.build(settings, fabric)
    return StageRun(name, Trainer(task, windows.train, windows.held_out, settings, output, fabric))


def _kind(name: str, inputs: Inputs) -> type[StageSettings]:
    match name:
        case "pose-vq":
            return pose_vq.PoseVqStage
        case "audio-vq":
            return audio_vq.AudioVqStage
        case "annotation":
            return annotation.AnnotationStage
        case "autoencoder":
            return autoencoder.AutoencoderStage
        case _:
            return GeneratorStage if _config_of(inputs).published is None else PublishedStage


def _config_of(inputs: Inputs) -> ModelConfig:
    if inputs.init_from is not None:
        return config_of(inputs.init_from)
    return read_config(inputs.needed("model"))


def _set(raw: dict[str, Any], key: str, value: Any) -> None:
    *sections, last = key.split(".")
    for section in sections:
        raw = raw.setdefault(section, {})
    raw[last] = value
