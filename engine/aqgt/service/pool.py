# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker processes behind a broker: started, watched, replaced. Nothing here ever waits."""

from __future__ import annotations

import logging
import multiprocessing
import multiprocessing.process
import secrets
import time
from dataclasses import dataclass, field

from aqgt.protocol.messages import WorkerStatus
from aqgt.service.config import EngineConfig
from aqgt.service.inner import Facts
from aqgt.service.memory import resident_mib
from aqgt.service.worker import worker_main

log = logging.getLogger("aqgt.pool")

_SPAWN = multiprocessing.get_context("spawn")
_KILL_AFTER = 2.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0


@dataclass(eq=False)
class Worker:
    """One place for a process; the process in it may change.

    Attributes:
        number: from 0; tells the worker which of several devices is its own.
        process: the process; None while it waits to be started again.
        token: what the process proves itself with.
        started: when it was started (monotonic seconds).
        identity: its identity on the socket once it has introduced itself.
        jobs: numbers of the jobs it works on.
        live: numbers of the live jobs it has.
        deaths: how often processes have died here since one finished a job.
        retry_at: when the next process is started.
    """

    number: int
    process: multiprocessing.process.BaseProcess | None = None
    token: str = ""
    started: float = 0.0
    identity: bytes | None = None
    jobs: list[bytes] = field(default_factory=list)
    live: list[bytes] = field(default_factory=list)
    deaths: int = 0
    restarts: int = 0
    retry_at: float = 0.0
    device: str = ""
    models: tuple[str, ...] = ()

    def status(self) -> WorkerStatus:
        """What a client is told of it."""
        if self.process is None:
            state = "waiting"
        elif self.identity is None:
            state = "starting"
        else:
            state = "busy" if self.jobs or self.live else "idle"
        pid = None if self.process is None else self.process.pid
        memory = None if pid is None else resident_mib(pid)
        return WorkerStatus(
            self.number,
            state,
            self.device,
            len(self.jobs) + len(self.live),
            self.restarts,
            memory,
            self.models,
        )


@dataclass(frozen=True)
class Death:
    """A worker's process has ended, or did not get ready in time."""

    worker: Worker
    reason: str
    """As part of a sentence: "was killed (signal 9)"."""
    jobs: tuple[bytes, ...]
    live: tuple[bytes, ...]
    was_ready: bool


class WorkerPool:
    """As many workers as configured, or as there are devices."""

    def __init__(self, address: str, factory: str, config: EngineConfig) -> None:
        self._address = address
        self._factory = factory
        self._config = config
        self._dying: list[tuple[multiprocessing.process.BaseProcess, float]] = []
        self.batchable: frozenset[str] = frozenset()
        self.workers = [Worker(number) for number in range(config.workers or 1)]
        for worker in self.workers:
            self._start(worker)

    def _start_again(self, worker: Worker) -> None:
        """`_start`, or try later: a machine that has no memory left just now does not end the engine."""
        try:
            self._start(worker)
        except OSError as error:
            log.error("worker %d cannot be started: %s", worker.number, error)
            self._wait_for_retry(worker)

    def _wait_for_retry(self, worker: Worker) -> None:
        pause = 0.0 if worker.deaths == 0 else min(_FIRST_PAUSE * 2.0 ** (worker.deaths - 1), _LONGEST_PAUSE)
        worker.deaths += 1
        worker.retry_at = time.monotonic() + pause
        log.info("worker %d is started again in %.1f s", worker.number, pause)

    def _start(self, worker: Worker) -> None:
        worker.token = secrets.token_hex(16)
        worker.identity, worker.jobs, worker.live = None, [], []
        worker.started = time.monotonic()
        process = _SPAWN.Process(
            target=worker_main,
            args=(self._address, worker.token, self._factory, self._config, worker.number),
            name=f"aqgt-worker-{worker.number}",
            daemon=True,
        )
        process.start()
        worker.process = process

    def introduce(self, identity: bytes, token: bytes, device: str, facts: Facts) -> bool:
        """A worker has said its token; False: it is none of this pool's."""
        worker = self.claim(token)
        if worker is None:
            return False
        worker.identity, worker.device, worker.models = identity, device, facts.models
        self.batchable |= frozenset(facts.batchable)
        if self._config.workers is None:
            # Only a worker knows PyTorch, and with it how many devices there are.
            for number in range(len(self.workers), facts.devices):
                self.workers.append(Worker(number))
                self._start_again(self.workers[-1])
        return True

    def claim(self, token: bytes) -> Worker | None:
        """The worker that is starting and has this token."""
        for worker in self.workers:
            starting = worker.identity is None and worker.process is not None
            if starting and secrets.compare_digest(worker.token.encode(), token):
                return worker
        return None

    def known(self, identity: bytes) -> Worker | None:
        """The worker of an identity."""
        return next((worker for worker in self.workers if worker.identity == identity), None)

    def idle(self) -> Worker | None:
        """A worker that waits for jobs."""
        ready = (worker for worker in self.workers if worker.identity is not None and not worker.jobs)
        return next(ready, None)

    def working_on(self, job: bytes) -> Worker | None:
        """The worker of a job."""
        return next((worker for worker in self.workers if job in worker.jobs), None)

    def replace(self, worker: Worker) -> None:
        """End a worker's process, if it still runs; the more have died, the later another starts."""
        if worker.process is not None:
            worker.process.terminate()
            self._dying.append((worker.process, time.monotonic() + _KILL_AFTER))
        worker.process, worker.identity, worker.models = None, None, ()
        worker.jobs, worker.live = [], []
        self._wait_for_retry(worker)

    def watch(self) -> list[Death]:
        """Start what is due; tell of the workers that have died or do not get ready. They are replaced."""
        now = time.monotonic()
        self._bury(now)
        deaths = []
        for worker in self.workers:
            if worker.process is None:
                if now >= worker.retry_at:
                    worker.restarts += 1
                    self._start_again(worker)
                continue
            reason = self._reason(worker, now)
            if reason is not None:
                ready = worker.identity is not None
                deaths.append(Death(worker, reason, tuple(worker.jobs), tuple(worker.live), ready))
                self.replace(worker)
        return deaths

    def _reason(self, worker: Worker, now: float) -> str | None:
        assert worker.process is not None
        patience = self._config.timing.worker_start
        if not worker.process.is_alive():
            return explained(worker.process.exitcode)
        if worker.identity is None and now - worker.started > patience:
            return f"was not ready within {patience:g} s"
        return None

    def _bury(self, now: float) -> None:
        for process, deadline in list(self._dying):
            if not process.is_alive():
                self._dying.remove((process, deadline))
                process.close()
            elif now > deadline:
                process.kill()

    def close(self) -> None:
        """End all workers, and wait for that."""
        processes = [worker.process for worker in self.workers if worker.process is not None]
        processes += [process for process, _ in self._dying]
        for process in processes:
            process.terminate()
        for process in processes:
            process.join(timeout=_KILL_AFTER)
            if process.is_alive():
                process.kill()
                process.join(timeout=_KILL_AFTER)


def explained(exit_code: int | None) -> str:
    """An exit code in words: "was killed (signal 9)"."""
    if exit_code is not None and exit_code < 0:
        cause = ", perhaps for lack of memory" if exit_code == -9 else ""
        return f"was killed (signal {-exit_code}{cause})"
    return f"ended with code {exit_code}"
