# SPDX-License-Identifier: GPL-3.0-or-later
"""The progress bar of the corpus commands."""

from __future__ import annotations

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
