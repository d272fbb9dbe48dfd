# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the project's programs as a user runs them: from their place in `.venv`, in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


def environment() -> dict[str, str]:
    """This process's environment without what would lead a program to other copies of the project."""
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "AQGT_MODELS")}
    return {**kept, "COLUMNS": "200"}


def program(name: str) -> Path:
    """A console script of the environment that runs the tests."""
    path = Path(sys.executable).parent / name
    assert path.exists(), f"{path} is missing: run these tests with `make test-system`"
    return path


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """`run("aqgt", "generate", path, …)` in the test's own folder, standard input closed."""

    def call(name: str, *arguments: object, timeout: float = 280) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(program(name)), *map(str, arguments)],
            cwd=tmp_path,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return call


@pytest.fixture(scope="session")
def voice(checkout: Path) -> Path:
    """The demo's recording, about 28 s."""
    return checkout / "examples" / "voice" / "sense_and_sensibility.wav"


@pytest.fixture(scope="session")
def transcript(voice: Path) -> Path:
    """What the recording says."""
    return voice.with_suffix(".txt")


@pytest.fixture(scope="session")
def compact(checkout: Path) -> str:
    """The name of the shipped model; tests that need it are skipped where it is not there."""
    if not (checkout / "models" / "compact" / "config.yaml").is_file():
        pytest.skip("the default model is missing: models/compact/config.yaml")
    return "compact"
