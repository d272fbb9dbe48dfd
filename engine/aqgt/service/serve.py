# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs an engine in this process until it is told to stop, or until its parent has gone."""

from __future__ import annotations

import os
import signal
import threading
import time
from types import FrameType

from aqgt.service.broker import DEFAULT_BACKEND, Broker
from aqgt.service.config import EngineConfig
from aqgt.service.logs import set_up_logging

READY = "AQGT READY"
"""Begins the one line on standard output that names the address."""

_EXIT_PATIENCE = 10.0


def serve(config: EngineConfig, *, parent_pipe: bool = False, factory: str = DEFAULT_BACKEND) -> None:
    """Serve until terminated: then jobs at work may end, and no new ones are taken; a second signal ends it.

    Args:
        config: the engine's configuration.
        parent_pipe: end when standard input closes, which it does when the parent process ends in any way.
        factory: ``"module:callable"`` that makes each worker's `Backend`.

    Raises:
        AqgtError: a port is taken, keys are missing, or the workers cannot start.
    """
    set_up_logging(config.log)
    broker = Broker(config, factory)

    def on_signal(number: int, frame: FrameType | None) -> None:
        broker.stop(now=broker.stopping)

    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    if parent_pipe:
        threading.Thread(target=_watch_parent, args=(broker,), name="aqgt-parent-pipe", daemon=True).start()
    broker.run(on_ready=lambda address: print(f"{READY} {address}", flush=True))


def _watch_parent(broker: Broker) -> None:
    # The file descriptor itself: a thread inside sys.stdin's buffer would hold a lock at exit.
    while os.read(0, 4096):
        pass
    # Nobody is left who could want the jobs at work.
    broker.stop(now=True)
    time.sleep(_EXIT_PATIENCE)
    os._exit(1)
