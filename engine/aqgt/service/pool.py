# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker processes behind a broker: started, watched, replaced."""

from __future__ import annotations

import multiprocessing
import multiprocessing.process
import secrets
import time
from dataclasses import dataclass

from aqgt.errors import AqgtError
from aqgt.service.config import EngineConfig
from aqgt.service.worker import worker_main

_SPAWN = multiprocessing.get_context("spawn")


@dataclass
class Worker:
    """One process.

    Attributes:
        process: the process.
        token: what it proves itself with.
        started: when it was started (monotonic seconds).
        identity: its identity on the socket once it has introduced itself.
        job: number of the job it works on.
    """

    process: multiprocessing.process.BaseProcess
    token: str
    started: float
    identity: bytes | None = None
    job: str | None = None


class WorkerPool:
    """As many workers as configured."""

    def __init__(self, address: str, factory: str, config: EngineConfig) -> None:
        self._address = address
        self._factory = factory
        self._config = config
        self._workers = [self._start() for _ in range(config.workers)]

    def _start(self) -> Worker:
        token = secrets.token_hex(16)
        process = _SPAWN.Process(
            target=worker_main,
            args=(self._address, token, self._factory, self._config),
            name="aqgt-worker",
            daemon=True,
        )
        process.start()
        return Worker(process, token, time.monotonic())

    def introduce(self, identity: bytes, token: str) -> bool:
        """A worker has said its token; False: it is none of this pool's."""
        for worker in self._workers:
            if worker.identity is None and secrets.compare_digest(worker.token.encode(), token.encode()):
                worker.identity = identity
                return True
        return False

    def known(self, identity: bytes) -> Worker | None:
        """The worker of an identity."""
        return next((worker for worker in self._workers if worker.identity == identity), None)

    def idle(self) -> Worker | None:
        """A worker that waits for a job."""
        ready = (worker for worker in self._workers if worker.identity is not None and worker.job is None)
        return next(ready, None)

    def working_on(self, job: str) -> Worker | None:
        """The worker of a job."""
        return next((worker for worker in self._workers if worker.job == job), None)

    def replace(self, worker: Worker) -> None:
        """End a worker, if it still runs, and start another in its place."""
        end_process(worker.process)
        self._workers[self._workers.index(worker)] = self._start()

    def dead(self) -> list[Worker]:
        """The workers whose process has ended.

        Raises:
            AqgtError: one took longer to load than allowed.
        """
        patience = self._config.timing.worker_start
        for worker in self._workers:
            if worker.identity is None and time.monotonic() - worker.started > patience:
                raise AqgtError(
                    f"A worker did not start within {patience:g} s.",
                    "See the log above, or raise timing.worker_start in the engine's configuration.",
                    "worker-start",
                )
        return [worker for worker in self._workers if not worker.process.is_alive()]

    def close(self) -> None:
        """End all workers."""
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers:
            end_process(worker.process)


def end_process(process: multiprocessing.process.BaseProcess) -> None:
    """Terminate a process, forcibly where it does not listen."""
    process.terminate()
    process.join(timeout=2.0)
    if process.is_alive():
        process.kill()
        process.join(timeout=2.0)
