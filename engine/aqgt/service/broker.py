# SPDX-License-Identifier: GPL-3.0-or-later
"""The broker: it answers clients at once, whatever the workers are doing, and hands jobs to them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import zmq

from aqgt.errors import AqgtError
from aqgt.protocol import messages, wire
from aqgt.service.checks import check_request
from aqgt.service.config import EngineConfig
from aqgt.service.front import Front
from aqgt.service.jobs import JobQueue
from aqgt.service.logs import printable
from aqgt.service.metrics import Counters, MetricsServer
from aqgt.service.results import KeptResults
from aqgt.service.workshop import Workshop

log = logging.getLogger("aqgt.broker")

DEFAULT_BACKEND = "aqgt.service.backend:ModelBackend"

_TICK_MS = 100
_METRICS_EVERY = 1.0
_VALUES = 10_000
"""Entries of lists and maps of a message beside its words (8 each) and annotations (32 each, at most)."""
_JOBS = (
    messages.GenerateRequest,
    messages.AlignRequest,
    messages.TranscribeRequest,
    messages.SuggestRequest,
)
_OF_LIVE = (messages.LiveChunk, messages.LiveEnd)
_OF_HELLO = (messages.HelloRequest, messages.ModelsRequest, messages.VocabularyRequest)


class Broker:
    """One engine.

    Args:
        config: the engine's configuration.
        factory: ``"module:callable"`` that makes each worker's `Backend`.

    Raises:
        AqgtError: a port is taken, or there are no keys where some are needed.
    """

    def __init__(self, config: EngineConfig, factory: str = DEFAULT_BACKEND) -> None:
        self._config = config
        # A message that takes seconds to read would make all clients believe that the engine has gone.
        limits = config.limits
        self._most_values = min(wire.MAX_VALUES, _VALUES + 8 * limits.words + 32 * limits.spans)
        self._stop_at: float | None = None
        self._told_to_stop, self._told_to_end = threading.Event(), threading.Event()
        self._early: dict[tuple[bytes, str], Any] = {}
        self._counters = Counters()
        self._last_job = time.monotonic()
        self._metrics: MetricsServer | None = None
        self._metrics_due = self._watch_due = 0.0
        self._context = zmq.Context()
        try:
            self._front = Front(self._context, config)
            if config.metrics_port is not None:
                self._metrics = MetricsServer(config.metrics_port)
        except BaseException:
            self._context.destroy(linger=0)
            raise
        self.address = self._front.address
        self._queue = JobQueue(config.limits)
        kept = KeptResults(config.limits.kept_mib * 2**20, config.timing.keep_results)
        self._workshop = Workshop(
            self._context, config, factory, self._queue, self._front, kept, self._counters
        )
        self._kept = kept

    def stop(self, *, now: bool = False) -> None:
        """Take no more jobs; `run` ends when those at work are done (or at once). From any thread."""
        self._told_to_stop.set()
        if now:
            self._told_to_end.set()

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._told_to_stop.is_set()

    def run(self, on_ready: Callable[[str], None] | None = None) -> None:
        """Serve until `stop`; ``on_ready`` is called with the address once a worker can take jobs.

        Raises:
            AqgtError: the first worker cannot start.
        """
        poller = zmq.Poller()
        poller.register(self._front.socket, zmq.POLLIN)
        poller.register(self._workshop.socket, zmq.POLLIN)
        if self._front.gate is not None:
            poller.register(self._front.gate.socket, zmq.POLLIN)
        announced = False
        try:
            while not self._is_over():
                poller.poll(_TICK_MS)
                self._front.take(self._from_client)
                self._workshop.take()
                self._watch()
                self._workshop.assign()
                if self._workshop.hello is not None and not announced:
                    announced = True
                    self._last_job = time.monotonic()  # loading is no idleness
                    self._answer_early()
                    if on_ready is not None:
                        on_ready(self.address)
        finally:
            self._workshop.close()
            if self._metrics is not None:
                self._metrics.close()
            self._context.destroy(linger=200)

    def _is_over(self) -> bool:
        if self._told_to_end.is_set():
            self._workshop.give_up_all()
            return True
        if not self._told_to_stop.is_set():
            return False
        now = time.monotonic()
        if self._stop_at is None:
            log.info("told to stop: %d jobs are at work, %d wait", self._running, self._queue.waiting)
            self._stop_at = now + self._config.timing.stop_grace
            self._workshop.give_up_waiting()
        if self._running and now < self._stop_at:
            return False
        self._workshop.give_up_all()
        return True

    @property
    def _running(self) -> int:
        return self._queue.running + len(self._workshop.live)

    # ------------------------------------------------------------ clients

    def _from_client(self, client: bytes, frame: zmq.Frame) -> None:
        message = wire.decode(frame.buffer, copy=False, most_values=self._most_values)
        body = message.body
        if isinstance(body, messages.Heartbeat):
            self._front.tell(client, message.job, messages.Heartbeat())
            self._workshop.deliver_again(client)
        elif isinstance(body, _OF_HELLO):
            self._introduce_to(client, message)
        elif isinstance(body, messages.StatusRequest):
            self._front.tell(client, message.job, self._status())
        elif isinstance(body, messages.Cancel):
            self._cancel(client, message.job)
        elif isinstance(body, messages.Attach):
            self._attach(client, message.job)
        elif isinstance(body, messages.Received):
            self._kept.drop(message.job)
            self._workshop.received(client, message.job)
        elif isinstance(body, _JOBS):
            self._accept(client, message, frame)
        elif isinstance(body, messages.LiveRequest):
            self._open_live(client, message, frame)
        elif isinstance(body, _OF_LIVE):
            self._workshop.live.feed(client, message, frame)
        else:
            raise AqgtError(
                f"An engine takes no “{type(body).__name__}”.",
                "Install the same version of the engine and of the client.",
                "unknown-request",
            )

    def _introduce_to(self, client: bytes, message: wire.Message) -> None:
        hello = self._workshop.hello
        if isinstance(message.body, messages.HelloRequest):
            log.info("hello", extra={"client": printable(message.body.client) or "a client"})
        if hello is None:
            if len(self._early) >= 4 * self._config.limits.clients:
                raise AqgtError("The engine is still starting.", "Ask again in a moment.", "starting")
            # A sign of life, so that the client waits while the models load.
            self._front.tell(client, message.job, messages.Heartbeat())
            self._early[client, message.job] = message.body
        elif isinstance(message.body, messages.HelloRequest):
            self._front.tell(client, message.job, hello)
        elif isinstance(message.body, messages.ModelsRequest):
            self._front.tell(client, message.job, messages.Models(hello.models))
        else:
            self._front.tell(client, message.job, messages.Vocabulary(hello.annotation_vocabulary))

    def _answer_early(self) -> None:
        early, self._early = self._early, {}
        for (client, name), body in early.items():
            self._introduce_to(client, wire.Message(name, body))

    def _accept(self, client: bytes, message: wire.Message, frame: zmq.Frame) -> None:
        request = message.body
        try:
            self._refuse_if_stopping()
            check_request(request, self._config.limits)
            model, variants = None, 1
            if isinstance(request, messages.GenerateRequest):
                model, variants = None if request.deterministic else request.model, request.variants
            job = self._queue.add(
                client,
                message.job,
                frame,
                seconds=len(request.audio) / messages.SAMPLE_RATE,
                now=time.monotonic(),
                model=model,
                variants=variants,
            )
        except AqgtError:
            self._counters.refused += 1
            raise
        log.info("%s of %.1f s", type(request).__name__, job.seconds, extra={"job": job.name})
        self._last_job = job.arrived
        self._workshop.assign()
        self._workshop.tell_positions()

    def _open_live(self, client: bytes, message: wire.Message, frame: zmq.Frame) -> None:
        try:
            self._refuse_if_stopping()
            if self._queue.find(message.job) is not None:
                raise AqgtError("The job has no name of its own.", "Give each job another id.", "bad-message")
            self._workshop.live.open(client, message, frame)
        except AqgtError:
            self._counters.refused += 1
            raise
        self._front.tell(client, message.job, messages.Accepted(0))

    def _refuse_if_stopping(self) -> None:
        if self._told_to_stop.is_set():
            raise AqgtError(
                "The engine is about to end and takes no more jobs.",
                "Try again when it has been started anew.",
                "stopping",
            )

    def _cancel(self, client: bytes, name: str) -> None:
        self._kept.drop(name)
        job = self._queue.find(name)
        if job is not None:
            self._workshop.abandon(job)
        live = self._workshop.live.find(name)
        if live is not None:
            self._workshop.live.abandon(live)
        self._front.tell(client, name, messages.Cancelled())

    def _attach(self, client: bytes, name: str) -> None:
        kept = self._kept.find(name)
        job = self._queue.find(name)
        if kept is not None:
            self._front.send(client, kept)
        elif job is not None and job.cancelled_at is None:
            self._queue.hand_over(job, client)
            self._front.tell(client, name, messages.Accepted(max(job.position, 0)))
        else:
            raise AqgtError("The engine does not know this job.", "Send the request again.", "unknown-job")

    def _status(self) -> messages.EngineStatus:
        return self._counters.status(
            running=self._running,
            queued=self._queue.waiting,
            clients=self._front.clients,
            stopping=self.stopping,
            kept_results=len(self._kept),
            workers=self._workshop.statuses(),
        )

    # ------------------------------------------------------------ watching

    def _watch(self) -> None:
        now = time.monotonic()
        if now < self._watch_due:
            return  # it costs more than passing a message on
        self._watch_due = now + _TICK_MS / 1000
        self._workshop.watch(now)
        self._kept.expire(now)
        for client in self._front.silent():
            self._workshop.forget(client)
        if self._metrics is not None and now >= self._metrics_due:
            self._metrics_due = now + _METRICS_EVERY
            self._metrics.text = self._counters.prometheus(self._status())
        self._watch_idleness(now)

    def _watch_idleness(self, now: float) -> None:
        if self._running or self._queue.waiting or self._workshop.hello is None:
            self._last_job = now
        minutes = self._config.idle_exit
        if minutes is not None and now - self._last_job > 60 * minutes and not self.stopping:
            log.info("no job for %g minutes: the engine ends", minutes)
            self.stop()
