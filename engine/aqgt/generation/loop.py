# SPDX-License-Identifier: GPL-3.0-or-later
"""The window loop: all windows of some requests, a few of each at a time, all variants in one batch.

A window needs the last poses of the one before, so the network steps from window to window. What it hears and
reads is known beforehand: that is computed and encoded for a few windows in one call, and never for more, so
that a clip of an hour takes no more memory than one of a minute.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aqgt.generation.job import Job
from aqgt.generation.window_step import step_of
from aqgt.models.generator import GestureGenerator

WINDOWS_AT_ONCE = 8

_OWN = frozenset({"annotations", "style", "style_mean", "style_log_variance"})
"""What each variant has of its own in `GestureGenerator.encode_speech`; the rest belongs to the sound."""


class Cancelled(Exception):  # noqa: N818 - it is no error
    """The work was cancelled between two windows."""


@dataclass(frozen=True)
class _Chunk:
    """Some windows of all jobs, heard and read.

    Attributes:
        speech: what `GestureGenerator.encode_speech` gave: what belongs to the sound once per clip and
            window, the rest once per job, window and variant.
        speakers: `[rows]` the speaker of each row of the latter.
        sound_of: which row of the former belongs to a clip (by its identity) and start.
    """

    speech: dict[str, Tensor]
    speakers: Tensor
    sound_of: dict[tuple[int, int], int]


def run_windows(
    jobs: Sequence[Job],
    generator: GestureGenerator,
    timings: dict[str, float],
    *,
    is_cancelled: Callable[[], bool] | None = None,
    is_wanted: Callable[[Job], bool] | None = None,
    windows_at_once: int = WINDOWS_AT_ONCE,
) -> None:
    """Makes the motions of some jobs of one model; each job keeps its own.

    Args:
        timings: seconds spent on "features" and "network" are added to it.
        is_cancelled: asked before each window.
        is_wanted: asked about each job before the next windows are heard and read; one that is not wanted any
            more is left where it is, and the others go on.
        windows_at_once: how many windows of a job are heard and read together; the result does not depend on
            it.

    Raises:
        Cancelled: ``is_cancelled`` said so.
    """
    n_windows = max(len(job.starts) for job in jobs)
    for indices in _stretches(n_windows, windows_at_once):
        _stop_if(is_cancelled)
        jobs = [
            job for job in jobs if indices.start < len(job.starts) and (is_wanted is None or is_wanted(job))
        ]
        if not jobs:
            return
        with timed(timings, "features"):
            heard, sound_of = _hear(jobs, indices)
        with timed(timings, "network"):
            chunk = _read(jobs, indices, generator, heard, sound_of)
        row = 0
        for index in indices:
            _stop_if(is_cancelled)
            with timed(timings, "network"):
                row = _step([job for job in jobs if index < len(job.starts)], index, generator, chunk, row)


def _stretches(n_windows: int, at_once: int) -> Iterator[range]:
    """Windows that are heard and read together; the first one alone, so that it can be shown soon."""
    yield range(1)
    for first in range(1, n_windows, at_once):
        yield range(first, min(first + at_once, n_windows))


def _stop_if(is_cancelled: Callable[[], bool] | None) -> None:
    if is_cancelled is not None and is_cancelled():
        raise Cancelled


def _hear(jobs: Sequence[Job], indices: range) -> tuple[dict[str, NDArray[Any]], dict[tuple[int, int], int]]:
    """Features of each clip's windows, once however many jobs share the clip."""
    wanted: dict[int, set[int]] = {}
    for job in jobs:
        wanted.setdefault(id(job.clip), set()).update(job.starts[indices.start : indices.stop])
    clips = {id(job.clip): job.clip for job in jobs}
    parts: list[dict[str, NDArray[Any]]] = []
    sound_of: dict[tuple[int, int], int] = {}
    for clip, starts in wanted.items():
        if not starts:
            continue
        ordered = sorted(starts)
        parts.append(clips[clip].windows(ordered))
        for start in ordered:
            sound_of[clip, start] = len(sound_of)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}, sound_of


def _read(
    jobs: Sequence[Job],
    indices: range,
    generator: GestureGenerator,
    heard: dict[str, NDArray[Any]],
    sound_of: dict[tuple[int, int], int],
) -> _Chunk:
    own: list[dict[str, NDArray[np.float32]]] = []
    speakers: list[int] = []
    for index in indices:
        for job in jobs:
            if index < len(job.starts):
                own.append(job.conditions(index))
                speakers += [_speaker(job)] * job.n_variants
    batch = {name: _tensor(generator, array) for name, array in heard.items()}
    batch |= {name: _tensor(generator, np.concatenate([part[name] for part in own])) for name in own[0]}
    batch["speaker"] = torch.tensor(speakers, device=generator.pose_mean.device)
    with torch.inference_mode():
        speech = generator.encode_speech(batch)
    return _Chunk(speech, batch["speaker"], sound_of)


def _step(jobs: Sequence[Job], index: int, generator: GestureGenerator, chunk: _Chunk, row: int) -> int:
    """One window of some jobs, whose first row in the chunk is ``row``; returns the row after their last."""
    sounds = [chunk.sound_of[id(job.clip), job.starts[index]] for job in jobs for _ in range(job.n_variants)]
    stop = row + len(sounds)
    # One row stands for all variants; only where sounds differ has each variant a row of its own.
    heard = slice(sounds[0], sounds[0] + 1) if len(set(sounds)) == 1 else sounds
    speech = {name: x[row:stop] if name in _OWN else x[heard] for name, x in chunk.speech.items()}
    with torch.inference_mode():
        seeds = torch.cat([generator.seed_input(job.seed, job.n_variants) for job in jobs])
        batch = {"seed": seeds, "speaker": chunk.speakers[row:stop]}
        output = step_of(generator)(batch, speech)
    at = 0
    for job in jobs:
        job.take(index, output[at : at + job.n_variants])
        at += job.n_variants
    return stop


def _speaker(job: Job) -> int:
    return job.model.config.speaker.default if job.request.speaker is None else job.request.speaker


def _tensor(generator: GestureGenerator, array: NDArray[Any]) -> Tensor:
    like = generator.pose_mean
    return torch.from_numpy(np.ascontiguousarray(array)).to(device=like.device, dtype=like.dtype)


@contextmanager
def timed(timings: dict[str, float], name: str) -> Iterator[None]:
    """Adds the seconds that pass inside to ``timings[name]``."""
    began = time.perf_counter()
    yield
    timings[name] = timings.get(name, 0.0) + time.perf_counter() - began
