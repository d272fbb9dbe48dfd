# SPDX-License-Identifier: GPL-3.0-or-later
"""A job file from beginning to end: expand, skip what is done, do the rest in parallel, report."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aqgt.errors import AqgtError
from aqgt.studio import keys
from aqgt.studio.jobs import JobFile, Task, expand
from aqgt.studio.journal import Journal, Receipt
from aqgt.studio.pool import Function, LocalPool, Pool
from aqgt.studio.report import write_report
from aqgt.studio.runner import Item, Outcome, Progress, run
from aqgt.studio.work import Conditions, Workshop


@dataclass(frozen=True)
class Options:
    """How a batch is run.

    Attributes:
        workers: processes of this machine; None: one per core, or one where a graphics card generates.
        blender: see `aqgt.studio.blender.find_blender`.
        engine: address of a running engine that generates instead of the workers.
        ray: address of a Ray cluster that does the tasks instead of this machine.
        device: auto, cpu, cuda or mps.
    """

    workers: int | None = None
    blender: str | None = None
    engine: str | None = None
    ray: str | None = None
    device: str = "auto"


@dataclass(frozen=True)
class Result:
    """What became of a batch.

    Attributes:
        outcomes: one per task, in the job file's order.
        report: the HTML file.
    """

    outcomes: tuple[Outcome, ...]
    report: Path

    @property
    def failed(self) -> list[Outcome]:
        """The tasks that failed."""
        return [outcome for outcome in self.outcomes if outcome.state == "failed"]


def run_batch(
    file: JobFile, options: Options, on_progress: Callable[[Progress], None] | None = None
) -> Result:
    """Do what a job file says, less what has been done already.

    Raises:
        AqgtError: the file's tasks collide, the folder can't be written, or another batch is at work there.
    """
    began = time.perf_counter()
    tasks = expand(file)
    with Journal(file.output) as journal:
        named = _weights(tasks, options)
        items = [_item(task, named[task.job.model]) for task in tasks]
        journal.write("batch", str(file.path), tasks=len(tasks), process=os.getpid())
        outcomes = run(items, lambda n_left: _pool(journal.state, options, n_left), journal, on_progress)
        report = write_report(file, tasks, outcomes, time.perf_counter() - began)
    return Result(tuple(outcomes), report)


def _item(task: Task, weights: str) -> Item:
    return Item(task.name, keys.task_key(task, weights), (task, weights), task.job.timeout)


def make_worker(conditions: Conditions) -> Function:
    """What a worker process does tasks with."""
    workshop = Workshop(conditions)

    def function(payload: tuple[Task, str], progress: Callable[[float, str], None]) -> Receipt:
        task, weights = payload
        return workshop.do(task, weights, progress)

    return function


def end_with_parent() -> None:
    """End this process, and with it its workers, as soon as its standard input closes."""

    def watch() -> None:
        # The descriptor itself: a thread inside sys.stdin's buffer would hold a lock at exit.
        while os.read(0, 4096):
            pass
        os._exit(1)

    threading.Thread(target=watch, name="aqgt-parent-pipe", daemon=True).start()


def free_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _pool(state: Path, options: Options, n_tasks: int) -> Pool:
    if options.ray is not None:
        from aqgt.studio.ray_pool import RayPool

        conditions = Conditions(state, options.blender, options.engine, 1, options.device)
        return RayPool(options.ray, make_worker, conditions)
    cores = free_cores()
    workers = options.workers or (1 if _on_card(options) else cores)
    workers = min(workers, n_tasks)
    threads = max(1, cores // workers)
    conditions = Conditions(state, options.blender, options.engine, threads, options.device)
    return LocalPool(make_worker, conditions, workers, threads)


def _on_card(options: Options) -> bool:
    from aqgt.service.backend import choose_device

    return options.engine is None and choose_device(options.device) != "cpu"


def _weights(tasks: Sequence[Task], options: Options) -> dict[str, str]:
    """What stands for each model's weights in keys: their hash, or what the engine says of itself."""
    names = {task.job.model for task in tasks}
    if options.engine is not None:
        from aqgt.protocol.client import EngineClient

        with EngineClient(options.engine, name="aqgt batch") as client:
            version = client.hello().engine_version
        return {name: f"engine {version}: {name}" for name in names}
    from aqgt.models.registry import load_model

    found = {}
    for name in names:
        try:
            found[name] = load_model(name).model_hash
        except AqgtError:  # each of its tasks will say so
            found[name] = "none"
    return found
