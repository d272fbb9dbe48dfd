# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker process: it takes jobs from the broker, some at a time, and never outlives it."""

from __future__ import annotations

import logging
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
import time
import traceback
from typing import Any

import zmq

from aqgt import __version__
from aqgt.errors import AqgtError
from aqgt.protocol import failures, messages, wire
from aqgt.service import inner
from aqgt.service.backend import Backend, JobCancelled, make_backend
from aqgt.service.config import EngineConfig
from aqgt.service.live_desk import LiveDesk
from aqgt.service.logs import set_up_logging
from aqgt.service.memory import give_back_memory

log = logging.getLogger("aqgt.worker")

_TIDY_AFTER_MS = 500
"""Without a job, until memory is given back: the next job would have to ask for it again, page by page."""
_TIDY_AT_LAST = 10.0
"""Seconds after which a worker that is never without a job gives it back."""
_SMALL = 1024


def worker_main(address: str, token: str, factory: str, config: EngineConfig, number: int = 0) -> None:
    """Entry of the spawned process.

    Args:
        address: the broker's socket for workers.
        token: proves to the broker that this is its own worker.
        factory: ``"module:callable"`` that makes the `Backend`.
        config: the engine's configuration.
        number: which of the workers this is, from 0.
    """
    set_up_logging(config.log)
    # Ctrl-C reaches the whole group; the broker alone decides when workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, name="aqgt-parent-watch", daemon=True).start()
    context = zmq.Context()
    dealer = context.socket(zmq.DEALER)
    dealer.setsockopt(zmq.LINGER, 1000)
    dealer.setsockopt(zmq.MAXMSGSIZE, wire.MAX_MESSAGE_BYTES)
    dealer.connect(address)
    try:
        backend = make_backend(factory, config, number)
        hello = wire.encode(_introduction(backend, config))
        dealer.send_multipart([inner.READY, token.encode(), hello, backend.facts().pack()])
    except Exception as error:
        log.error("%s", traceback.format_exc())
        dealer.send_multipart([inner.FAILED, token.encode(), wire.encode(failures.of_job(error))])
        dealer.close()
        context.term()
        return
    desk = LiveDesk(lambda *parts: dealer.send_multipart(parts, copy=False), backend.open_live)
    untidy_since: float | None = None
    while True:
        if untidy_since is not None:
            overdue = time.monotonic() - untidy_since > _TIDY_AT_LAST
            if overdue or not dealer.poll(_TIDY_AFTER_MS):
                give_back_memory()
                untidy_since = None
        kind, *parts = _receive(dealer)
        if kind == inner.RUN:
            _Batch(dealer, parts, desk).run(backend)
            dealer.send_multipart([inner.FREE, backend.facts().pack()])
            untidy_since = untidy_since or time.monotonic()
        elif kind == inner.CANCEL:
            desk.drop(parts[0])
        else:
            desk.take(kind, *parts)


def _receive(dealer: zmq.Socket) -> list[Any]:
    """The parts of a message: bytes; requests and sound as views of where libzmq has put them."""
    parts = dealer.recv_multipart(copy=False)
    return [part.bytes if len(part) < _SMALL else part.buffer for part in parts]


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


def _introduction(backend: Backend, config: EngineConfig) -> messages.Hello:
    from aqgt.annotations import FAMILIES
    from aqgt.gesture_forms import FORM, gesture_forms
    from aqgt.speech.transcription import transcribers

    heard = transcribers(config.transcription)
    device, models = backend.describe()
    return messages.Hello(
        protocol=messages.PROTOCOL_VERSION,
        engine_version=__version__,
        device=device,
        models=models,
        max_seconds=config.limits.seconds,
        max_variants=config.limits.variants,
        annotation_vocabulary={
            **{family: [label.name for label in labels] for family, labels in FAMILIES.items()},
            FORM: list(gesture_forms()),
        },
        limits={
            **config.limits.model_dump(),
            "live_look_ahead": messages.LIVE_LOOK_AHEAD,
            "transcription": {"models": list(heard.models), "reason": heard.reason},
        },
    )


class WorkerTask:
    """One job, as the backend sees it (see `backend.Task`)."""

    def __init__(self, batch: _Batch, number: bytes, message: wire.Message) -> None:
        self.request: Any = message.body
        self.over = False
        self._batch, self._number, self._job = batch, number, message.job

    def is_cancelled(self) -> bool:
        """Whether nobody wants the job any more."""
        return self._batch.is_cancelled(self._number)

    def report(self, progress: messages.Progress) -> None:
        """Tell the client of a window."""
        if not self.over:
            self._batch.send(inner.PROGRESS, self._number, wire.encode(progress, self._job))

    def finish(self, result: Any) -> None:
        """The job's result."""
        try:
            self._end(inner.OK, result)
        except AqgtError as error:  # too large for the wire
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """The job has come to an end without a result."""
        if self.over:
            return
        if isinstance(error, JobCancelled):
            self._end(inner.CANCELLED, messages.Cancelled())
            return
        if not isinstance(error, AqgtError):
            log.error("%s", "".join(traceback.format_exception(error)), extra={"job": self._job})
        self._end(inner.ERROR, failures.of_job(error))

    def _end(self, outcome: bytes, body: Any) -> None:
        if not self.over:
            self._batch.send(inner.DONE, self._number, outcome, wire.encode(body, self._job))
            self.over = True


class _Batch:
    """The jobs that run together; it alone reads the socket while they do."""

    def __init__(self, dealer: zmq.Socket, parts: list[Any], desk: LiveDesk) -> None:
        self._dealer, self._desk = dealer, desk
        self._cancelled: set[bytes] = set()
        self.tasks = [
            WorkerTask(self, number, wire.decode(frame))
            for number, frame in zip(parts[::2], parts[1::2], strict=True)
        ]

    def send(self, *parts: bytes) -> None:
        self._dealer.send_multipart(parts, copy=False)

    def is_cancelled(self, number: bytes) -> bool:
        # While jobs run the broker sends cancellations, possibly a late one of an earlier job, and live
        # sound, which does not wait.
        while self._dealer.poll(0):
            kind, *parts = _receive(self._dealer)
            if kind != inner.CANCEL:
                self._desk.take(kind, *parts)
            elif not self._desk.drop(parts[0]):
                self._cancelled.add(parts[0])
        return number in self._cancelled

    def run(self, backend: Backend) -> None:
        try:
            backend.run(self.tasks)
        except Exception as error:
            for task in self.tasks:
                task.fail(error)
        for task in self.tasks:
            task.fail(RuntimeError("the backend forgot this job"))
