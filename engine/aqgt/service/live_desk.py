# SPDX-License-Identifier: GPL-3.0-or-later
"""The live jobs of one worker: served whenever it looks at its socket, also between others' windows."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from aqgt.errors import AqgtError
from aqgt.protocol import failures, messages, wire
from aqgt.service import inner

log = logging.getLogger("aqgt.worker")


class LiveWork(Protocol):
    """One live motion (see `aqgt.generation.LiveMotion`)."""

    @property
    def started(self) -> messages.LiveStarted:
        """What the client is told first."""

    def feed(self, chunk: messages.LiveChunk) -> None:
        """Take the next piece of sound."""

    def windows(self) -> Iterator[messages.LiveFrames]:
        """Make what can be made."""

    def finish(self, chunks: int) -> Iterator[messages.LiveFrames]:
        """No more sound comes: make the rest."""

    def result(self) -> messages.LiveResult:
        """How it ended."""


class LiveDesk:
    """What a worker does for its live jobs.

    Args:
        send: sends parts to the broker.
        open_work: opens the motion of a request.
    """

    def __init__(
        self, send: Callable[..., Any], open_work: Callable[[messages.LiveRequest], LiveWork]
    ) -> None:
        self._send, self._open_work = send, open_work
        self._works: dict[bytes, tuple[str, LiveWork]] = {}

    def take(self, kind: bytes, number: bytes, frame: bytes) -> None:
        """A live job begins, or there is more for it; whatever goes wrong ends it and nothing else."""
        message = wire.decode(frame)
        try:
            if kind == inner.LIVE:
                work = self._open_work(message.body)
                self._works[number] = message.job, work
                self._say(number, message.job, work.started)
            elif number in self._works:  # else it has failed, or was given up
                self._serve(number, message)
        except Exception as error:
            self._works.pop(number, None)
            if not isinstance(error, AqgtError):
                log.error("%s", traceback.format_exc(), extra={"job": message.job})
            self._end(number, message.job, inner.ERROR, failures.of_job(error))
        self._send(inner.TAKEN, number)

    def _serve(self, number: bytes, message: wire.Message) -> None:
        job, work = self._works[number]
        if isinstance(message.body, messages.LiveEnd):
            for frames in work.finish(message.body.chunks):
                self._say(number, job, frames)
            del self._works[number]
            self._end(number, job, inner.OK, work.result())
            return
        work.feed(message.body)
        for frames in work.windows():
            self._say(number, job, frames)

    def drop(self, number: bytes) -> bool:
        """Nobody wants a job any more; False: it is none of these."""
        return self._works.pop(number, None) is not None

    def _say(self, number: bytes, job: str, body: Any) -> None:
        self._send(inner.PROGRESS, number, wire.encode(body, job))

    def _end(self, number: bytes, job: str, outcome: bytes, body: Any) -> None:
        self._send(inner.DONE, number, outcome, wire.encode(body, job))
