# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt serve` and a command that uses it, both from the shell."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from aqgt.formats.npz import read_npz
from aqgt.protocol.client import EngineClient
from tests.system.conftest import Run, environment, program
from tests.system.media import read_wav, write_wav

READY = "AQGT READY "


@dataclass
class Engine:
    """A running engine and where it listens."""

    process: subprocess.Popen[str]
    address: str


@pytest.fixture
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine on a free port; it ends with the test."""
    with (tmp_path_factory.mktemp("engine") / "engine.log").open("w") as log:
        process = subprocess.Popen(
            [str(program("aqgt")), "serve", "--port", "0", "--device", "cpu", "--parent-pipe"],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith(READY)
    yield Engine(process, line.removeprefix(READY).strip())
    process.stdin.close()
    process.wait(timeout=30)
    process.stdout.close()


@pytest.mark.slow
def test_it_makes_what_the_command_makes_by_itself(
    run: Run, engine: Engine, voice: Path, transcript: Path, tmp_path: Path
) -> None:
    options = ["--text", transcript, "--model", "debug", "--seed", 3]
    for name, more in (("engine", ["--engine", engine.address]), ("alone", [])):
        result = run("aqgt", "generate", voice, *options, *more, "-o", f"{name}.npz")
        assert result.returncode == 0, result.stderr
    remote, local = (read_npz(tmp_path / f"{name}.npz") for name in ("engine", "alone"))
    assert np.allclose(remote.motion.bone_vectors, local.motion.bone_vectors, atol=1e-5)
    assert remote.spans == local.spans


@pytest.mark.slow
def test_an_engine_that_dies_midway(engine: Engine, voice: Path, tmp_path: Path) -> None:
    samples = read_wav(voice)
    long = write_wav(tmp_path / "long.wav", np.tile(samples, 590 * 16_000 // len(samples)))
    options = ["--engine", engine.address, "--model", "debug", "--variants", "16", "-o", "a.npz"]
    client = subprocess.Popen(
        [str(program("aqgt")), "generate", str(long), *options],
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _wait_for_work(engine.address)
        engine.process.kill()
        _, said = client.communicate(timeout=200)  # the end of the connection ends it, no time-out of its own
    finally:
        client.kill()
        client.wait()
    assert client.returncode == 2, said
    assert "Traceback" not in said
    assert "engine" in said.lower()
    assert "aqgt serve" in said
    assert not list(tmp_path.glob("a*.npz"))


def _wait_for_work(address: str) -> None:
    """Returns while a job runs."""
    with EngineClient(address, name="test") as client:
        end = time.monotonic() + 120
        while time.monotonic() < end:
            if client.status().running:
                return
            time.sleep(0.05)
    raise AssertionError("the job never ran")
