# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs `aqgt` in this process, and makes recordings."""

from __future__ import annotations

import sys
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray


@dataclass
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def aqgt(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """`aqgt("generate", path, …)` as typed in a shell."""
    from aqgt.cli.app import main

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["aqgt", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "200")
        code = 0
        try:
            main()
        except SystemExit as ending:
            code = int(ending.code or 0)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


def write_wav(path: Path, samples: NDArray, rate: int = 16_000) -> Path:
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


@pytest.fixture(scope="session")
def voice(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Path:
    """The second sentence of the demo voice: 3 s, “He was not an ill-disposed young man”."""
    with wave.open(str(checkout / "examples" / "voice" / "sense_and_sensibility.wav")) as file:
        file.setpos(round(7.9 * 16_000))
        samples = np.frombuffer(file.readframes(round(2.99 * 16_000)), "<i2") / 32768
    return write_wav(tmp_path_factory.mktemp("voice") / "voice.wav", samples)


@pytest.fixture(scope="session")
def transcript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "voice.txt"
    path.write_text("He was not an ill-disposed young man.\n")
    return path
