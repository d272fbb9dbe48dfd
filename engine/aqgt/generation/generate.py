# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests become motions: checks, annotations, the window loop, results with where they come from."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from aqgt.errors import AqgtError
from aqgt.generation.conditioning import Conditioning, condition
from aqgt.generation.job import Job, OnProgress, range_of
from aqgt.generation.loop import run_windows, timed
from aqgt.generation.provenance import licence_notes, provenances
from aqgt.models.registry import LoadedModel
from aqgt.motion import Motion
from aqgt.protocol.checks import check_generate
from aqgt.protocol.messages import GenerateRequest, GenerateResult, Progress
from aqgt.speech.audio import check_audio
from aqgt.speech.features import OpenClip
from aqgt.words import Word

OnManyProgress = Callable[[int, Progress], None]
IsCancelled = Callable[[], bool]


def generate(
    request: GenerateRequest,
    model: LoadedModel,
    *,
    on_progress: OnProgress | None = None,
    is_cancelled: IsCancelled | None = None,
) -> GenerateResult:
    """Makes the motions of a request.

    The result has ``round(seconds · fps)`` frames from ``request.start`` on. With ``request.after``
    it runs on for up to a second, in which it becomes that motion.

    Args:
        on_progress: called after each window, once per variant.
        is_cancelled: asked before each window.

    Raises:
        AqgtError: the request can't be fulfilled; the message names the next step.
        Cancelled: ``is_cancelled`` said so.
    """
    told = None if on_progress is None else lambda _, progress: on_progress(progress)
    return generate_many([request], model, on_progress=told, is_cancelled=is_cancelled)[0]


def generate_many(
    requests: Sequence[GenerateRequest],
    model: LoadedModel,
    *,
    on_progress: OnManyProgress | None = None,
    is_cancelled: IsCancelled | None = None,
) -> list[GenerateResult]:
    """Makes the motions of several requests to one model in one window loop; clips may differ in length.

    Requests about the same sound and words (three presets of one clip) share their features. Each result
    is what `generate` gives, but for rounding; its timings are those of the whole batch.

    Args:
        on_progress: called with the number of the request, from 0, and the progress of that request.
        is_cancelled: asked before each window.

    Raises:
        AqgtError: a request can't be fulfilled; the message names the next step.
        Cancelled: ``is_cancelled`` said so.
    """
    began = time.perf_counter()
    timings: dict[str, float] = {}
    jobs = open_jobs(requests, model, timings, on_progress=on_progress)
    if jobs:
        run_windows(jobs, model.generator, timings, is_cancelled=is_cancelled)
    timings["total"] = time.perf_counter() - began
    return [result_of(job, timings) for job in jobs]


def open_jobs(
    requests: Sequence[GenerateRequest],
    model: LoadedModel,
    timings: dict[str, float],
    *,
    on_progress: OnManyProgress | None = None,
) -> list[Job]:
    """Checks requests, plans their annotations and opens their clips; `run_windows` does the rest."""
    jobs: list[Job] = []
    clips: dict[tuple[int, tuple[Word, ...], int], OpenClip] = {}
    for number, given in enumerate(requests):
        request = replace(given, audio=check_audio(given.audio))
        _check(request, model)
        if request.speaker is None:
            request = replace(request, speaker=model.config.speaker.default)
        frames = range_of(request, model.config.fps)
        with timed(timings, "planning"):
            conditioning = _condition(request, frames.clip_frames, model)
        with timed(timings, "features"):
            clip = _open(conditioning, frames.clip_frames, model, clips)
            told = None if on_progress is None else _numbered(on_progress, number)
            jobs.append(Job(request, model, frames, conditioning, clip, told))
    return jobs


def _condition(request: GenerateRequest, n_frames: int, model: LoadedModel) -> Conditioning:
    config = model.config
    return condition(
        request,
        n_frames,
        config.fps,
        published=config.published is not None,
        learned=config.annotation.learned,
        forms=config.annotation.forms,
    )


def _open(
    conditioning: Conditioning,
    n_frames: int,
    model: LoadedModel,
    clips: dict[tuple[int, tuple[Word, ...], int], OpenClip],
) -> OpenClip:
    """The clip of a request; the one of an earlier request with the same array of samples and equal words.

    The jobs hold the samples, so that no other array can come to have the same identity.
    """
    key = (id(conditioning.audio), conditioning.words, n_frames)
    if key not in clips:
        clips[key] = model.features.open(conditioning.audio, conditioning.words, n_frames)
    return clips[key]


def _numbered(on_progress: OnManyProgress, number: int) -> OnProgress:
    return lambda progress: on_progress(number, progress)


def result_of(job: Job, timings: dict[str, float]) -> GenerateResult:
    """The result of a job whose windows are all done; ``timings`` are the seconds spent on it so far."""
    config = job.model.config
    return GenerateResult(
        motions=tuple(
            Motion(config.fps, variant.astype(np.float32), config.length_table) for variant in job.motion()
        ),
        spans=job.conditioning.spans,
        tracks=tuple(job.read_tracks()),
        provenance=provenances(job.request, job.model, timings),
        notes=(*job.conditioning.notes, *licence_notes(config)),
    )


def _check(request: GenerateRequest, model: LoadedModel) -> None:
    check_generate(request)
    speakers = model.config.speaker.count
    if request.speaker is not None and not 0 <= request.speaker < speakers:
        raise AqgtError(
            f"The model “{model.info.name}” has no speaker {request.speaker}.",
            f"Choose a speaker from 0 to {speakers - 1}.",
            "bad-speaker",
        )
