# SPDX-License-Identifier: GPL-3.0-or-later
"""Work in steps: a timer does a few of them at each tick, a script all of them at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from typing import Any, TypeVar

Result = TypeVar("Result")
Steps = Generator[bool, None, Result]
"""Yields after each step: whether it only waits, so that going on at once makes no sense. Returns a result.

Between two steps Blender's data may change: what is used after one is to be looked up again.
"""

_WAIT_SECONDS = 0.005


def drain(steps: Steps[Result]) -> Result:
    """Do all steps, one after the other."""
    while True:
        try:
            if next(steps):
                time.sleep(_WAIT_SECONDS)
        except StopIteration as end:
            return end.value


def some(steps: Steps[Result], seconds: float) -> list[Result]:
    """Do steps until the time is up or they wait; the result as the only entry once they have ended."""
    end = time.perf_counter() + seconds
    try:
        while not next(steps) and time.perf_counter() < end:
            pass
    except StopIteration as stop:
        return [stop.value]
    return []


def aside(work: Callable[[], Result]) -> Steps[Result]:
    """Have a thread do work that touches nothing of Blender's, and wait for it.

    Raises:
        BaseException: what the work raised.
    """
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.extend((None, work()))
        except BaseException as error:
            outcome.extend((error, None))

    thread = threading.Thread(target=run, name="aqgt-work", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            yield True
    finally:
        # Given up: no thread may outlive the add-on, and a second or two is as long as it lasts.
        thread.join()
    error, result = outcome
    if error is not None:
        raise error
    return result
