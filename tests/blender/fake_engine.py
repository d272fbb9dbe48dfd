# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine that answers at once, in Blender's own process: what it says is what a test is about."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from aqgt import __version__
from aqgt.annotations import Span
from aqgt.protocol.messages import (
    AlignRequest,
    AlignResult,
    EngineError,
    EngineStatus,
    GenerateRequest,
    GenerateResult,
    Hello,
    HelloRequest,
    ModelInfo,
    Progress,
    Provenance,
    SuggestRequest,
    SuggestResult,
    TranscribeRequest,
    TranscribeResult,
)
from aqgt.words import Word
from tests.blender.takes import waving


class FakeEngine:
    """Stands in the place of `EngineClient`.

    Attributes:
        error: what every request is answered with; None: what was asked for.
        refusal: what sending raises.
    """

    def __init__(self, *_address: Any, **_options: Any) -> None:
        self.error: EngineError | None = None
        self.refusal: BaseException | None = None
        self._asked: dict[str, Any] = {}
        self._given: set[str] = set()

    def submit(self, request: Any) -> str:
        """Take a request; its name."""
        if self.refusal is not None:
            raise self.refusal
        name = f"job{len(self._asked)}"
        self._asked[name] = request
        return name

    def poll(self, job: str) -> list[Any]:
        """The whole answer, once."""
        if job not in self._asked or job in self._given:
            return []
        self._given.add(job)
        return [self.error] if self.error is not None else _answer(self._asked[job])

    def cancel(self, job: str) -> None:
        """Forget a request."""
        self._given.add(job)

    def close(self) -> None:
        """Nothing is open."""


def _answer(request: Any) -> list[Any]:
    if isinstance(request, HelloRequest):
        model = ModelInfo("debug", "Debug", 15.0, "CC0-1.0", True, 0, np.ones(53))
        limits = {"transcription": {"models": ["tiny"]}}
        return [Hello(1, __version__, "cpu", (model,), 600.0, 8, limits=limits)]
    if isinstance(request, AlignRequest):
        return [Progress(0, 1, 0, 0, np.zeros((0, 53, 3), np.float32)), AlignResult(_words(request.text))]
    if isinstance(request, TranscribeRequest):
        return [TranscribeResult(_words("heard by a machine"), request.language or "en", "tiny")]
    if isinstance(request, SuggestRequest):
        return [SuggestResult((Span(0.2, 0.6, "both", {"phrase": "beat"}, source="planner"),))]
    if isinstance(request, GenerateRequest):
        heard = hashlib.sha256(np.ascontiguousarray(request.audio).data).hexdigest()
        motions = tuple(waving(request.seed + number) for number in range(request.variants))
        return [
            GenerateResult(
                motions=motions,
                spans=((),) * len(motions),
                tracks=(np.zeros((17, len(motions[0])), np.float32),) * len(motions),
                provenance=tuple(
                    Provenance(
                        "debug",
                        "ab" * 32,
                        "CC0-1.0",
                        True,
                        request.seed,
                        {"audio": heard},
                    )
                    for _ in motions
                ),
            )
        ]
    return [EngineStatus(0, 0, 1, 1.0)]


def _words(text: str) -> tuple[Word, ...]:
    return tuple(Word(word, 0.3 * at, 0.3 * at + 0.2) for at, word in enumerate(text.split()))
