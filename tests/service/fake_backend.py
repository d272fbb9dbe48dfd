# SPDX-License-Identifier: GPL-3.0-or-later
"""A backend without models: the name of the requested model says how it behaves."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt.protocol import messages
from aqgt.service.backend import JobCancelled, Task
from aqgt.service.config import EngineConfig
from aqgt.service.inner import Facts
from aqgt.skeleton import HUMAN_LENGTHS
from aqgt.words import spread

FPS = 15.0
WINDOW = 30


class FakeBackend:
    def __init__(self, config: EngineConfig, number: int) -> None:
        if config.threads == 13:
            raise RuntimeError("this worker cannot start")
        # `threads: 14`: only the first process starts, what follows it dies before it is ready, four times.
        if config.threads == 14:
            assert config.models is not None
            count = Path(config.models[0])
            count.write_text(count.read_text() + "x" if count.exists() else "x")
            if 1 < len(count.read_text()) < 4:
                os._exit(5)

    def describe(self) -> tuple[str, tuple[messages.ModelInfo, ...]]:
        info = messages.ModelInfo("fake", "Fake", FPS, "CC0-1.0", True, 1, HUMAN_LENGTHS)
        return "cpu", (info,)

    def facts(self) -> Facts:
        return Facts(1, ("together",), ("fake",))

    def run(self, tasks: Sequence[Task]) -> None:
        if isinstance(tasks[0].request, messages.GenerateRequest) and tasks[0].request.model == "together":
            _together(tasks)
            return
        assert len(tasks) == 1, "only “together” may be batched"
        tasks[0].finish(self._one(tasks[0]))

    def open_live(self, request: messages.LiveRequest) -> FakeLive:
        return FakeLive(request)

    def _one(self, task: Task) -> Any:
        request = task.request
        if isinstance(request, messages.AlignRequest):
            task.report(messages.Progress.share(0.5))
            words = spread(request.text, 0.0, len(request.audio) / messages.SAMPLE_RATE, request.language)
            return messages.AlignResult(tuple(words))
        if isinstance(request, messages.TranscribeRequest):
            task.report(messages.Progress.share(0.5))
            heard = spread(
                "one two", 0.0, len(request.audio) / messages.SAMPLE_RATE, request.language or "en"
            )
            return messages.TranscribeResult(tuple(heard), request.language or "en", request.model or "fake")
        if isinstance(request, messages.SuggestRequest):
            return messages.SuggestResult(request.keep)
        if request.model == "crash":
            os._exit(3)
        if request.model == "bug":
            raise ValueError("a mistake in the code")
        if request.model == "refuse":
            raise AqgtError("The audio is silent.", "Record it again.", "silent-audio")
        while request.model == "deaf":
            time.sleep(0.05)
        return _generate(task, pause=0.1 if request.model == "slow" else 0.0)


class FakeLive:
    """Live motion that is zero: a window of 30 frames for every two seconds that were heard."""

    def __init__(self, request: messages.LiveRequest) -> None:
        if request.model == "refuse":
            raise AqgtError("This model is not for that.", "Choose another.", "not-live")
        self.request = request
        self.started = messages.LiveStarted(FPS, HUMAN_LENGTHS, 2.0, 2.0)
        self.chunks = self.samples = self.made = 0

    def feed(self, chunk: messages.LiveChunk) -> None:
        if self.request.model == "crash":
            os._exit(3)
        if self.request.model == "bug":
            raise ValueError("a mistake in the code")
        if self.request.model == "deaf":
            time.sleep(1.0)
        if chunk.number != self.chunks:
            raise AqgtError("A chunk is missing.", "Send all.", "chunk-missing")
        self.chunks += 1
        self.samples += len(chunk.audio)

    def windows(self) -> Iterator[messages.LiveFrames]:
        while self.samples * FPS / messages.SAMPLE_RATE >= self.made + WINDOW:
            yield self._frames(WINDOW)

    def finish(self, chunks: int) -> Iterator[messages.LiveFrames]:
        yield from self.windows()
        yield self._frames(round(self.samples * FPS / messages.SAMPLE_RATE) - self.made)

    def _frames(self, count: int) -> messages.LiveFrames:
        first, self.made = self.made, self.made + count
        vectors = np.zeros((count, 53, 3), np.float32)
        return messages.LiveFrames(first, vectors, self.samples / messages.SAMPLE_RATE)

    def result(self) -> messages.LiveResult:
        return messages.LiveResult(self.made, messages.Provenance("fake", "0" * 64, "CC0-1.0", True, 0))


def _together(tasks: Sequence[Task]) -> None:
    """Jobs that run side by side, a window of each in turn; their notes name how many they were."""
    if any(task.request.seed == 666 for task in tasks):
        os._exit(6)
    open_jobs = [(task, _windows(task, 0.0)) for task in tasks]
    while open_jobs:
        time.sleep(0.05)
        for task, windows in list(open_jobs):
            try:
                next(windows)
            except JobCancelled as error:
                task.fail(error)
                open_jobs.remove((task, windows))
            except StopIteration as end:
                task.finish(dataclasses.replace(end.value, notes=(f"{len(tasks)} together",)))
                open_jobs.remove((task, windows))


def _generate(task: Task, pause: float) -> messages.GenerateResult:
    windows = _windows(task, pause)
    while True:
        try:
            next(windows)
        except StopIteration as end:
            result: messages.GenerateResult = end.value
            return result


def _windows(task: Task, pause: float) -> Generator[None, None, messages.GenerateResult]:
    request = task.request
    n_frames = round(len(request.audio) / messages.SAMPLE_RATE * FPS)
    windows = -(-n_frames // WINDOW)
    random = np.random.default_rng(request.seed)
    vectors = random.standard_normal((n_frames, 53, 3)).astype(np.float32)
    for window in range(windows):
        if task.is_cancelled():
            raise JobCancelled
        time.sleep(pause)
        part = vectors[window * WINDOW : (window + 1) * WINDOW]
        task.report(messages.Progress(window + 1, windows, 0, window * WINDOW, part))
        yield
    provenance = messages.Provenance(request.model, "0" * 64, "CC0-1.0", True, request.seed)
    track = np.full((17, n_frames), -1, np.float32)
    return messages.GenerateResult((Motion(FPS, vectors),), (request.spans,), (track,), (provenance,))
