# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine for `soak.py`: started and ended, and looked at from outside through /proc (Linux only)."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from aqgt.protocol import messages

CHECKOUT = Path(__file__).resolve().parent.parent
VOICE = CHECKOUT / "examples" / "voice" / "sense_and_sensibility.wav"


@dataclass
class Engine:
    """A running engine."""

    process: subprocess.Popen[str]
    address: str
    log: Path

    def family(self) -> dict[int, str]:
        """The engine's processes: pid -> "broker" or "worker"."""
        parents = {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with contextlib.suppress(OSError, IndexError, ValueError):
                    parents[int(folder.name)] = int(
                        (folder / "stat").read_text().rsplit(")", 1)[1].split()[1]
                    )
        found = {self.process.pid: "broker"}
        for pid, parent in parents.items():
            if parent == self.process.pid and "spawn_main" in _command(pid):
                found[pid] = "worker"
        return found

    def workers(self) -> list[int]:
        """The pids of the workers."""
        return [pid for pid, kind in self.family().items() if kind == "worker"]

    def kill(self) -> None:
        """End it without a word."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """End it as a service manager does; returns its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=90)


@dataclass(frozen=True)
class Use:
    """What an engine's processes hold."""

    memory_mib: float
    sockets: int
    threads: int
    per_process: dict[str, float] = field(default_factory=dict)


def use_of(engine: Engine) -> Use:
    """What its processes hold now."""
    memory: dict[str, float] = {}
    sockets = threads = 0
    for pid, kind in engine.family().items():
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{pid}/status").read_text()
            figures = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
            memory[kind] = memory.get(kind, 0.0) + int(figures["VmRSS"].split()[0]) / 1024
            threads += int(figures["Threads"])
            sockets += sum("socket:" in link for link in _links(pid))
    return Use(sum(memory.values()), sockets, threads, memory)


def processor_seconds(engine: Engine) -> float:
    """Processor time that the engine's processes have taken so far."""
    ticks = 0
    for pid in engine.family():
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _links(pid: int) -> Iterator[str]:
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            yield os.readlink(descriptor)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def listening_addresses(engine: Engine) -> set[str]:
    """Where the engine's processes listen: "127.0.0.1:5757"."""
    inodes = {link[8:-1] for pid in engine.family() for link in _links(pid) if link.startswith("socket:")}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            parts = line.split()
            if parts[3] == "0A" and parts[9] in inodes:
                host, _, port = parts[1].partition(":")
                found.add(f"{_host(host)}:{int(port, 16)}")
    return found


def _host(words: str) -> str:
    if len(words) == 8:
        return ".".join(str(byte) for byte in reversed(bytes.fromhex(words)))
    return words


@contextlib.contextmanager
def engine_of(**settings: Any) -> Iterator[Engine]:
    """An engine on a free port with these settings."""
    engine = start(**settings)
    try:
        yield engine
    finally:
        if engine.process.poll() is None:
            engine.process.kill()
        engine.process.wait()


def start(**settings: Any) -> Engine:
    """Start an engine and wait until it takes jobs."""
    folder = Path(tempfile.mkdtemp(prefix="aqgt-soak-"))
    config = folder / "engine.yaml"
    config.write_text(json.dumps({"address": "tcp://127.0.0.1:0", "device": "cpu", **settings}))
    assert yaml.safe_load(config.read_text())  # JSON is YAML
    log = folder / "engine.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "aqgt.cli", "serve", "--config", str(config)],
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.startswith("AQGT READY"):
        raise SystemExit(f"The engine did not start:\n{log.read_text()}")
    return Engine(process, line.split()[-1], log)


def voice(seconds: float, start_at: float = 0.0) -> np.ndarray:
    """A piece of the example recording."""
    from aqgt.speech.audio import read_audio

    samples = np.tile(read_audio(VOICE), 30)
    first = round(start_at * messages.SAMPLE_RATE)
    return samples[first : first + round(seconds * messages.SAMPLE_RATE)].copy()


def wait_until(condition: Any, seconds: float, pause: float = 0.005) -> float:
    """Seconds until a condition holds.

    Raises:
        TimeoutError: it never did.
    """
    began = time.perf_counter()
    while not condition():
        if time.perf_counter() - began > seconds:
            raise TimeoutError
        time.sleep(pause)
    return time.perf_counter() - began
