# SPDX-License-Identifier: GPL-3.0-or-later
"""One generation, from the request to the motion, without anything of Blender's in it.

`pump` moves a job on and never waits: a timer calls it in a window, a loop in the background. Names stand for
the scene and the character, so undo, deleting and loading cannot leave a dead reference behind.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

import bpy
from bpy.app.translations import pgettext_iface as iface_

from aqgt.errors import AqgtError
from aqgt.protocol.client import EngineClient
from aqgt.protocol.messages import (
    Accepted,
    AlignRequest,
    AlignResult,
    Cancelled,
    EngineError,
    GenerateRequest,
    GenerateResult,
    Progress,
)
from aqgt.words import Word

from ..preview.buffer import Buffer
from ..preview.live import Source
from ..takes.recipe import SoundSource
from .extent import Joining
from .pace import Pace, duration

_aligned: dict[str, tuple[Word, ...]] = {}
_ALIGNED_LIMIT = 8


@dataclass
class Job:
    """A running generation.

    Attributes:
        client: connection to the engine.
        request: what to generate; its words are filled in once the transcript is aligned.
        transcript: what is said, aligned before generating; empty: gestures from the sound alone.
        scene: name of the character's scene.
        character: name of the armature.
        start: time of the first sample on the timeline, in seconds.
        sound: where the samples were read, so that they are found again.
        notes: sentences for the user.
        joining: what a part is joined to; None: the motion stands by itself.
        parts: parts of the body that move; None: those of the panel when the result is laid on.
        buffer: the first variant as far as it has come.
        source: what can be previewed; None: nothing.
        laying: whether the result is being laid on the character.
    """

    client: EngineClient
    request: GenerateRequest
    transcript: str
    scene: str
    character: str
    start: float
    sound: SoundSource = field(default_factory=SoundSource)
    notes: list[str] = field(default_factory=list)
    joining: Joining | None = None
    parts: frozenset[str] | None = None
    buffer: Buffer = field(default_factory=Buffer)
    source: Source | None = None
    fraction: float = 0.0
    text: str = "Starting…"
    result: GenerateResult | None = None
    error: AqgtError | None = None
    cancelled: bool = False
    laying: bool = False
    _aligning: bool = False
    _sent: str = ""
    _pace: Pace = field(default_factory=Pace)

    def begin(self) -> None:
        """Send the first request.

        Raises:
            AqgtError: it cannot be sent.
        """
        known = _aligned.get(self._speech_key())
        if known is not None:
            self.request = replace(self.request, words=known)
        if self.transcript and known is None:
            self.text, self._aligning = iface_("Aligning words…"), True
            self._sent = self.client.submit(
                AlignRequest(self.request.audio, self.transcript, self.request.language)
            )
        else:
            self._generate()

    @property
    def finished(self) -> bool:
        """Whether there is a result, an error, or it was cancelled."""
        return self.result is not None or self.error is not None or self.cancelled

    def pump(self) -> bool:
        """Take in what has arrived; True once the job has finished."""
        try:
            for event in [] if self.finished else self.client.poll(self._sent):
                self._take(event)
        except AqgtError as error:
            self.error = error
        return self.finished

    def cancel(self) -> None:
        """Give the job up; the engine is told."""
        if self.laying:
            self.cancelled = True
        elif not self.finished:
            self.cancelled = True
            self.client.cancel(self._sent)

    def _take(self, event: Any) -> None:
        if isinstance(event, EngineError):
            self.error = AqgtError(event.sentence, event.next_step, event.code)
        elif isinstance(event, Cancelled):
            self.cancelled = True
        elif isinstance(event, Accepted) and event.position:
            self.text = iface_("Waiting: {} before this").format(event.position)
        elif isinstance(event, Progress) and self._aligning:
            percent = round(100 * event.window / max(event.windows, 1))
            self.text = iface_("Aligning words… {} %").format(percent)
        elif isinstance(event, Progress):
            self._take_window(event)
        elif isinstance(event, AlignResult):
            self._take_words(event)
        elif isinstance(event, GenerateResult):
            self.notes.extend(event.notes)
            self.result = event

    def _take_window(self, window: Progress) -> None:
        self.fraction = window.window / max(window.windows, 1)
        # Variants are made side by side: a window is done with that of the last of them.
        each = max(self.request.variants, 1)
        self.text = iface_("Window {} of {}").format(-(-window.window // each), -(-window.windows // each))
        left = self._pace.left(window.window, window.windows)
        if left is not None:
            self.text += " · " + duration(left)
        if window.variant == 0:
            self.buffer.put(window.start_frame, window.bone_vectors)

    def _take_words(self, aligned: AlignResult) -> None:
        self.notes.extend(aligned.notes)
        while len(_aligned) >= _ALIGNED_LIMIT:
            _aligned.pop(next(iter(_aligned)))
        _aligned[self._speech_key()] = aligned.words
        self.request = replace(self.request, words=aligned.words)
        self._generate()

    def _generate(self) -> None:
        self.text, self._aligning = iface_("Generating…"), False
        self._sent = self.client.submit(self.request)

    def _speech_key(self) -> str:
        digest = hashlib.sha256(self.request.audio.tobytes())
        digest.update(f"{self.request.language}\n{self.transcript}".encode())
        return digest.hexdigest()


current: Job | None = None
"""The job the panel shows; one at a time."""


def run(job: Job) -> None:
    """Make a job the current one and send it.

    Raises:
        AqgtError: it cannot be sent.
    """
    global current
    job.begin()
    current = job


def running() -> Job | None:
    """The current job until its result lies on the character."""
    return current if current is not None and (current.laying or not current.finished) else None


def abandon() -> None:
    """Give up whatever runs: the file is closed or the add-on disabled."""
    global current
    if current is not None:
        current.cancel()
    current = None


@bpy.app.handlers.persistent
def on_load_pre(*_arguments: Any) -> None:
    """Another file is about to be loaded."""
    abandon()
