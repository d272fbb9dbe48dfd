# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a batch: what is not done goes to a pool, what was killed gets a second try, all is written down."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from aqgt.errors import AqgtError
from aqgt.studio.journal import Journal, Receipt, read_receipt
from aqgt.studio.pool import Advanced, Begun, Died, Ended, Event, Pool

ATTEMPTS = 2
"""Of a task whose worker, Blender or engine was killed on the way; other errors would only come again."""
RETRIED = ("blender-crash", "engine-gone", "no-engine", "no-answer")
_WAIT_SECONDS = 0.2

State = Literal["done", "kept", "failed"]


@dataclass(frozen=True)
class Item:
    """One task as the runner sees it.

    Attributes:
        name: unique in the batch.
        key: what it depends on; a receipt under this key means that it is done.
        payload: what the pool is given.
        timeout: seconds one attempt may take.
    """

    name: str
    key: str
    payload: Any
    timeout: float = 3600.0


@dataclass(frozen=True)
class Outcome:
    """How a task ended: ``done`` now, ``kept`` from an earlier run, or ``failed``."""

    name: str
    state: State
    receipt: Receipt | None = None
    error: AqgtError | None = None
    attempts: int = 1


@dataclass
class Progress:
    """How far the batch is.

    Attributes:
        total: tasks in all.
        done, kept, failed: tasks that ended.
        running: task to its finished share and what is being done.
        began: monotonic seconds.
    """

    total: int
    done: int = 0
    kept: int = 0
    failed: int = 0
    running: dict[str, tuple[float, str]] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    @property
    def share(self) -> float:
        """0 to 1, tasks at work counted by their shares."""
        ended = self.done + self.kept + self.failed
        at_work = sum(share for share, _ in self.running.values())
        return (ended + at_work) / self.total if self.total else 1.0

    @property
    def seconds_left(self) -> float | None:
        """Estimated from what this run has done so far; None: nothing yet."""
        worked = self.done + self.failed + sum(share for share, _ in self.running.values())
        left = self.total - self.kept - worked
        if worked < 0.05:
            return None
        return (time.monotonic() - self.began) / worked * left


def run(
    items: Sequence[Item],
    pool: Callable[[int], Pool],
    journal: Journal,
    on_progress: Callable[[Progress], None] | None = None,
) -> list[Outcome]:
    """Do all tasks that are not done yet.

    Args:
        items: the tasks.
        pool: makes the pool for so many tasks; not called where nothing is left to do.
        journal: entered already.
        on_progress: called whenever something has changed.

    Returns:
        One outcome per task, in order.
    """
    batch = _Batch(journal, Progress(len(items)), on_progress or (lambda progress: None))
    waiting = deque(item for item in items if not batch.keep(item))
    batch.tell(batch.progress)
    if waiting:
        workers = pool(len(waiting))
        try:
            while waiting or batch.working:
                while waiting and workers.free() > 0:
                    item = waiting.popleft()
                    batch.begin(item)
                    workers.submit(item.name, item.payload, item.timeout)
                for event in workers.wait(_WAIT_SECONDS):
                    again = batch.take(event)
                    if again is not None:
                        waiting.append(again)
                batch.tell(batch.progress)
        finally:
            workers.close()
    return [batch.outcomes[item.name] for item in items]


class _Batch:
    """What is known while a batch runs."""

    def __init__(self, journal: Journal, progress: Progress, tell: Callable[[Progress], None]) -> None:
        self.journal, self.progress, self.tell = journal, progress, tell
        self.working: dict[str, Item] = {}
        self.outcomes: dict[str, Outcome] = {}
        self._attempts: dict[str, int] = {}

    def keep(self, item: Item) -> bool:
        """Whether an earlier run did this."""
        receipt = read_receipt(self.journal.state, item.key)
        if receipt is None:
            return False
        self.outcomes[item.name] = Outcome(item.name, "kept", receipt, attempts=0)
        self.journal.write("kept", item.name, key=item.key)
        self.progress.kept += 1
        return True

    def begin(self, item: Item) -> None:
        """A task goes to the pool."""
        self.working[item.name] = item
        # Counted here: a worker may die before it says that it has begun.
        self._attempts[item.name] = self._attempts.get(item.name, 0) + 1

    def take(self, event: Event) -> Item | None:
        """Note an event; a task that is to be tried again is returned."""
        if event.task not in self.working:
            return None  # the last word of a worker whose task was given up
        if isinstance(event, Begun):
            self.journal.write("begun", event.task, attempt=self._attempts[event.task], worker=event.worker)
            self.progress.running[event.task] = (0.0, "begun")
        elif isinstance(event, Advanced):
            self.progress.running[event.task] = (event.share, event.text)
        elif isinstance(event, Ended) and event.error is None:
            self._end(event.task, Outcome(event.task, "done", event.value))
        elif isinstance(event, Ended):
            return self._fail(event.task, event.error or AqgtError("It failed."))
        elif isinstance(event, Died):
            return self._fail(event.task, _death(event))
        return None

    def _fail(self, name: str, error: AqgtError) -> Item | None:
        item, attempt = self.working[name], self._attempts[name]
        if error.code in (*RETRIED, "worker-died") and attempt < ATTEMPTS:
            del self.working[name]
            self.progress.running.pop(name, None)
            self.journal.write("retried", name, reason=str(error))
            return item
        if attempt > 1:
            error = AqgtError(f"{error.sentence} That happened {attempt} times.", error.next_step, error.code)
        self._end(name, Outcome(name, "failed", error=error))
        return None

    def _end(self, name: str, outcome: Outcome) -> None:
        item = self.working.pop(name)
        self.progress.running.pop(name, None)
        attempts = self._attempts[name]
        self.outcomes[name] = Outcome(name, outcome.state, outcome.receipt, outcome.error, attempts)
        if outcome.error is None:
            self.progress.done += 1
            self.journal.write("done", name, key=item.key, attempt=attempts)
        else:
            self.progress.failed += 1
            self.journal.write(
                "failed",
                name,
                key=item.key,
                attempt=attempts,
                code=outcome.error.code,
                error=str(outcome.error),
            )


def _death(event: Died) -> AqgtError:
    if event.timed_out:
        return AqgtError(
            "The job took longer than its `timeout`.", "Raise it, or give it less to do.", "timeout"
        )
    return AqgtError(
        f"The process that worked on it died: {event.reason}.",
        "A full memory is the usual cause: use fewer --workers, or a shorter recording.",
        "worker-died",
    )


def thumbnail_of(receipt: Receipt | None) -> Path | None:
    """The strip of pictures of a task that is done, if it is there."""
    path = None if receipt is None or receipt.thumbnail is None else Path(receipt.thumbnail)
    return path if path is not None and path.is_file() else None
