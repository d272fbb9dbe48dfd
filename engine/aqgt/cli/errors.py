# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors on the command line: a red sentence and the next step, no traceback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from aqgt.errors import AqgtError

EXIT_CODE = 2


@contextmanager
def report_errors(debug: bool) -> Iterator[None]:
    """Print an `AqgtError` to standard error and exit with code 2; with ``debug`` let it through."""
    try:
        yield
    except AqgtError as error:
        if debug:
            raise
        from rich.console import Console
        from rich.text import Text

        console = Console(stderr=True, soft_wrap=True, highlight=False)
        console.print(Text(error.sentence, style="bold red"))
        if error.next_step:
            console.print(Text(error.next_step))
        sys.exit(EXIT_CODE)
