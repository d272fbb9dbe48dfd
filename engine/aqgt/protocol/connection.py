# SPDX-License-Identifier: GPL-3.0-or-later
"""The thread behind `EngineClient`: it owns the socket and sees to it that every job ends."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import zmq

from aqgt.errors import AqgtError
from aqgt.protocol import failures, messages, wire
from aqgt.protocol.keys import ClientKeys
from aqgt.protocol.sockets import Bell, Dealer, News, somebody_listens


@dataclass(frozen=True)
class Timing:
    """Seconds."""

    connect: float = 2.0
    """For the port to be opened."""
    answer: float = 5.0
    """From a request to the first sign of life."""
    heartbeat: float = 0.5
    """Between two heartbeats."""
    silence: float = 2.5
    """Without any word from the engine while jobs are pending: it is taken for dead."""
    idle: float = 30.0
    """Without jobs: the thread ends and takes the socket along."""
    reconnect: float = 0.0
    """How long jobs wait for an engine that is not there or has gone; then they end with an error."""


@dataclass(frozen=True)
class EngineLost:
    """The engine has gone; the job waits for it to come back (see `Timing.reconnect`). Never on the wire."""

    seconds: float
    """How long it will wait."""


@dataclass
class _Job:
    frame: bytes
    kind: type
    deadline: float
    answered: bool = False
    attaching: bool = False


_POLL_MS = 100
_RETRY = 0.25
_STALL = 1.0
_SLOW_NETWORK = 1e6
"""Bytes per second."""
_AT_ONCE = (
    messages.HelloRequest,
    messages.StatusRequest,
    messages.ModelsRequest,
    messages.VocabularyRequest,
)
_KEPT = (
    messages.GenerateResult,
    messages.AlignResult,
    messages.TranscribeResult,
    messages.SuggestResult,
    messages.LiveResult,
)
_OF_LIVE = (messages.LiveChunk, messages.LiveEnd)
TERMINAL = (
    *_KEPT,
    messages.Hello,
    messages.EngineStatus,
    messages.Models,
    messages.Vocabulary,
    messages.EngineError,
    messages.Cancelled,
)
"""The messages after which nothing more comes of a job."""

Outgoing = tuple[str, bytes, type]


class Connection:
    """One thread with its socket; `deliver(job, body)` is called from the thread.

    Args:
        address: where the engine should be.
        timing: how long to wait for what.
        deliver: takes what arrives for a job.
        first: the first request (as for `send`). Given here, because without a listener the thread is over
            before anything could be sent.
        keys: encrypt with these.
    """

    def __init__(
        self,
        address: str,
        timing: Timing,
        deliver: Callable[[str, Any], None],
        first: Outgoing,
        keys: ClientKeys | None = None,
    ) -> None:
        self._address = address
        self._timing = timing
        self._deliver = deliver
        self._keys = keys
        self._outbox: queue.SimpleQueue[Outgoing] = queue.SimpleQueue()
        self._outbox.put(first)
        self._jobs: dict[str, _Job] = {}
        self._closing = threading.Event()
        self._gate = threading.Lock()
        self._open = True
        self._bell = Bell()
        self._lost_at: float | None = None
        self._sending_until = 0.0
        self._fresh_look = False
        self._thread = threading.Thread(target=self._run, name="aqgt-client", daemon=True)
        self._thread.start()

    def send(self, job: str, frame: bytes, kind: type) -> bool:
        """Queue a request or a `Cancel`; False where the thread has ended."""
        with self._gate:
            if self._open:
                self._outbox.put((job, frame, kind))
                self._bell.ring()
            return self._open

    @property
    def alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    def close(self) -> None:
        """End the thread within a moment; pending jobs end as cancelled, and the engine is told."""
        self._closing.set()
        self._bell.ring()
        # A callback of the user runs in the thread, and may close the client.
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=self._timing.connect + 1.0)

    # ------------------------------------------------------------ the thread

    def _run(self) -> None:
        context = zmq.Context()
        reason: messages.EngineError | None = None
        try:
            while True:
                reason = self._meet(context)
                if self._fresh_look:
                    self._fresh_look = False
                elif reason is None or not self._wait_for_return(reason):
                    return
        except zmq.ZMQError as error:
            reason = failures.broken(error)
        finally:
            self._fail_all(reason or failures.closed())
            self._bell.close()
            context.destroy(linger=200)

    def _meet(self, context: zmq.Context) -> messages.EngineError | None:
        """Talk to the engine until there is nothing more to say (None) or it has gone (the reason)."""
        if not self._listened_to():
            return failures.no_engine(self._address)
        dealer = Dealer(context, self._address, self._keys)
        try:
            for name, job in list(self._jobs.items()):
                if job.kind is messages.LiveRequest and job.answered:
                    # Sound has been lost with the connection.
                    self._finish(name, failures.gone(self._address))
                else:
                    self._send_again(dealer, name, job)
            return self._loop(dealer)
        finally:
            dealer.close()

    def _listened_to(self) -> bool:
        return somebody_listens(self._address, self._timing.connect, with_keys=self._keys is not None)

    def _send_again(self, dealer: Dealer, name: str, job: _Job) -> None:
        job.answered = False
        job.deadline = time.monotonic() + 2 * self._timing.answer
        # The engine may have kept the job; where it says it has not, the request is sent anew.
        job.attaching = job.kind not in _AT_ONCE
        dealer.send(wire.encode(messages.Attach(), name) if job.attaching else job.frame)

    def _wait_for_return(self, reason: messages.EngineError) -> bool:
        """Whether to try again; a moment has passed then."""
        self._take_outbox(None)
        now = time.monotonic()
        if self._lost_at is None:
            self._lost_at = now
            for name in self._jobs if self._timing.reconnect > 0 else ():
                self._deliver(name, EngineLost(self._timing.reconnect))
        final = reason.code in failures.FINAL or now - self._lost_at >= self._timing.reconnect
        return not (final or not self._jobs or self._closing.wait(_RETRY))

    def _loop(self, dealer: Dealer) -> messages.EngineError | None:
        now = last_turn = last_heard = last_work = time.monotonic()
        last_beat = 0.0
        ever_heard = False
        while not self._closing.is_set():
            self._take_outbox(dealer)
            heard = self._take_in(dealer, dealer.receive(_POLL_MS, self._bell))
            news = dealer.news()
            if news is not News.NONE:
                # What an engine that ends says last may have come since.
                heard |= self._take_in(dealer, dealer.receive())
            now = time.monotonic()
            # A host that kept this thread from running (a render that holds Python's lock) is no dead engine.
            ever_heard |= heard
            if heard or now - last_turn > _STALL:
                last_heard = now
                self._extend_deadlines(now - last_turn)
            last_turn = now
            if self._jobs:
                last_work = now
                if now - last_beat >= self._timing.heartbeat:
                    dealer.send(wire.encode(messages.Heartbeat()))
                    last_beat = now
                silence = now - max(last_heard, self._sending_until) if ever_heard else 0.0
                reason = self._gone(dealer, news, silence)
                if reason is not None:
                    return reason
                self._watch_deadlines(now)
            else:
                last_heard = now
                # After a disconnection the next request begins with a fresh look at who listens.
                if (news is not News.NONE or now - last_work > self._timing.idle) and self._retire():
                    return None
                if news is not News.NONE:
                    self._fresh_look = True  # that request has come in this very moment
                    return None
        self._say_goodbye(dealer)
        return None

    def _take_in(self, dealer: Dealer, frame: bytes | None) -> bool:
        """Take a frame and all that wait behind it; whether there was one."""
        heard = frame is not None
        while frame is not None:
            self._receive(dealer, frame)
            frame = dealer.receive()
        return heard

    def _gone(self, dealer: Dealer, news: News, silence: float) -> messages.EngineError | None:
        if news is not News.NONE and not dealer.shaken and not self._listened_to():
            return failures.gone(self._address)  # an engine that ends while hands are shaken refuses nobody
        if news is News.REFUSED:
            return failures.refused(self._address, self._keys is not None)
        if news is News.LOST and not dealer.shaken:
            return failures.not_an_engine(self._address, self._keys is not None)
        # Who has never said a word may be something else, which `_watch_deadlines` finds out.
        lost = news is News.LOST or silence > self._timing.silence
        return failures.gone(self._address) if lost else None

    def _take_outbox(self, dealer: Dealer | None) -> None:
        """Send what callers have queued; without a socket, keep it for later."""
        while True:
            try:
                name, frame, kind = self._outbox.get_nowait()
            except queue.Empty:
                return
            if kind is messages.Cancel:
                if self._jobs.pop(name, None) is not None:
                    self._deliver(name, messages.Cancelled())
                    if dealer is not None:
                        dealer.send(frame)
                continue
            if kind in _OF_LIVE:
                if name in self._jobs and dealer is not None:
                    dealer.send(frame)
                elif name in self._jobs:
                    self._finish(name, failures.gone(self._address))
                continue
            # A large request needs a moment to be copied, checked and queued on the other side.
            allowance = self._timing.answer * (1 if kind in _AT_ONCE else 2) + self._transfer(frame)
            kept = frame if dealer is None or self._timing.reconnect > 0 else b""
            self._jobs[name] = _Job(kept, kind, time.monotonic() + allowance)
            if dealer is not None:
                dealer.send(frame)

    def _transfer(self, frame: bytes) -> float:
        """Seconds that a frame may take to another machine, during which no heartbeat gets past it."""
        seconds = len(frame) / _SLOW_NETWORK if self._keys is not None else 0.0
        self._sending_until = time.monotonic() + seconds
        return seconds

    def _receive(self, dealer: Dealer, frame: bytes) -> None:
        try:
            message = wire.decode(frame)
        except AqgtError as error:
            name = wire.job_of(frame)
            for pending in [name] if name in self._jobs else list(self._jobs):
                self._finish(pending, failures.as_message(error))
            return
        self._lost_at = None
        job = self._jobs.get(message.job)
        if job is None:
            return
        body = message.body
        if job.attaching and isinstance(body, messages.EngineError) and body.code == "unknown-job":
            job.attaching = False
            dealer.send(job.frame)
            return
        job.answered = True
        if isinstance(body, TERMINAL):
            if isinstance(body, _KEPT):
                dealer.send(wire.encode(messages.Received(), message.job))
            self._finish(message.job, body)
        else:
            self._deliver(message.job, body)

    def _finish(self, name: str, body: Any) -> None:
        self._jobs.pop(name, None)
        self._deliver(name, body)

    def _extend_deadlines(self, seconds: float) -> None:
        if seconds > _STALL:
            for job in self._jobs.values():
                job.deadline += seconds

    def _watch_deadlines(self, now: float) -> None:
        for name, job in list(self._jobs.items()):
            if not job.answered and now > job.deadline:
                self._finish(name, failures.no_answer(self._address))

    def _retire(self) -> bool:
        with self._gate:
            if self._outbox.empty():
                self._open = False
        return not self._open

    def _say_goodbye(self, dealer: Dealer) -> None:
        for name in list(self._jobs):
            self._finish(name, messages.Cancelled())
            dealer.send(wire.encode(messages.Cancel(), name))

    def _fail_all(self, reason: messages.EngineError) -> None:
        with self._gate:
            self._open = False
        self._take_outbox(None)
        for name in list(self._jobs):
            self._finish(name, messages.Cancelled() if self._closing.is_set() else reason)
