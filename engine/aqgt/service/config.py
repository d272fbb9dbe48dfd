# SPDX-License-Identifier: GPL-3.0-or-later
"""configs/engine.yaml as checked values."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from aqgt.errors import AqgtError
from aqgt.protocol.address import DEFAULT_ADDRESS, parse_address
from aqgt.resources import data_path
from aqgt.settings import Settings, read_settings


class Limits(Settings):
    """What a request may ask for."""

    seconds: float = Field(default=600.0, gt=0, le=7200)
    variants: int = Field(default=16, ge=1, le=1000)
    waiting: int = Field(default=32, ge=1, le=10_000)
    message_mib: int = Field(default=64, ge=1, le=128)


class ServiceTiming(Settings):
    """Seconds."""

    client_silence: float = Field(default=30.0, gt=0)
    worker_start: float = Field(default=180.0, gt=0)
    cancel_grace: float = Field(default=20.0, gt=0)


class EngineConfig(Settings):
    """What `aqgt serve` may do; the keys are described in configs/engine.yaml."""

    address: str = DEFAULT_ADDRESS
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    workers: int = Field(default=1, ge=1, le=64)
    precision: Literal["exact", "fast"] = "exact"
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
    return read_settings(path or data_path("configs", "engine.yaml"), EngineConfig)
