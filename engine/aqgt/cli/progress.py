# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress bars on standard error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


@contextmanager
def stages(title: str) -> Iterator[Callable[[float], None]]:
    """A bar that takes the finished share, 0 to 1; until the first share it only shows that it is alive."""
    with _bar() as progress:
        task = progress.add_task(title, total=None)

        def advance(share: float) -> None:
            progress.update(task, total=1.0, completed=min(1.0, max(0.0, share)))

        yield advance
        progress.update(task, total=1.0, completed=1.0)


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
