# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt batch` as a process of the engine's Python. It ends with Blender; started again, it goes on."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bpy

from aqgt.errors import AqgtError

from .. import preferences
from ..connection import engine_process

PROGRESS = "AQGT-PROGRESS "
_GOODBYE_SECONDS = 5.0
_TAIL_LINES = 30


@dataclass
class Batch:
    """A batch that runs or has run.

    Attributes:
        process: `aqgt batch`.
        said: the last progress line.
        tail: the last lines of its messages.
        cancelled: whether it was ended from here.
    """

    process: subprocess.Popen[str]
    said: dict[str, Any] = field(default_factory=dict)
    tail: list[str] = field(default_factory=list)
    cancelled: bool = False
    readers: list[threading.Thread] = field(default_factory=list)

    @property
    def running(self) -> bool:
        """Whether it is still at work."""
        return self.process.poll() is None

    @property
    def report(self) -> Path | None:
        """The report, once there is one."""
        path = self.said.get("report")
        return Path(path) if path else None

    @property
    def error(self) -> AqgtError | None:
        """Why it ended without a report."""
        if self.running or self.cancelled or self.report is not None:
            return None
        sentence, *rest = [line for line in self.tail if line.strip()][-2:] or ["The batch ended early."]
        return AqgtError(sentence, " ".join(rest), "batch-failed")

    def text(self) -> str:
        """One line on how far it is."""
        if not self.said:
            return "Starting…"
        ended = sum(self.said.get(key, 0) for key in ("done", "kept", "failed"))
        text = f"{ended} of {self.said.get('total', 0)}"
        if self.said.get("failed"):
            text += f", {self.said['failed']} failed"
        left = self.said.get("left")
        if self.running and left is not None:
            text += f", {round(left) // 60}:{round(left) % 60:02} left"
        return text


current: Batch | None = None
"""The batch the panel shows."""


def running() -> Batch | None:
    """The current batch while it is at work."""
    return current if current is not None and current.running else None


def this_blender() -> str:
    """What `--blender` has to be for the batch to use this very Blender."""
    return bpy.app.binary_path or sys.executable


def engine_command() -> list[str]:
    """The command `aqgt` of the engine; raises as `engine_process.command` does."""
    return engine_process.command(bpy.path.abspath(preferences.get().engine_python))


def start(jobs: str, workers: int) -> Batch:
    """Start a batch.

    Raises:
        AqgtError: there is no job file, or no engine is installed.
    """
    global current
    if not jobs:
        raise AqgtError("No job file is chosen.", "Choose a YAML or CSV file.", "no-jobs")
    path = Path(bpy.path.abspath(jobs))
    if not path.is_file():
        raise AqgtError(f"There is no job file “{path}”.", "Check the path.", "no-jobs")
    command = [*engine_command(), "batch", str(path), "--plain", "--parent-pipe", "--blender", this_blender()]
    if workers:
        command += ["--workers", str(workers)]
    flags = subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            creationflags=flags,
        )
    except OSError as error:
        raise AqgtError(
            f"The engine cannot be started ({error}).",
            "Correct Engine Python in the preferences.",
            "no-engine",
        ) from None
    current = Batch(process)
    for target, stream in ((_read_progress, process.stdout), (_read_messages, process.stderr)):
        reader = threading.Thread(target=target, args=(current, stream), daemon=True)
        reader.start()
        current.readers.append(reader)
    return current


def stop() -> None:
    """End the batch that runs and wait until it is gone; what it has finished stays."""
    batch = running()
    if batch is None:
        return
    batch.cancelled = True
    batch.process.terminate()
    try:
        batch.process.wait(_GOODBYE_SECONDS)
    except subprocess.TimeoutExpired:
        batch.process.kill()
        batch.process.wait(_GOODBYE_SECONDS)


def _read_progress(batch: Batch, stream: Any) -> None:
    for line in stream:
        if line.startswith(PROGRESS):
            batch.said = json.loads(line.removeprefix(PROGRESS))


def _read_messages(batch: Batch, stream: Any) -> None:
    for line in stream:
        batch.tail.append(line.rstrip())
        del batch.tail[:-_TAIL_LINES]
