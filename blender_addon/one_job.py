# SPDX-License-Identifier: GPL-3.0-or-later
"""Which job runs: one generation, and beside it one that writes a list of words."""

from __future__ import annotations

from typing import Any, Protocol

import bpy


class Running(Protocol):
    """What is followed: it is begun, and may be given up until it is no longer busy."""

    @property
    def busy(self) -> bool:
        """Whether it goes on, up to its result lying in the file."""

    def begin(self) -> None:
        """Send it; raises `AqgtError`."""

    def cancel(self) -> None:
        """Give it up."""


class OneJob:
    """The one job of its kind.

    Attributes:
        current: the job that the panel shows, finished or not; None: none was begun.
    """

    def __init__(self) -> None:
        self.current: Any = None

    def run(self, job: Running) -> None:
        """Make a job the current one and send it.

        Raises:
            AqgtError: it cannot be sent.
        """
        job.begin()
        self.current = job

    def running(self) -> Any:
        """The current job as long as it is busy, else None."""
        return self.current if self.current is not None and self.current.busy else None

    def abandon(self) -> None:
        """Give up whatever runs."""
        if self.current is not None:
            self.current.cancel()
        self.current = None


generation = OneJob()
"""Of Generate, Generate Again and Suggest Gestures."""
wording = OneJob()
"""Of Align Words and Transcribe."""


def abandon_all() -> None:
    """The file is closed or the add-on disabled."""
    generation.abandon()
    wording.abandon()


@bpy.app.handlers.persistent
def on_load_pre(*_arguments: Any) -> None:
    """Another file is about to be loaded."""
    abandon_all()
