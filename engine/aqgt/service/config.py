# SPDX-License-Identifier: GPL-3.0-or-later
"""configs/engine.yaml as checked values."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from aqgt.errors import AqgtError
from aqgt.protocol.address import DEFAULT_ADDRESS, parse_address
from aqgt.resources import data_path


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limits(_Strict):
    """What a request may ask for."""

    seconds: float = Field(default=600.0, gt=0, le=7200)
    variants: int = Field(default=16, ge=1, le=1000)
    waiting: int = Field(default=32, ge=1, le=10_000)
    message_mib: int = Field(default=64, ge=1, le=128)


class ServiceTiming(_Strict):
    """Seconds."""

    client_silence: float = Field(default=30.0, gt=0)
    worker_start: float = Field(default=180.0, gt=0)
    cancel_grace: float = Field(default=20.0, gt=0)


class EngineConfig(_Strict):
    """What `aqgt serve` may do; the keys are described in configs/engine.yaml."""

    address: str = DEFAULT_ADDRESS
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    workers: int = Field(default=1, ge=1, le=64)
    threads: int | None = Field(default=None, ge=1, le=1024)
    models: tuple[str, ...] | None = None
    loaded_models: int = Field(default=2, ge=1)
    limits: Limits = Limits()
    timing: ServiceTiming = ServiceTiming()

    @field_validator("address")
    @classmethod
    def _loopback(cls, value: str) -> str:
        try:
            parse_address(value)
        except AqgtError as error:
            raise ValueError(str(error)) from error
        return value


def read_engine_config(path: Path | None = None) -> EngineConfig:
    """The engine's configuration, by default configs/engine.yaml.

    Raises:
        AqgtError: the file can't be read, or a key or value is not allowed; the message names file and key.
    """
    path = path or data_path("configs", "engine.yaml")
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise AqgtError(
            f"The configuration {path} cannot be read ({error}).", "Correct the file.", "bad-config"
        ) from error
    if not isinstance(raw, dict):
        raise AqgtError(f"The configuration {path} holds no keys.", "Write `key: value` lines.", "bad-config")
    return parse_engine_config(raw, str(path))


def parse_engine_config(raw: dict[str, Any], origin: str) -> EngineConfig:
    """Checked values of a parsed file; raises like `read_engine_config`."""
    try:
        return EngineConfig.model_validate(raw)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            sentence = f"{origin}: there is no key “{key}”."
            next_step = f"Allowed here: {', '.join(_keys_beside(problem['loc']))}."
        else:
            sentence = f"{origin}: “{key}” is {problem['input']!r}, which is not allowed."
            next_step = f"{problem['msg'].removeprefix('Value error, ')}."
        raise AqgtError(sentence, next_step, "bad-config") from error


def _keys_beside(location: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = EngineConfig
    for part in location[:-1]:
        annotation = model.model_fields[str(part)].annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    return list(model.model_fields)
