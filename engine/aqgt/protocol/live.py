# SPDX-License-Identifier: GPL-3.0-or-later
"""A live job as a program holds it: sound goes in piece by piece, frames come out."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aqgt.annotations import Span
from aqgt.errors import AqgtError
from aqgt.protocol import messages
from aqgt.words import Word

if TYPE_CHECKING:
    from aqgt.protocol.client import EngineClient

_PIECE = messages.SAMPLE_RATE
"""Samples of one chunk at most; longer sound is sent in several."""
_MOST_AHEAD = 10.0
_TURN = 0.05


class LiveJob:
    """One live job; made by `EngineClient.live`. As a context manager it gives the job up on an error.

    ``send`` never waits while the sound comes as fast as it is spoken. Sound that is sent faster waits until
    less than ten seconds wait for their motion, so that nothing is refused.

    Attributes:
        id: the job's name, for `EngineClient.cancel`.
        result: how it ended, after `finish`.

    Args:
        client: its client.
        request: what to make.
        patience: seconds until the engine must be ready.

    Raises:
        AqgtError: the engine refuses, or is not ready in time.
    """

    def __init__(self, client: EngineClient, request: messages.LiveRequest, patience: float) -> None:
        self._client = client
        self._frames: deque[messages.LiveFrames] = deque()
        self._chunks = 0
        self._sent = self._made = 0.0
        self._failure: AqgtError | None = None
        self._started: messages.LiveStarted | None = None
        self.result: messages.LiveResult | None = None
        self.id = client.submit(request)
        deadline = time.monotonic() + patience
        while self._started is None:
            self._listen(_TURN)
            if self._started is None and time.monotonic() > deadline:
                client.cancel(self.id)
                raise AqgtError(
                    f"The engine was not ready for live sound within {patience:g} s.",
                    "Look at its log; it may be loading the model.",
                    "no-answer",
                )

    def __enter__(self) -> LiveJob:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.result is None:
            self.cancel()

    @property
    def started(self) -> messages.LiveStarted:
        """What the engine said first."""
        assert self._started is not None
        return self._started

    @property
    def seconds(self) -> float:
        """Sound that was sent."""
        return self._sent

    def send(
        self, audio: NDArray[np.float32], words: Sequence[Word] = (), spans: Sequence[Span] = ()
    ) -> None:
        """The next sound, and what is known of it.

        Args:
            audio: samples `[N]`, mono, 16 kHz; may be empty.
            words: timed from the beginning of the job.
            spans: annotations, timed alike.

        Raises:
            AqgtError: the job has failed.
        """
        pieces = [audio[at : at + _PIECE] for at in range(0, len(audio), _PIECE)] or [audio]
        for number, piece in enumerate(pieces):
            known = (tuple(words), tuple(spans)) if number == 0 else ((), ())
            self._listen(0.0)
            while self._sent - self._made > _MOST_AHEAD:
                self._listen(_TURN)
            self._client.send(self.id, messages.LiveChunk(self._chunks, piece, *known))
            self._chunks += 1
            self._sent += len(piece) / messages.SAMPLE_RATE

    def frames(self, patience: float = 0.0) -> list[messages.LiveFrames]:
        """The frames that have arrived since the last call; it may wait up to some seconds for the first.

        Raises:
            AqgtError: the job has failed; frames that arrived before were handed out.
        """
        if not self._frames:
            self._listen(patience)
        found = list(self._frames)
        self._frames.clear()
        return found

    def finish(self, patience: float = 60.0) -> list[messages.LiveFrames]:
        """No more sound comes: the last frames; `result` is known then.

        Raises:
            AqgtError: the job has failed, or the engine takes too long.
        """
        self._client.send(self.id, messages.LiveEnd(self._chunks))
        deadline = time.monotonic() + patience
        while self.result is None:
            self._listen(_TURN)
            if self.result is None and time.monotonic() > deadline:
                self.cancel()
                raise AqgtError("The engine does not end the live job.", "Look at its log.", "no-answer")
        return self.frames()

    def cancel(self) -> None:
        """Give the job up."""
        self._client.cancel(self.id)

    def _listen(self, patience: float) -> None:
        if self._failure is not None:
            raise self._failure
        for event in self._client.wait(self.id, patience):
            self._take(event)
        if self._failure is not None and not self._frames:
            raise self._failure

    def _take(self, event: Any) -> None:
        if isinstance(event, messages.LiveStarted):
            self._started = event
        elif isinstance(event, messages.LiveFrames):
            self._frames.append(event)
            made = event.start_frame + len(event.bone_vectors)
            # Sound within the look-ahead can't have become motion yet.
            self._made = made / self.started.fps + self.started.look_ahead
        elif isinstance(event, messages.LiveResult):
            self.result = event
        elif isinstance(event, messages.EngineError):
            self._failure = AqgtError(event.sentence, event.next_step, event.code)
        elif isinstance(event, messages.Cancelled):
            self._failure = AqgtError("The live job was cancelled.", "Open another one.", "cancelled")
