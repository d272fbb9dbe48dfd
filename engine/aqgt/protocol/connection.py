# SPDX-License-Identifier: GPL-3.0-or-later
"""The thread behind `EngineClient`: it owns the socket and sees to it that every job ends."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import zmq
import zmq.utils.monitor

from aqgt.errors import AqgtError
from aqgt.protocol import messages, wire
from aqgt.protocol.address import parse_address


@dataclass(frozen=True)
class Timing:
    """Seconds."""

    connect: float = 2.0
    """For the port to be opened."""
    answer: float = 5.0
    """From a request to the first sign of life."""
    heartbeat: float = 1.0
    """Between two heartbeats."""
    silence: float = 5.0
    """Without any word from the engine while jobs are pending: it is taken for dead."""
    idle: float = 30.0
    """Without jobs: the thread ends and takes the socket along."""


@dataclass
class _Job:
    answered: bool
    deadline: float


_POLL_MS = 20
_STALL = 1.0
_ANSWERED_AT_ONCE = (messages.HelloRequest, messages.StatusRequest)
TERMINAL = (
    messages.GenerateResult,
    messages.AlignResult,
    messages.SuggestResult,
    messages.Hello,
    messages.EngineStatus,
    messages.EngineError,
    messages.Cancelled,
)
"""The messages after which nothing more comes of a job."""


class Connection:
    """One socket with its thread; `deliver(job, body)` is called from the thread.

    Args:
        address: where the engine should be.
        timing: how long to wait for what.
        deliver: takes what arrives for a job.
        first: the first request (as for `send`). Given here, because without a listener the thread is over
            before anything could be sent.
    """

    def __init__(
        self,
        address: str,
        timing: Timing,
        deliver: Callable[[str, Any], None],
        first: tuple[str, bytes, type],
    ) -> None:
        self._address = address
        self._timing = timing
        self._deliver = deliver
        self._outbox: queue.SimpleQueue[tuple[str, bytes, type]] = queue.SimpleQueue()
        self._outbox.put(first)
        self._jobs: dict[str, _Job] = {}
        self._closing = threading.Event()
        self._gate = threading.Lock()
        self._open = True
        self._thread = threading.Thread(target=self._run, name="aqgt-client", daemon=True)
        self._thread.start()

    def send(self, job: str, frame: bytes, kind: type) -> bool:
        """Queue a request or a `Cancel`; False where the thread has ended."""
        with self._gate:
            if self._open:
                self._outbox.put((job, frame, kind))
            return self._open

    def close(self) -> None:
        """End the thread within a moment; pending jobs end as cancelled, and the engine is told."""
        self._closing.set()
        self._thread.join(timeout=self._timing.connect + 1.0)

    # ------------------------------------------------------------ the thread

    def _run(self) -> None:
        context = zmq.Context()
        try:
            reason = self._probe()
            if reason is not None:
                self._fail_outbox(reason)
                return
            dealer = context.socket(zmq.DEALER)
            dealer.setsockopt(zmq.LINGER, 0)
            dealer.setsockopt(zmq.MAXMSGSIZE, wire.MAX_MESSAGE_BYTES)
            monitor = dealer.get_monitor_socket(zmq.EVENT_DISCONNECTED)
            dealer.connect(self._address)
            self._loop(dealer, monitor)
            # What was queued last (a cancel) may leave before the socket goes, but nothing waits for it long.
            dealer.disable_monitor()
            dealer.close(linger=200)
        except zmq.ZMQError as error:
            self._fail_outbox(_error("no-engine", f"The connection failed ({error}).", "Restart the engine."))
        finally:
            self._fail_outbox(None)
            context.destroy(linger=200)

    def _probe(self) -> messages.EngineError | None:
        """Zmq tries to connect for ever; a plain socket says within milliseconds whether anyone listens."""
        try:
            socket.create_connection(parse_address(self._address), timeout=self._timing.connect).close()
        except OSError:
            return _error(
                "no-engine",
                f"No engine listens at {self._address}.",
                "Start it with `aqgt serve`, or correct the address.",
            )
        return None

    def _loop(self, dealer: zmq.Socket, monitor: zmq.Socket) -> None:
        now = last_turn = last_heard = last_work = time.monotonic()
        last_beat = 0.0
        while not self._closing.is_set():
            self._send_outbox(dealer)
            heard = bool(dealer.poll(_POLL_MS))
            while dealer.poll(0):
                self._receive(dealer.recv(copy=True))
            now = time.monotonic()
            # A host that kept this thread from running (a render that holds Python's lock) is no dead engine.
            if heard or now - last_turn > _STALL:
                last_heard = now
                self._extend_deadlines(now - last_turn)
            last_turn = now
            if self._jobs:
                last_work = now
                if now - last_beat >= self._timing.heartbeat:
                    dealer.send(wire.encode(messages.Heartbeat()), zmq.DONTWAIT)
                    last_beat = now
                self._watch(now, last_heard, _disconnected(monitor))
            else:
                last_heard = now
                # After a disconnection the next request begins with a fresh look at who listens.
                if (_disconnected(monitor) or now - last_work > self._timing.idle) and self._retire():
                    return
        self._say_goodbye(dealer)

    def _send_outbox(self, dealer: zmq.Socket) -> None:
        while True:
            try:
                job, frame, kind = self._outbox.get_nowait()
            except queue.Empty:
                return
            if kind is messages.Cancel:
                if self._jobs.pop(job, None) is not None:
                    self._deliver(job, messages.Cancelled())
                    dealer.send(frame)
                continue
            at_once = kind in _ANSWERED_AT_ONCE
            # A large request needs a moment to be copied, checked and queued on the other side.
            allowance = self._timing.answer * (1 if at_once else 2)
            self._jobs[job] = _Job(answered=False, deadline=time.monotonic() + allowance)
            dealer.send(frame)

    def _receive(self, frame: bytes) -> None:
        try:
            message = wire.decode(frame)
        except AqgtError as error:
            job = wire.job_of(frame)
            for pending in [job] if job in self._jobs else list(self._jobs):
                self._finish(pending, _error(error.code, error.sentence, error.next_step))
            return
        state = self._jobs.get(message.job)
        if state is None:
            return
        state.answered = True
        if isinstance(message.body, TERMINAL):
            self._finish(message.job, message.body)
        else:
            self._deliver(message.job, message.body)

    def _finish(self, job: str, body: Any) -> None:
        self._jobs.pop(job, None)
        self._deliver(job, body)

    def _extend_deadlines(self, seconds: float) -> None:
        if seconds > _STALL:
            for job in self._jobs.values():
                job.deadline += seconds

    def _watch(self, now: float, last_heard: float, disconnected: bool) -> None:
        if disconnected or now - last_heard > self._timing.silence:
            gone = _error(
                "engine-gone",
                f"The engine at {self._address} has gone.",
                "Start it again with `aqgt serve`, then repeat the job; its log says what happened.",
            )
            silent = _error(
                "no-answer",
                f"Whatever listens at {self._address} does not answer like an engine.",
                "Check the address, or start an engine on another port with `aqgt serve --port 0`.",
            )
            for job, state in list(self._jobs.items()):
                self._finish(job, gone if state.answered or not disconnected else silent)
        for job, state in list(self._jobs.items()):
            if not state.answered and now > state.deadline:
                self._finish(
                    job,
                    _error(
                        "no-answer",
                        f"Whatever listens at {self._address} does not answer.",
                        "Check the address; if it is right, restart the engine.",
                    ),
                )

    def _retire(self) -> bool:
        with self._gate:
            if self._outbox.empty():
                self._open = False
        return not self._open

    def _say_goodbye(self, dealer: zmq.Socket) -> None:
        for job in list(self._jobs):
            self._finish(job, messages.Cancelled())
            dealer.send(wire.encode(messages.Cancel(), job), zmq.DONTWAIT)

    def _fail_outbox(self, reason: messages.EngineError | None) -> None:
        with self._gate:
            self._open = False
        reason = reason or _error("engine-gone", "The connection was closed.", "Try again.")
        for job in list(self._jobs):
            self._finish(job, reason)
        while True:
            try:
                job, _, kind = self._outbox.get_nowait()
            except queue.Empty:
                return
            if kind is not messages.Cancel:
                self._deliver(job, reason)


def _disconnected(monitor: zmq.Socket) -> bool:
    found = False
    while monitor.poll(0):
        zmq.utils.monitor.recv_monitor_message(monitor)
        found = True
    return found


def _error(code: str, sentence: str, next_step: str) -> messages.EngineError:
    return messages.EngineError(code, sentence, next_step)
