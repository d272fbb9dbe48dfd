# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine that rests after each window: on any machine a hand reaches Esc, and progress is seen."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from aqgt.service.backend import ModelBackend, Task
from aqgt.service.config import EngineConfig
from aqgt.service.serve import serve

REST = 0.5
"""Seconds after each window of two seconds of speech."""


class PacedTask:
    """A job whose every report takes its time."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def __getattr__(self, name: str) -> Any:
        return getattr(self._task, name)

    def report(self, progress: Any) -> None:
        self._task.report(progress)
        time.sleep(REST)


class PacedBackend(ModelBackend):
    """The real one otherwise."""

    def run(self, tasks: Sequence[Task]) -> None:
        super().run([PacedTask(task) for task in tasks])


if __name__ == "__main__":
    serve(EngineConfig(address="tcp://127.0.0.1:0"), parent_pipe=True, factory="paced_engine:PacedBackend")
