# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt serve` as users start it, with the debug model."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aqgt.formats.npz import read_npz
from aqgt.protocol import messages
from aqgt.protocol.client import EngineClient


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "aqgt.cli", "serve", "--port", "0", "--device", "cpu", "--parent-pipe"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    yield process.stdout.readline().removeprefix("AQGT READY ").strip()
    process.stdin.close()
    assert process.wait(timeout=20) == 0
    process.stdout.close()


def voice(checkout: Path) -> np.ndarray:
    from aqgt.speech.audio import read_audio

    return read_audio(checkout / "examples" / "voice" / "sense_and_sensibility.wav")[: round(7.1 * 16_000)]


def test_it_generates_what_this_process_generates(address: str, checkout: Path) -> None:
    from aqgt.generation import generate
    from aqgt.models.registry import load_model

    request = messages.GenerateRequest(voice(checkout), model="debug", seed=5)
    windows: list[messages.Progress] = []
    with EngineClient(address) as client:
        assert "debug" in [model.name for model in client.hello().models]
        remote = client.generate(request, windows.append)
    local = generate(request, load_model("debug"))
    assert np.allclose(remote.motions[0].bone_vectors, local.motions[0].bone_vectors, atol=1e-5)
    assert remote.spans == local.spans
    assert [progress.window for progress in windows] == list(range(1, windows[-1].windows + 1))


def test_it_aligns_and_suggests(address: str, checkout: Path) -> None:
    audio = voice(checkout)
    text = (checkout / "examples" / "voice" / "sense_and_sensibility.txt").read_text().splitlines()[0]
    with EngineClient(address) as client:
        words = client.align(audio, text).words
        spans = client.suggest(messages.SuggestRequest(audio, words)).spans
    assert len(words) == len(text.split())
    assert spans


@pytest.mark.parametrize(
    ("change", "code"),
    [({"model": "../../etc"}, "unknown-model"), ({"audio": np.zeros(32_000, np.float32)}, None)],
)
def test_what_only_the_worker_can_refuse(
    address: str, checkout: Path, change: dict, code: str | None
) -> None:
    from aqgt.errors import AqgtError

    request = messages.GenerateRequest(**{"audio": voice(checkout), "model": "debug", **change})
    with EngineClient(address) as client, pytest.raises(AqgtError) as caught:
        client.generate(request)
    assert caught.value.next_step
    assert code is None or caught.value.code == code


def test_the_command_line_uses_it(address: str, checkout: Path, tmp_path: Path) -> None:
    wav = checkout / "examples" / "voice" / "sense_and_sensibility.wav"
    target = tmp_path / "a.npz"
    result = _aqgt("generate", wav, "--model", "debug", "--engine", address, "-o", target)
    assert result.returncode == 0, result.stderr
    assert read_npz(target).motion.duration == pytest.approx(27.93, abs=0.07)


def test_an_engine_that_dies_midway_ends_the_command(
    start_engine: Callable[..., Any], checkout: Path, tmp_path: Path
) -> None:
    engine = start_engine()
    wav = checkout / "examples" / "voice" / "sense_and_sensibility.wav"

    def kill_when_busy() -> None:
        with EngineClient(engine.address) as client:
            while client.status().running == 0:
                time.sleep(0.02)
        os.kill(engine.process.pid, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)

    killer = threading.Thread(target=kill_when_busy, daemon=True)
    killer.start()
    result = _aqgt("generate", wav, "--model", "slow", "--engine", engine.address, "-o", tmp_path / "a.npz")
    killer.join(timeout=10)
    assert result.returncode == 2, result.stderr
    assert "has gone" in result.stderr
    assert "aqgt serve" in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.glob("*.npz")) == []


def _aqgt(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "aqgt.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)
