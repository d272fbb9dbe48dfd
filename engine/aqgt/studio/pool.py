# SPDX-License-Identifier: GPL-3.0-or-later
"""Worker processes that do tasks; one that dies takes its task down with it, and nothing else.

`Pool` is what a batch needs; `LocalPool` is this machine's, `aqgt.studio.ray_pool` a cluster's.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import multiprocessing.process
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from aqgt.errors import AqgtError

_SPAWN = multiprocessing.get_context("spawn")
_GOODBYE_SECONDS = 5.0

Function = Callable[[Any, Callable[[float, str], None]], Any]
"""Does a task: ``function(task, progress)``; what it returns and raises travels back."""


@dataclass(frozen=True)
class Begun:
    """A worker has taken a task up."""

    task: str
    worker: int
    """Process id, 0 where it is not known."""


@dataclass(frozen=True)
class Advanced:
    """A task has come further: its finished share, and what is being done."""

    task: str
    share: float
    text: str


@dataclass(frozen=True)
class Ended:
    """A task has ended, well or with an error."""

    task: str
    value: Any = None
    error: AqgtError | None = None


@dataclass(frozen=True)
class Died:
    """The worker died with the task, or was ended because it took too long."""

    task: str
    reason: str
    timed_out: bool = False


Event = Begun | Advanced | Ended | Died


class Pool(Protocol):
    """Does tasks somewhere else."""

    def free(self) -> int:
        """How many more tasks would be begun at once."""

    def submit(self, name: str, task: Any, timeout: float) -> None:
        """Have a task done; ``timeout`` in seconds from its begin."""

    def wait(self, seconds: float) -> list[Event]:
        """What has happened, after at most so many seconds."""

    def close(self) -> None:
        """End everything at once."""


@dataclass
class _Worker:
    process: multiprocessing.process.BaseProcess
    pipe: Any
    task: str | None = None
    deadline: float = 0.0


class LocalPool:
    """Spawned processes of this machine, which end when this process does.

    Args:
        factory: makes the function that does tasks; called once in each worker, so it may be slow.
        argument: what it is called with; both are pickled.
        workers: how many.
        threads: what numeric libraries in a worker may use.
    """

    def __init__(self, factory: Callable[[Any], Function], argument: Any, workers: int, threads: int) -> None:
        self._make = (factory, argument, threads)
        self._workers = [self._start() for _ in range(workers)]

    def _start(self) -> _Worker:
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(
            target=_work, args=(theirs, *self._make), name="aqgt-batch-worker", daemon=True
        )
        process.start()
        theirs.close()  # so that the pipe ends when the worker does
        return _Worker(process, ours)

    def free(self) -> int:
        """Workers without a task."""
        return sum(worker.task is None for worker in self._workers)

    def submit(self, name: str, task: Any, timeout: float) -> None:
        """Give a task to a free worker; there must be one."""
        for index, worker in enumerate(self._workers):
            if worker.task is not None:
                continue
            try:
                worker.pipe.send((name, task))
            except OSError:  # it died while it was idle
                worker = self._replace(index)
                worker.pipe.send((name, task))
            worker.task, worker.deadline = name, time.monotonic() + timeout
            return
        raise RuntimeError("no worker is free")

    def wait(self, seconds: float) -> list[Event]:
        """What the workers have said, and which of them died."""
        handles = [one.pipe for one in self._workers if one.task is not None]
        multiprocessing.connection.wait(handles, timeout=seconds) if handles else time.sleep(seconds)
        events: list[Event] = []
        for index, worker in enumerate(self._workers):
            events += self._heard(worker)
            if worker.task is None:
                continue
            if time.monotonic() > worker.deadline:
                events.append(Died(worker.task, "it took longer than allowed", timed_out=True))
            elif not worker.process.is_alive():
                events += self._heard(worker)  # its last words may have come meanwhile
                if worker.task is None:
                    continue
                events.append(Died(worker.task, _how_ended(worker.process.exitcode)))
            else:
                continue
            self._replace(index)
        return events

    def _heard(self, worker: _Worker) -> list[Event]:
        events: list[Event] = []
        try:
            while worker.pipe.poll():
                event = worker.pipe.recv()
                events.append(event)
                if isinstance(event, Ended):
                    worker.task = None
        except (EOFError, OSError):
            pass  # it has died, which `wait` notices by its process
        return events

    def _replace(self, index: int) -> _Worker:
        _end(self._workers[index])
        self._workers[index] = self._start()
        return self._workers[index]

    def close(self) -> None:
        """End all workers, with whatever they started."""
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers:
            _end(worker)


def _end(worker: _Worker) -> None:
    worker.process.terminate()
    worker.process.join(timeout=_GOODBYE_SECONDS)
    if worker.process.is_alive():
        worker.process.kill()
        worker.process.join(timeout=_GOODBYE_SECONDS)
    worker.pipe.close()


def _how_ended(code: int | None) -> str:
    if code is not None and code < 0:
        try:
            return f"it was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"it was ended by signal {-code}"
    return f"it ended with code {code}"


# ---------------------------------------------------------------- in the worker


def limit_threads(threads: int) -> None:
    """What numeric libraries loaded from now on, and programs started from here, may use."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)


def _work(pipe: Any, factory: Callable[[Any], Function], argument: Any, threads: int) -> None:
    # Ctrl-C reaches the whole group; whoever started the batch decides when workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    limit_threads(threads)
    function = factory(argument)
    while True:
        try:
            name, task = pipe.recv()
        except (EOFError, OSError):
            return
        pipe.send(Begun(name, os.getpid()))
        pipe.send(do_task(function, name, task, partial(_report, pipe, name)))


def _report(pipe: Any, name: str, share: float, text: str) -> None:
    pipe.send(Advanced(name, share, text))


def do_task(function: Function, name: str, task: Any, progress: Callable[[float, str], None]) -> Ended:
    """Do one task; an error becomes part of the answer."""
    try:
        return Ended(name, function(task, progress))
    except AqgtError as error:
        return Ended(name, error=AqgtError(error.sentence, error.next_step, error.code))
    except Exception as error:
        traceback.print_exc()
        place = traceback.extract_tb(error.__traceback__)[-1]
        return Ended(
            name,
            error=AqgtError(
                f"Something failed that should not ({type(error).__name__}: {error}).",
                f"It happened in {os.path.basename(place.filename)}, line {place.lineno}; please report it.",
                "internal",
            ),
        )


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)
