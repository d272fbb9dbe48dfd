# SPDX-License-Identifier: GPL-3.0-or-later
"""One generation, from the request to the motion, without anything of Blender's in it.

`pump` moves a job on and never waits: a timer calls it in a window, a loop in the background. Names stand for
the scene and the character, so undo, deleting and loading cannot leave a dead reference behind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from aqgt.protocol.messages import AlignRequest, AlignResult, GenerateRequest, GenerateResult, Progress
from aqgt.words import Word

from ..connection.request_job import RequestJob
from ..preview.buffer import Buffer
from ..preview.live import Source
from ..takes.recipe import SoundSource
from ..translations import iface
from .extent import Joining
from .pace import Pace, duration

_aligned: dict[str, tuple[Word, ...]] = {}
_ALIGNED_LIMIT = 8


@dataclass
class Job(RequestJob):
    """A running generation.

    Attributes:
        request: what to generate; its words are filled in once the transcript is aligned.
        transcript: what is said, aligned before generating; empty: gestures from the sound alone.
        scene: name of the character's scene.
        character: name of the armature.
        start: time of the first sample on the timeline, in seconds.
        sound: where the samples were read, so that they are found again.
        joining: what a part is joined to; None: the motion stands by itself.
        parts: parts of the body that move; None: those of the panel when the result is laid on.
        buffer: the first variant as far as it has come.
        prepare: called in a thread before anything is sent, returns `source`; its error is the job's.
        source: what can be previewed; None: nothing.
        laying: whether the result is being laid on the character.
    """

    request: GenerateRequest
    transcript: str
    scene: str
    character: str
    start: float
    sound: SoundSource = field(default_factory=SoundSource)
    joining: Joining | None = None
    parts: frozenset[str] | None = None
    buffer: Buffer = field(default_factory=Buffer)
    prepare: Callable[[], Source | None] | None = None
    source: Source | None = None
    text: str = "Starting…"
    result: GenerateResult | None = None
    laying: bool = False
    _aligning: bool = False
    _speech: str = ""
    _pace: Pace = field(default_factory=Pace)

    def begin(self) -> None:
        """Have the first request sent."""
        self.send(self._first)

    @property
    def answered(self) -> bool:
        """Whether there is a result."""
        return self.result is not None

    @property
    def busy(self) -> bool:
        """Whether it goes on until its result lies on the character."""
        return self.laying or not self.finished

    def cancel(self) -> None:
        """Give the job up; the engine is told."""
        if self.laying:
            self.cancelled = True
        super().cancel()

    def waits(self, position: int) -> None:
        """Say so where others go before it."""
        if position:
            self.text = iface("Waiting: {number} before this", number=position)

    def goes_on(self, progress: Progress) -> None:
        """A part of the alignment, or a window of the motion."""
        if self._aligning:
            percent = round(100 * progress.window / max(progress.windows, 1))
            self.text = iface("Aligning words… {percent} %", percent=percent)
        else:
            self._take_window(progress)

    def take(self, answer: Any) -> None:
        """The words, or the motions."""
        if isinstance(answer, AlignResult):
            self._take_words(answer)
        elif isinstance(answer, GenerateResult):
            self.notes.extend(answer.notes)
            self.result = answer

    def _take_window(self, window: Progress) -> None:
        super().goes_on(window)
        # Variants are made side by side: a window is done with that of the last of them.
        each = max(self.request.variants, 1)
        self.text = iface(
            "Window {number} of {windows}",
            number=-(-window.window // each),
            windows=-(-window.windows // each),
        )
        left = self._pace.left(window.window, window.windows)
        if left is not None:
            self.text += " · " + duration(left)
        if window.variant == 0:
            self.buffer.put(window.start_frame, window.bone_vectors)

    def _take_words(self, aligned: AlignResult) -> None:
        self.notes.extend(aligned.notes)
        while len(_aligned) >= _ALIGNED_LIMIT:
            _aligned.pop(next(iter(_aligned)))
        _aligned[self._speech] = aligned.words
        self.request = replace(self.request, words=aligned.words)
        self.send(self._last)

    def _first(self) -> Any:
        """The first request: to align, where that was not done before."""
        if self.prepare is not None:
            self.source = self.prepare()
        if self.transcript:
            self._speech = self._speech_key()
            if self._speech not in _aligned:
                self.text, self._aligning = "Aligning words…", True
                return AlignRequest(self.request.audio, self.transcript, self.request.language)
            self.request = replace(self.request, words=_aligned[self._speech])
        return self._last()

    def _last(self) -> Any:
        """The request whose answer is the job's result."""
        self.text, self._aligning = "Generating…", False
        return self.request

    def _speech_key(self) -> str:
        digest = hashlib.sha256(np.ascontiguousarray(self.request.audio).data)
        digest.update(f"{self.request.language}\n{self.transcript}".encode())
        return digest.hexdigest()
