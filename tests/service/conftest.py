# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine with a fake backend, in a process of its own as users run it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
START = """
import json, sys
from aqgt.service.config import EngineConfig
from aqgt.service.serve import serve
from aqgt.cli.errors import report_errors
if __name__ == "__main__":
    with report_errors(debug=False):
        serve(
            EngineConfig.model_validate(json.loads(sys.argv[1])),
            parent_pipe="--parent-pipe" in sys.argv,
            factory="fake_backend:FakeBackend",
        )
"""


@dataclass
class Engine:
    process: subprocess.Popen[str]
    address: str
    log: Path


@pytest.fixture
def start_engine(tmp_path: Path) -> Iterator[Callable[..., Engine]]:
    """Start engines: `start_engine("--parent-pipe", config={...})`; they end with the test."""
    script = tmp_path / "engine.py"
    script.write_text(START)
    started: list[subprocess.Popen[str]] = []

    def start(*options: str, config: dict | None = None, wait: bool = True) -> Engine:
        settings = {"address": "tcp://127.0.0.1:0", **(config or {})}
        log = tmp_path / f"engine{len(started)}.log"
        process = subprocess.Popen(
            [sys.executable, str(script), json.dumps(settings), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log.open("w"),
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])},
        )
        started.append(process)
        address = ""
        if wait:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("AQGT READY tcp://127.0.0.1:"), log.read_text()
            address = line.split()[-1]
        return Engine(process, address, log)

    yield start
    for process in started:
        with contextlib.suppress(OSError):
            process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


@pytest.fixture
def engine(start_engine: Callable[..., Engine]) -> Engine:
    return start_engine()
