# SPDX-License-Identifier: GPL-3.0-or-later
"""The progress bar of a training."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


def progress_bar(*, hidden: bool) -> Progress:
    """A bar with share, loss and the time that is left."""
    return Progress(
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[loss]}"),
        TimeRemainingColumn(),
        disable=hidden,
        console=Console(stderr=True),
    )
