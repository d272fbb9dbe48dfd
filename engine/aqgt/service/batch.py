# SPDX-License-Identifier: GPL-3.0-or-later
"""Several jobs of one model in one window loop."""

from __future__ import annotations

import logging
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

    A failure of the loop may be one job's alone (too little memory for all of them), so that each job that has
    not ended then runs once more, by itself.
    """
    try:
        _run(tasks, model)
    except Exception as error:
        if len(tasks) == 1:
            raise
        log.warning("a batch of %d jobs failed (%s); they run one by one", len(tasks), error)
        for task in tasks:
            if not getattr(task, "over", False):
                _alone(task, model)


def _alone(task: Task, model: LoadedModel) -> None:
    try:
        _run([task], model)
    except Exception as error:
        task.fail(error)


def _run(tasks: Sequence[Task], model: LoadedModel) -> None:
    timings: dict[str, float] = {}
    batch: list[tuple[Task, generation.Job]] = []
    for task in tasks:
        if task.is_cancelled():
            task.fail(JobCancelled())
            continue
        try:
            (job,) = generation.open_jobs([task.request], model, timings, on_progress=lambda *_: None)
        except AqgtError as error:
            task.fail(error)
            continue
        job.on_progress = _reporter(task, job, timings, shared=len(tasks) > 1)
        job.is_cancelled = task.is_cancelled
        batch.append((task, job))
    if batch:
        generation.run_windows([job for _, job in batch], model.generator, timings)
    for task, _ in batch:
        if task.is_cancelled():
            task.fail(JobCancelled())


def _reporter(
    task: Task, job: generation.Job, timings: dict[str, float], *, shared: bool
) -> Callable[[Progress], None]:
    def report(progress: Progress) -> None:
        task.report(progress)
        if progress.window == progress.windows:
            task.finish(_result(job, timings, shared))

    return report


def _result(job: generation.Job, timings: dict[str, float], shared: bool) -> GenerateResult:
    result = generation.result_of(job, timings)
    if not shared:
        return result
    # Sums of other rows round differently, so that the bits depend on who else was there.
    records = tuple(replace(record, deterministic=False) for record in result.provenance)
    return replace(result, provenance=records)
