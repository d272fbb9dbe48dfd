# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue: which jobs wait, which run, and whose turn it is."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import zmq

from aqgt.errors import AqgtError
from aqgt.service.config import Limits


@dataclass(eq=False)
class Job:
    """One request of one client.

    Attributes:
        number: the broker's own name for it, unique over all clients.
        client: the identity of its client on the socket; another one where the client came back.
        name: the client's name for it.
        frame: the request as it came.
        seconds: length of its sound.
        arrived: when it came (monotonic seconds).
        model: the model whose other jobs it may be run together with; None: it runs alone.
        variants: motions to make.
        position: the position last told to the client; -1: none yet.
        started: when a worker took it.
        cancelled_at: when it was given up while running, else None.
    """

    number: bytes
    client: bytes
    name: str
    frame: bytes | zmq.Frame
    seconds: float
    arrived: float
    model: str | None = None
    variants: int = 1
    position: int = -1
    started: float | None = None
    cancelled_at: float | None = None


@dataclass(eq=False)
class JobQueue:
    """Waiting jobs, taken from one client after the other; running jobs."""

    limits: Limits
    _waiting: OrderedDict[bytes, deque[Job]] = field(default_factory=OrderedDict)
    _again: deque[Job] = field(default_factory=deque)
    _running: dict[bytes, Job] = field(default_factory=dict)
    _names: dict[str, Job] = field(default_factory=dict)
    _bytes: int = 0
    _count: int = 0

    @property
    def waiting(self) -> int:
        """Jobs that wait."""
        return len(self._names) - len(self._running)

    @property
    def running(self) -> int:
        """Jobs at work."""
        return len(self._running)

    def add(
        self,
        client: bytes,
        name: str,
        frame: bytes | zmq.Frame,
        *,
        seconds: float,
        now: float,
        model: str | None = None,
        variants: int = 1,
    ) -> Job:
        """Append a job.

        Raises:
            AqgtError: its name is in use, or the queue is full.
        """
        if not name or name in self._names:
            raise AqgtError("The job has no name of its own.", "Give each job another id.", "bad-message")
        self._check_room(client, len(frame))
        self._count += 1
        job = Job(str(self._count).encode(), client, name, frame, seconds, now, model, variants)
        self._waiting.setdefault(client, deque()).append(job)
        self._names[name] = job
        self._bytes += len(frame)
        return job

    def _check_room(self, client: bytes, size: int) -> None:
        limits = self.limits
        own = sum(job.client == client for job in self._names.values())
        if own >= limits.per_client:
            raise AqgtError(
                f"{own} of your jobs are not finished yet.",
                "Wait for one of them, or raise limits.per_client in the engine's configuration.",
                "queue-full",
            )
        if self.waiting >= limits.waiting or self._bytes + size > limits.waiting_mib * 2**20:
            raise AqgtError(
                f"{self.waiting} jobs are waiting already.",
                "Try again later, or raise limits.waiting and waiting_mib in the engine's configuration.",
                "queue-full",
            )

    def take(self, most: int, batchable: Collection[str], now: float) -> list[Job]:
        """Take the next job to work, with others of the same model up to ``most`` variants in all."""
        if self._again:
            return [self._start(self._again.popleft(), now)]
        if not self._waiting:
            return []
        first = self._pop(next(iter(self._waiting)), 0)
        taken, room = [first], most - first.variants
        if first.model is not None and first.model in batchable:
            while room > 0 and (found := self._next_of(first.model, room)) is not None:
                taken.append(self._pop(*found))
                room -= taken[-1].variants
        return [self._start(job, now) for job in taken]

    def _next_of(self, model: str, room: int) -> tuple[bytes, int] | None:
        for client, jobs in self._waiting.items():
            for index, job in enumerate(jobs):
                if job.model == model and job.variants <= room:
                    return client, index
        return None

    def _pop(self, client: bytes, index: int) -> Job:
        jobs = self._waiting.pop(client)
        job = jobs[index]
        del jobs[index]
        if jobs:
            self._waiting[client] = jobs  # behind the other clients now
        return job

    def _start(self, job: Job, now: float) -> Job:
        job.started = now
        self._running[job.number] = job
        return job

    def run_again(self, job: Job) -> None:
        """A running job goes back to the front, to run once more and alone."""
        del self._running[job.number]
        job.model, job.started = None, None
        self._again.append(job)

    def find(self, name: str) -> Job | None:
        """A job by its client's name for it."""
        return self._names.get(name)

    def by_number(self, number: bytes) -> Job | None:
        """A running job."""
        return self._running.get(number)

    def is_running(self, job: Job) -> bool:
        """Whether it is at work."""
        return job.number in self._running

    def end(self, job: Job) -> None:
        """Forget a job."""
        if self._names.pop(job.name, None) is None:
            return
        self._bytes -= len(job.frame)
        if self._running.pop(job.number, None) is None:
            self._leave(job)

    def hand_over(self, job: Job, client: bytes) -> None:
        """A job's client came back under another identity."""
        if client == job.client:
            return
        if not self.is_running(job) and job not in self._again:
            self._leave(job)
            self._waiting.setdefault(client, deque()).append(job)
        job.client = client

    def _leave(self, job: Job) -> None:
        if job in self._again:
            self._again.remove(job)
            return
        jobs = self._waiting[job.client]
        jobs.remove(job)
        if not jobs:
            del self._waiting[job.client]

    def moved(self) -> Iterator[tuple[Job, int]]:
        """The jobs whose position differs from what their client was told last; it counts as told now."""
        ahead = 1 if self._running else 0
        places = [(job, 0) for job in self._running.values()]
        places += [(job, ahead + index) for index, job in enumerate(self._in_turn())]
        for job, position in places:
            if job.position != position:
                job.position = position
                yield job, position

    def _in_turn(self) -> list[Job]:
        order = list(self._again)
        columns = list(self._waiting.values())
        for index in range(max(map(len, columns), default=0)):
            order += [jobs[index] for jobs in columns if index < len(jobs)]
        return order

    def all_running(self) -> list[Job]:
        """The jobs at work."""
        return list(self._running.values())

    def all_waiting(self) -> list[Job]:
        """The jobs that wait, in the order in which they will be taken."""
        return self._in_turn()

    def of_client(self, client: bytes) -> list[Job]:
        """All jobs of a client."""
        return [job for job in self._names.values() if job.client == client]
