# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of the engine: blocking calls for programs, submit/poll/cancel or callbacks for user interfaces.

One thread per client owns the socket; callers touch nothing but queues, so none of the non-blocking methods
ever waits. Every job ends: with its result, with `EngineError`, or with `Cancelled`.
"""

from __future__ import annotations

import logging
import queue
import threading
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError
from aqgt.protocol import messages, wire
from aqgt.protocol.address import DEFAULT_ADDRESS, format_address, parse_address
from aqgt.protocol.connection import TERMINAL, Connection, EngineLost, Timing
from aqgt.protocol.keys import read_client_keys

if TYPE_CHECKING:
    from aqgt.protocol.live import LiveJob

log = logging.getLogger("aqgt.client")

_PATIENCE = 0.02

OnEvent = Callable[[Any], None]


class EngineClient:
    """A connection to one engine; nothing is sent before the first call.

    Args:
        address: e.g. ``"tcp://127.0.0.1:5757"``; another machine only with a key file.
        timing: how long to wait for what; with ``Timing(reconnect=60)`` jobs survive an engine that is
            started anew within a minute.
        name: who asks, for the engine's log.
        key_file: the file that ``aqgt keys new`` made for this client, where the engine wants one.

    Raises:
        AqgtError: the address is malformed or names another machine, or the key file can't be used.
    """

    def __init__(
        self,
        address: str = DEFAULT_ADDRESS,
        *,
        timing: Timing | None = None,
        name: str = "aqgt",
        key_file: Path | str | None = None,
    ) -> None:
        self._keys = None if key_file is None else read_client_keys(Path(key_file))
        host, port = parse_address(address, with_keys=self._keys is not None)
        if port == 0:
            raise AqgtError(
                "Port 0 is no port to connect to.",
                "Use the address that `aqgt serve` printed.",
                "bad-address",
            )
        self.address = format_address(port, host)
        self.name = name
        self.timing = timing or Timing()
        self._lock = threading.Lock()
        self._events: dict[str, queue.SimpleQueue[Any]] = {}
        self._callbacks: dict[str, OnEvent] = {}
        self._connection: Connection | None = None
        self._retired: list[Connection] = []

    def __enter__(self) -> EngineClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ------------------------------------------------------------ never waiting

    def submit(self, request: Any, on_event: OnEvent | None = None) -> str:
        """Start a job and return its id at once.

        Args:
            request: `GenerateRequest`, `AlignRequest`, `TranscribeRequest`, `SuggestRequest`,
                `HelloRequest`, `ModelsRequest`, `VocabularyRequest`, `StatusRequest`, or `LiveRequest`
                (which `live` makes easier).
            on_event: called, in the client's own thread, with what arrives for the job, the last of all one
                of `TERMINAL`; it must not wait for this client. Without it, `poll` gives the same.

        Raises:
            AqgtError: the request cannot be sent (too large, malformed).
        """
        job = uuid.uuid4().hex
        frame = wire.encode(request, job)
        with self._lock:
            if on_event is None:
                self._events[job] = queue.SimpleQueue()
            else:
                self._callbacks[job] = on_event
            if self._connection is None or not self._connection.send(job, frame, type(request)):
                self._retired = [old for old in [*self._retired, self._connection] if old and old.alive]
                self._connection = Connection(
                    self.address, self.timing, self._deliver, (job, frame, type(request)), self._keys
                )
        return job

    def poll(self, job: str) -> list[Any]:
        """What has arrived for a job since the last call, in order; the last of all is one of `TERMINAL`."""
        return self.wait(job, 0.0)

    def wait(self, job: str, patience: float) -> list[Any]:
        """`poll`, but where nothing has arrived it waits up to some seconds for something."""
        with self._lock:
            events = self._events.get(job)
        found: list[Any] = []
        while events is not None:
            try:
                wait = patience > 0 and not found
                found.append(events.get(timeout=patience) if wait else events.get_nowait())
            except queue.Empty:
                break
        if found and isinstance(found[-1], TERMINAL):
            with self._lock:
                self._events.pop(job, None)
        return found

    def send(self, job: str, message: messages.LiveChunk | messages.LiveEnd) -> None:
        """Add to a live job; one that has ended takes nothing more, and says nothing."""
        frame = wire.encode(message, job)
        with self._lock:
            connection = self._connection
        if connection is not None:
            connection.send(job, frame, type(message))

    def cancel(self, job: str) -> None:
        """Give a job up; `poll` yields `Cancelled` at once, whatever the engine is doing."""
        with self._lock:
            connection = self._connection
        if connection is not None:
            connection.send(job, wire.encode(messages.Cancel(), job), messages.Cancel)

    def close(self) -> None:
        """Give up all jobs and end the thread; the client may be used again afterwards."""
        with self._lock:
            connections, self._connection = [*self._retired, self._connection], None
            self._retired = []
        for connection in connections:
            if connection is not None:
                connection.close()

    # ------------------------------------------------------------ waiting

    def hello(self) -> messages.Hello:
        """What the engine is and can do.

        Raises:
            AqgtError: ``no-engine`` where nothing listens, ``no-answer`` where it is something else,
                ``protocol-version`` where it speaks another version.
        """
        return self._wait(messages.HelloRequest(self.name))

    def models(self) -> tuple[messages.ModelInfo, ...]:
        """The engine's models; raises like `hello`."""
        return self._wait(messages.ModelsRequest()).models

    def vocabulary(self) -> dict[str, list[str]]:
        """What annotations may say: family -> names of its labels; raises like `hello`."""
        families = self._wait(messages.VocabularyRequest()).families
        return {family: list(labels) for family, labels in families.items()}

    def status(self) -> messages.EngineStatus:
        """How busy the engine is; raises like `hello`."""
        return self._wait(messages.StatusRequest())

    def generate(
        self,
        request: messages.GenerateRequest,
        on_progress: Callable[[messages.Progress], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
        on_queue: Callable[[int], None] | None = None,
        on_lost: Callable[[float], None] | None = None,
    ) -> messages.GenerateResult:
        """Generate and wait for the motion.

        Args:
            request: what to generate.
            on_progress: called after each window.
            is_cancelled: asked about fifty times a second; True gives the job up.
            on_queue: called with the number of jobs ahead whenever it changes.
            on_lost: the engine has gone; called with the seconds that the job will wait for another.

        Raises:
            AqgtError: what the engine says is wrong; ``cancelled``; ``engine-gone`` where it died; else like
                `hello`.
        """

        def on_event(event: Any) -> None:
            if isinstance(event, messages.Progress) and on_progress is not None:
                on_progress(event)
            elif isinstance(event, messages.Accepted) and on_queue is not None:
                on_queue(event.position)
            elif isinstance(event, EngineLost) and on_lost is not None:
                on_lost(event.seconds)

        return self._wait(request, on_event, is_cancelled)

    def generate_many(
        self,
        requests: Sequence[messages.GenerateRequest],
        on_progress: Callable[[int, messages.Progress], None] | None = None,
    ) -> list[messages.GenerateResult]:
        """Generate several at the same time, so that an engine can run them together, and wait for all.

        Args:
            requests: what to generate.
            on_progress: called with the number of the request and each of its windows.

        Raises:
            AqgtError: one has failed, the others are given up; else like `generate`.
        """
        jobs = [self.submit(request) for request in requests]
        results: dict[int, messages.GenerateResult] = {}
        try:
            while len(results) < len(jobs):
                for number, job in enumerate(jobs):
                    for event in self.wait(job, _PATIENCE) if number not in results else ():
                        if isinstance(event, messages.GenerateResult):
                            results[number] = event
                        elif isinstance(event, messages.Progress) and on_progress is not None:
                            on_progress(number, event)
                        _raise_for(event)
        except BaseException:
            self._give_up(jobs)
            raise
        return [results[number] for number in range(len(jobs))]

    def live(self, request: messages.LiveRequest | None = None, *, patience: float = 60.0) -> LiveJob:
        """Open a live job and wait until it takes sound; see `LiveJob`.

        Args:
            request: what to make; None: the defaults.
            patience: seconds that the engine may take to load the model.

        Raises:
            AqgtError: what the engine says is wrong; ``no-answer`` where it takes too long; else like
                `hello`.
        """
        from aqgt.protocol.live import LiveJob

        return LiveJob(self, request or messages.LiveRequest(), patience)

    def align(self, audio: NDArray[np.float32], text: str, language: str = "en") -> messages.AlignResult:
        """The timed words of a text (see `AlignRequest`); raises like `generate`."""
        return self._wait(messages.AlignRequest(audio, text, language))

    def transcribe(
        self,
        request: messages.TranscribeRequest,
        on_progress: Callable[[messages.Progress], None] | None = None,
    ) -> messages.TranscribeResult:
        """What is said; raises like `generate`, ``no-transcription`` where the engine has no model for it."""

        def on_event(event: Any) -> None:
            if isinstance(event, messages.Progress) and on_progress is not None:
                on_progress(event)

        return self._wait(request, on_event)

    def suggest(self, request: messages.SuggestRequest) -> messages.SuggestResult:
        """The planner's annotations; raises like `generate`."""
        return self._wait(request)

    def _wait(
        self,
        request: Any,
        on_event: Callable[[Any], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> Any:
        job = self.submit(request)
        try:
            while True:
                for event in self.wait(job, _PATIENCE):
                    _raise_for(event)
                    if isinstance(event, TERMINAL):
                        return event
                    if on_event is not None:
                        on_event(event)
                if is_cancelled is not None and is_cancelled():
                    self.cancel(job)
        except BaseException:
            self._give_up([job])
            raise

    def _give_up(self, jobs: Sequence[str]) -> None:
        """Ctrl-C or a callback that raises must not leave the engine working for nobody."""
        for job in jobs:
            self.cancel(job)
            with self._lock:
                self._events.pop(job, None)

    def _deliver(self, job: str, body: Any) -> None:
        with self._lock:
            events, callback = self._events.get(job), self._callbacks.get(job)
            if isinstance(body, TERMINAL):
                self._callbacks.pop(job, None)
        if events is not None:
            events.put(body)
        if callback is not None:
            try:
                callback(body)
            except Exception:
                # The thread serves other jobs as well.
                log.exception("a callback failed")


def _raise_for(event: Any) -> None:
    """Raise what a job's last message says, where that is no result."""
    if isinstance(event, messages.EngineError):
        raise AqgtError(event.sentence, event.next_step, event.code)
    if isinstance(event, messages.Cancelled):
        raise AqgtError("The job was cancelled.", "Start it again to get a motion.", "cancelled")
