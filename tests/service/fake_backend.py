# SPDX-License-Identifier: GPL-3.0-or-later
"""A backend without models: the name of the requested model says how it behaves."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np

from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt.protocol import messages
from aqgt.service.backend import IsCancelled, JobCancelled, OnProgress
from aqgt.service.config import EngineConfig
from aqgt.skeleton import HUMAN_LENGTHS
from aqgt.words import spread

FPS = 15.0
WINDOW = 30


class FakeBackend:
    def __init__(self, config: EngineConfig) -> None:
        if config.threads == 13:
            raise RuntimeError("this worker cannot start")

    def describe(self) -> tuple[str, tuple[messages.ModelInfo, ...]]:
        info = messages.ModelInfo("fake", "Fake", FPS, "CC0-1.0", True, 1, HUMAN_LENGTHS)
        return "cpu", (info,)

    def run(self, request: Any, on_progress: OnProgress, is_cancelled: IsCancelled) -> Any:
        if isinstance(request, messages.AlignRequest):
            words = spread(request.text, 0.0, len(request.audio) / messages.SAMPLE_RATE, request.language)
            return messages.AlignResult(tuple(words))
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
        return _generate(request, on_progress, is_cancelled, pause=0.1 if request.model == "slow" else 0.0)


def _generate(
    request: messages.GenerateRequest, on_progress: OnProgress, is_cancelled: IsCancelled, pause: float
) -> messages.GenerateResult:
    n_frames = round(len(request.audio) / messages.SAMPLE_RATE * FPS)
    windows = -(-n_frames // WINDOW)
    random = np.random.default_rng(request.seed)
    vectors = random.standard_normal((n_frames, 53, 3)).astype(np.float32)
    for window in range(windows):
        if is_cancelled():
            raise JobCancelled
        time.sleep(pause)
        part = vectors[window * WINDOW : (window + 1) * WINDOW]
        on_progress(messages.Progress(window + 1, windows, 0, window * WINDOW, part))
    provenance = messages.Provenance(request.model, "0" * 64, "CC0-1.0", True, request.seed)
    track = np.full((17, n_frames), -1, np.float32)
    return messages.GenerateResult((Motion(FPS, vectors),), (request.spans,), (track,), (provenance,))
