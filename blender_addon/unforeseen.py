# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors that nobody foresaw, as a sentence with a next step; where they arose is kept for the report."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from aqgt.errors import AqgtError

_last: list[str] = []


def told(error: BaseException) -> AqgtError:
    """An error as people are told it: one of ours as it is; of any other the console gets the details."""
    if isinstance(error, AqgtError):
        return error
    frames = traceback.extract_tb(error.__traceback__)
    _last[:] = [
        type(error).__name__,
        *(f"{Path(one.filename).name}:{one.lineno} {one.name}" for one in frames),
    ]
    traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, MemoryError):
        return AqgtError(
            "There is not enough memory for it.", "Close other programs, or use a shorter sound.", "no-memory"
        )
    kind = type(error).__name__
    # The quotes keep what may name a file or a person out of the report.
    return AqgtError(
        f"It ended with an error that was not foreseen: {kind} “{error}”.",
        "Try again; if it comes again, press Report under Engine and send that to whoever helps you.",
        "unforeseen",
    )


def last() -> list[str]:
    """The kind of the last such error, and the file, line and function of each call on the way to it."""
    return list(_last)
