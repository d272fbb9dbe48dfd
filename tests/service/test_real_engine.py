# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt serve` as users start it, with the debug model."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aqgt.formats.npz import read_npz
from aqgt.protocol import messages
from aqgt.protocol.client import EngineClient
from aqgt.protocol.connection import TERMINAL
from aqgt.speech.audio import write_wav


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
    assert process.wait(timeout=60) == 0
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


def test_a_crowd_gets_what_each_would_get_alone(address: str, checkout: Path) -> None:
    from aqgt.generation import generate
    from aqgt.models.registry import load_model

    sound = voice(checkout)
    requests = [
        messages.GenerateRequest(sound[500 * number : 500 * number + 40_000], model="debug", seed=number)
        for number in range(12)
    ]
    made: dict[int, messages.GenerateResult] = {}
    clients = [EngineClient(address) for _ in range(6)]
    over = threading.Semaphore(0)

    def take(number: int, event: object) -> None:
        if isinstance(event, messages.GenerateResult):
            made[number] = event
        if isinstance(event, TERMINAL):
            over.release()

    # The worker is busy until all of them wait, so that some have to run together.
    busy = messages.GenerateRequest(np.tile(sound, 30), model="debug")
    clients[0].submit(busy, partial(take, len(requests)))
    for number, request in enumerate(requests):
        clients[number % 6].submit(request, partial(take, number))
    for _ in (busy, *requests):
        assert over.acquire(timeout=120)
    for client in clients:
        client.close()
    model = load_model("debug")
    for number, request in enumerate(requests):
        right = generate(request, model).motions[0].bone_vectors
        assert np.abs(made[number].motions[0].bone_vectors - right).max() <= 1e-5
    together = [not made[number].provenance[0].deterministic for number in range(len(requests))]
    assert any(together), "none was batched"


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


def test_the_command_line_tells_its_status(address: str) -> None:
    told = _aqgt("status", "--engine", address, "--json")
    assert told.returncode == 0, told.stderr
    status = json.loads(told.stdout)
    assert status["workers"][0]["state"] in ("idle", "busy")
    assert "debug" in status["workers"][0]["models"]
    table = _aqgt("status", "--engine", address, "--once")
    assert table.returncode == 0, table.stderr
    assert "jobs/min" in table.stdout
    nobody = _aqgt("status", "--engine", "tcp://127.0.0.1:9", "--once")
    assert nobody.returncode == 2
    assert "aqgt serve" in nobody.stderr


def test_the_command_line_uses_keys(start_engine: Callable[..., Any], checkout: Path, tmp_path: Path) -> None:
    made = _aqgt("keys", "new", tmp_path / "keys", "--client", "anna")
    assert made.returncode == 0, made.stderr
    engine = start_engine(config={"keys": str(tmp_path / "keys")})
    key = tmp_path / "keys" / "anna.key"
    wav = checkout / "examples" / "voice" / "sense_and_sensibility.wav"
    arguments = ("generate", wav, "--model", "fake", "--engine", engine.address, "-o", tmp_path / "a.npz")
    with_key = _aqgt(*arguments, "--key", key)
    assert with_key.returncode == 0, with_key.stderr
    without = _aqgt(*arguments)
    assert without.returncode == 2
    assert "--key" in without.stderr
    again = _aqgt("keys", "new", tmp_path / "keys", "--client", "anna")
    assert again.returncode == 2
    assert "already" in again.stderr


def test_an_engine_that_dies_midway_ends_the_command(
    start_engine: Callable[..., Any], checkout: Path, tmp_path: Path
) -> None:
    engine = start_engine()
    wav = tmp_path / "long.wav"  # the model “slow” takes a quarter of a minute for it
    write_wav(wav, np.tile(voice(checkout), 40))

    def kill_when_busy() -> None:
        with EngineClient(engine.address) as client:
            while client.status().running == 0:
                time.sleep(0.02)
        os.kill(engine.process.pid, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)

    killer = threading.Thread(target=kill_when_busy, daemon=True)
    killer.start()
    result = _aqgt("generate", wav, "--model", "slow", "--engine", engine.address, "-o", tmp_path / "a.npz")
    killer.join(timeout=60)
    assert result.returncode == 2, result.stderr
    assert "has gone" in result.stderr
    assert "aqgt serve" in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.glob("*.npz")) == []


def _aqgt(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "aqgt.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)
