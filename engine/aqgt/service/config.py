# SPDX-License-Identifier: GPL-3.0-or-later
"""configs/engine.yaml as checked values."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from aqgt.errors import AqgtError
from aqgt.protocol.address import DEFAULT_ADDRESS, parse_address
from aqgt.resources import data_path
from aqgt.settings import Settings, read_settings


class Limits(Settings):
    """What clients may ask for."""

    seconds: float = Field(default=600.0, gt=0, le=7200)
    words: int = Field(default=20_000, ge=1, le=200_000)
    spans: int = Field(default=5000, ge=1, le=200_000)
    variants: int = Field(default=16, ge=1, le=1000)
    message_mib: int = Field(default=64, ge=1, le=128)
    clients: int = Field(default=64, ge=1, le=1000)
    per_client: int = Field(default=32, ge=1, le=10_000)
    waiting: int = Field(default=256, ge=1, le=10_000)
    waiting_mib: int = Field(default=1024, ge=1, le=65_536)
    kept_mib: int = Field(default=64, ge=0, le=65_536)
    live: int = Field(default=8, ge=0, le=1000)
    live_seconds: float = Field(default=7200.0, gt=0, le=86_400)
    live_chunk: float = Field(default=5.0, gt=0, le=60)
    live_ahead: float = Field(default=30.0, gt=0, le=600)


class ServiceTiming(Settings):
    """Seconds."""

    client_silence: float = Field(default=30.0, gt=0)
    worker_start: float = Field(default=180.0, gt=0)
    cancel_grace: float = Field(default=20.0, gt=0)
    job: float = Field(default=3600.0, gt=0)
    keep_results: float = Field(default=120.0, ge=0)
    stop_grace: float = Field(default=60.0, ge=0)
    live_silence: float = Field(default=30.0, gt=0)


class EngineConfig(Settings):
    """What `aqgt serve` may do; the keys are described in configs/engine.yaml."""

    address: str = DEFAULT_ADDRESS
    keys: str | None = None
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    workers: int | None = Field(default=None, ge=1, le=64)
    precision: Literal["exact", "fast"] = "exact"
    threads: int | None = Field(default=None, ge=1, le=1024)
    batch: int = Field(default=16, ge=1, le=256)
    models: tuple[str, ...] | None = None
    loaded_models: int = Field(default=2, ge=1)
    model_memory_mib: int | None = Field(default=None, ge=1)
    transcription: str | None = None
    log: Literal["text", "json"] = "text"
    metrics_port: int | None = Field(default=None, ge=1, le=65_535)
    idle_exit: float | None = Field(default=None, gt=0)
    limits: Limits = Limits()
    timing: ServiceTiming = ServiceTiming()

    @model_validator(mode="after")
    def _safe_address(self) -> EngineConfig:
        try:
            parse_address(self.address, with_keys=self.keys is not None)
        except AqgtError as error:
            raise ValueError(f"address: {error}".rstrip(".")) from error
        return self


def read_engine_config(path: Path | None = None) -> EngineConfig:
    """The engine's configuration, by default configs/engine.yaml.

    Raises:
        AqgtError: the file can't be read, or a key or value is not allowed; the message names file and key.
    """
    return read_settings(path or data_path("configs", "engine.yaml"), EngineConfig)
