# SPDX-License-Identifier: GPL-3.0-or-later
"""The progress bar of the corpus commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def corpus_progress(console: Console) -> Progress:
    """A bar that counts clips, records or shards; hidden where nobody watches."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )


@contextmanager
def naming_problems(console: Console, what: str, total: int) -> Iterator[Callable[[str, str | None], None]]:
    """A bar over ``total`` things; what it gives takes the name of each that is done, and its problem."""
    with corpus_progress(console) as bar:
        task = bar.add_task(what, total=total)

        def done(name: str, problem: str | None) -> None:
            if problem:
                bar.console.print(f"{name}: {problem}", style="yellow", markup=False)
            bar.advance(task)

        yield done
