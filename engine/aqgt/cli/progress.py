# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress bars on standard error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)


@contextmanager
def stages(title: str) -> Iterator[Callable[[float], None]]:
    """A bar that takes the finished share, 0 to 1; until the first share it only shows that it is alive."""
    with _bar() as progress:
        task = progress.add_task(title, total=None)

        def advance(share: float) -> None:
            progress.update(task, total=1.0, completed=min(1.0, max(0.0, share)))

        yield advance
        progress.update(task, total=1.0, completed=1.0)


@contextmanager
def downloads() -> Iterator[Callable[[str, int, int | None], None]]:
    """A bar per file that takes its name, the bytes that are there, and those of the whole file if known."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        tasks: dict[str, TaskID] = {}

        def update(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(name, total=total)
            progress.update(tasks[name], completed=done, total=total)

        yield update


def note(sentence: str) -> None:
    """One sentence for the user, on standard error."""
    Console(stderr=True, soft_wrap=True, highlight=False).print(sentence, markup=False)


def _bar() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
