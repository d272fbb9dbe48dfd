# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue: which jobs wait, which run, and who wants to know."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass
class Job:
    """One request of one client.

    Attributes:
        number: the broker's own name for it, unique over all clients.
        client: the client's identity on the socket.
        name: the client's name for it.
        request: what is asked for.
        position: the position last told to the client; -1: none yet.
        cancelled_at: when it was given up while running (monotonic seconds), else None.
    """

    number: str
    client: bytes
    name: str
    request: Any
    position: int = -1
    cancelled_at: float | None = None


class JobQueue:
    """Jobs in the order of their arrival."""

    def __init__(self, most_waiting: int) -> None:
        self._most_waiting = most_waiting
        self._waiting: OrderedDict[str, Job] = OrderedDict()
        self._running: dict[str, Job] = {}
        self._count = 0
        self.finished = 0

    @property
    def waiting(self) -> int:
        """Jobs that wait."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """Jobs at work."""
        return len(self._running)

    @property
    def full(self) -> bool:
        """Whether no further job is taken."""
        return len(self._waiting) >= self._most_waiting

    def add(self, client: bytes, name: str, request: Any) -> Job:
        """Append a job."""
        self._count += 1
        job = Job(str(self._count), client, name, request)
        self._waiting[job.number] = job
        return job

    def start_next(self) -> Job | None:
        """Take the first waiting job to work."""
        if not self._waiting:
            return None
        _, job = self._waiting.popitem(last=False)
        self._running[job.number] = job
        return job

    def find(self, client: bytes, name: str) -> Job | None:
        """A client's job by the client's name for it."""
        return next((job for job in self if job.client == client and job.name == name), None)

    def by_number(self, number: str) -> Job | None:
        """A running job."""
        return self._running.get(number)

    def is_running(self, job: Job) -> bool:
        """Whether it is at work."""
        return job.number in self._running

    def end(self, job: Job) -> None:
        """Forget a job."""
        if self._waiting.pop(job.number, None) or self._running.pop(job.number, None):
            self.finished += 1

    def moved(self) -> Iterator[tuple[Job, int]]:
        """The jobs whose position differs from what their client was told last; it counts as told now."""
        ahead = 1 if self._running else 0
        places = [(job, 0) for job in self._running.values()]
        places += [(job, ahead + index) for index, job in enumerate(self._waiting.values())]
        for job, position in places:
            if job.position != position:
                job.position = position
                yield job, position

    def of_client(self, client: bytes) -> list[Job]:
        """All jobs of a client."""
        return [job for job in self if job.client == client]

    def __iter__(self) -> Iterator[Job]:
        yield from list(self._running.values())
        yield from list(self._waiting.values())
