# SPDX-License-Identifier: GPL-3.0-or-later
"""Several jobs of one model in one window loop."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from aqgt import generation
from aqgt.errors import AqgtError
from aqgt.models.registry import LoadedModel
from aqgt.protocol.messages import GenerateResult, Progress
from aqgt.service.backend import JobCancelled, Task

log = logging.getLogger("aqgt.backend")


def run_batch(tasks: Sequence[Task], model: LoadedModel) -> None:
    """Generate for all tasks; each ends when its own last window is done, or when it is given up.

    The loop may fail for one job alone, or for lack of memory for all of them: each job that has not ended
    then runs once more, by itself.
    """
    try:
        _run(tasks, model)
    except Exception as error:
        if len(tasks) == 1:
            raise
        log.warning("a batch of %d jobs failed (%s); they run one by one", len(tasks), error)
        for task in tasks:
            if not task.over:
                _alone(task, model)


def _alone(task: Task, model: LoadedModel) -> None:
    try:
        _run([task], model)
    except Exception as error:
        task.fail(error)


def _run(tasks: Sequence[Task], model: LoadedModel) -> None:
    began = time.perf_counter()
    timings: dict[str, float] = {}
    batch: list[generation.Job] = []
    task_of: dict[int, Task] = {}
    for task in tasks:
        try:
            (job,) = generation.open_jobs([task.request], model, timings)
        except AqgtError as error:
            task.fail(error)
            continue
        job.on_progress = _reporter(task, job, timings, began, shared=len(tasks) > 1)
        task_of[id(job)] = task
        batch.append(job)
    try:
        if batch:
            generation.run_windows(
                batch,
                model.generator,
                timings,
                is_cancelled=lambda: all(task.is_cancelled() for task in task_of.values() if not task.over),
                is_wanted=lambda job: not task_of[id(job)].is_cancelled(),
            )
    except generation.Cancelled:
        log.info("nobody wants the rest of the batch")
    for task in task_of.values():
        task.fail(JobCancelled())  # those that were dropped; no effect on those that have ended


def _reporter(
    task: Task, job: generation.Job, timings: dict[str, float], began: float, *, shared: bool
) -> Callable[[Progress], None]:
    def report(progress: Progress) -> None:
        task.report(progress)
        if progress.window == progress.windows:
            total = {"total": time.perf_counter() - began}
            task.finish(_result(job, {**timings, **total}, shared))

    return report


def _result(job: generation.Job, timings: dict[str, float], shared: bool) -> GenerateResult:
    result = generation.result_of(job, timings)
    if not shared:
        return result
    # Sums of other rows round differently, so that the bits depend on who else was there.
    records = tuple(replace(record, deterministic=False) for record in result.provenance)
    return replace(result, provenance=records)
