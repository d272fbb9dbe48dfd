# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker process: it takes one job after the other from the broker and never outlives it."""

from __future__ import annotations

import logging
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
import traceback
from typing import Any

import zmq

from aqgt import __version__
from aqgt.errors import AqgtError
from aqgt.protocol import messages, wire
from aqgt.service.backend import Backend, JobCancelled, make_backend
from aqgt.service.config import EngineConfig

log = logging.getLogger("aqgt.worker")


def worker_main(address: str, token: str, factory: str, config: EngineConfig) -> None:
    """Entry of the spawned process.

    Args:
        address: the broker's socket for workers.
        token: proves to the broker that this is its own worker.
        factory: ``"module:callable"`` that makes the `Backend`.
        config: the engine's configuration.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    # Ctrl-C reaches the whole group; the broker alone decides when workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, name="aqgt-parent-watch", daemon=True).start()
    context = zmq.Context()
    dealer = context.socket(zmq.DEALER)
    dealer.setsockopt(zmq.LINGER, 1000)
    dealer.connect(address)
    try:
        backend = make_backend(factory, config)
        dealer.send(wire.encode(_introduction(backend, config), token))
    except Exception as error:
        log.error("%s", traceback.format_exc())
        dealer.send(wire.encode(_as_error(error), token))
        dealer.close()
        context.term()
        return
    while True:
        message = wire.decode(dealer.recv())
        if not isinstance(message.body, messages.Cancel):
            _work(dealer, backend, message)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


def _introduction(backend: Backend, config: EngineConfig) -> messages.Hello:
    from aqgt.annotations import FAMILIES

    device, models = backend.describe()
    return messages.Hello(
        protocol=messages.PROTOCOL_VERSION,
        engine_version=__version__,
        device=device,
        models=models,
        max_seconds=config.limits.seconds,
        max_variants=config.limits.variants,
        annotation_vocabulary={
            family: [label.name for label in labels] for family, labels in FAMILIES.items()
        },
    )


def _work(dealer: zmq.Socket, backend: Backend, message: wire.Message) -> None:
    cancelled = False

    def is_cancelled() -> bool:
        nonlocal cancelled
        # While a job runs the broker sends nothing but cancellations, possibly a late one of an earlier job.
        while not cancelled and dealer.poll(0):
            cancelled = wire.decode(dealer.recv()).job == message.job
        return cancelled

    def on_progress(progress: messages.Progress) -> None:
        dealer.send(wire.encode(progress, message.job))

    answer: Any
    try:
        answer = backend.run(message.body, on_progress, is_cancelled)
        frame = wire.encode(answer, message.job)
    except JobCancelled:
        frame = wire.encode(messages.Cancelled(), message.job)
    except Exception as error:
        if not isinstance(error, AqgtError):
            log.error("%s", traceback.format_exc())
        frame = wire.encode(_as_error(error), message.job)
    dealer.send(frame)


def _as_error(error: Exception) -> messages.EngineError:
    if isinstance(error, AqgtError):
        return messages.EngineError(error.code, error.sentence, error.next_step)
    return messages.EngineError(
        "internal",
        f"The engine failed at this job ({type(error).__name__}: {error}).",
        "Its log holds the details; please report them together with what you did.",
    )
