# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress of batches and renders: a bar with the time left, or lines of JSON for programs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from aqgt.studio.runner import Progress as BatchProgress

PLAIN_PREFIX = "AQGT-PROGRESS "
"""Begins a line of JSON on standard output."""
_PLAIN_SECONDS = 0.5


@contextmanager
def batch_progress(plain: bool) -> Iterator[Callable[[BatchProgress], None]]:
    """What is told of a batch's progress; lines of JSON come at most twice a second."""
    if plain:
        yield _plain_batch()
        return
    with _bar() as bar:
        task = bar.add_task("Batch", total=1.0, left="", detail="starting")

        def show(progress: BatchProgress) -> None:
            ended = progress.done + progress.kept + progress.failed
            failed = f", {progress.failed} failed" if progress.failed else ""
            at_work = "; ".join(f"{name}: {text}" for name, (_, text) in list(progress.running.items())[:2])
            bar.update(
                task,
                completed=progress.share,
                left=_left(progress.seconds_left),
                detail=f"{ended}/{progress.total}{failed}  {at_work}",
            )

        yield show


@contextmanager
def frames_progress() -> Iterator[Callable[[int, int], None]]:
    """A bar that takes how many frames are there and how many there will be."""
    with _bar() as bar:
        task = bar.add_task("Rendering", total=1.0, left="", detail="opening the scene")
        state: dict[str, float] = {}

        def show(done: int, total: int) -> None:
            now = time.monotonic()
            first = state.setdefault("first", done)
            began = state.setdefault("began", now)
            made = done - first
            left = (now - began) / made * (total - done) if made else None
            bar.update(
                task, completed=done / max(total, 1), left=_left(left), detail=f"frame {done} of {total}"
            )

        yield show


def _plain_batch() -> Callable[[BatchProgress], None]:
    said = [0.0, -1]

    def show(progress: BatchProgress) -> None:
        ended = progress.done + progress.kept + progress.failed
        now = time.monotonic()
        if now - said[0] < _PLAIN_SECONDS and ended == said[1]:
            return
        said[:] = [now, ended]
        line = {
            "share": round(progress.share, 4),
            "total": progress.total,
            "done": progress.done,
            "kept": progress.kept,
            "failed": progress.failed,
            "left": None if progress.seconds_left is None else round(progress.seconds_left, 1),
            "text": "; ".join(f"{name}: {text}" for name, (_, text) in progress.running.items()),
        }
        print(PLAIN_PREFIX + json.dumps(line), flush=True)

    return show


def show_end(report: Path, counts: dict[str, int]) -> None:
    """The last line of JSON: where the report is."""
    line = {"share": 1.0, "total": sum(counts.values()), **counts, "left": 0.0, "report": str(report)}
    print(PLAIN_PREFIX + json.dumps(line), flush=True)


def _left(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} left" if hours else f"{minutes}:{rest:02} left"


def _bar() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
        TextColumn("{task.fields[detail]}", markup=False),
        console=Console(stderr=True),
    )
