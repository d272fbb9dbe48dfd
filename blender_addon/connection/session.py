# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection as the panel shows it: starting, checking, ready or failed.

`pump` moves it on and never waits; a timer calls it in a window, a loop in the background.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import bpy

from aqgt.errors import AqgtError
from aqgt.protocol.client import EngineClient
from aqgt.protocol.messages import EngineError, Hello, HelloRequest

from .. import preferences
from . import engine_process

OFF, STARTING, CHECKING, READY, FAILED = "OFF", "STARTING", "CHECKING", "READY", "FAILED"
START_SECONDS = 90.0
"""A cold start reads several hundred megabytes of libraries."""
_PUMP_SECONDS = 0.1


@dataclass
class _Session:
    state: str = OFF
    error: AqgtError | None = None
    hello: Hello | None = None
    client: EngineClient | None = None
    job: str = ""
    deadline: float = 0.0


_session = _Session()


def state() -> str:
    """One of OFF, STARTING, CHECKING, READY, FAILED."""
    return _session.state


def error() -> AqgtError | None:
    """Why the state is FAILED."""
    return _session.error


def hello() -> Hello | None:
    """What the engine said of itself when it was checked last."""
    return _session.hello


def begin(start_local: bool) -> None:
    """Start an engine, or check the one at the address; `pump` does the rest."""
    close()
    _session.error, _session.hello = None, None
    _session.deadline = time.monotonic() + START_SECONDS
    _session.state = STARTING
    try:
        if start_local:
            engine_process.start(bpy.path.abspath(preferences.get().engine_python))
        elif not engine_process.running():
            _greet(preferences.get().address)
    except AqgtError as error:
        _fail(error)


def client() -> EngineClient:
    """A client of the engine in use: the one started here, else the one at the address in the preferences.

    Raises:
        AqgtError: the address is malformed, the started engine is not ready or has ended.
    """
    local = engine_process.address()
    if local is None and engine_process.running():
        raise AqgtError("The engine is still starting.", "Wait until the panel says it is ready.", "starting")
    return _client_at(local or preferences.get().address)


def pump() -> bool:
    """Move the connection on; True once it is settled (ready, failed or off)."""
    try:
        if _session.state == STARTING:
            address = engine_process.address()
            if address is not None:
                _greet(address)
            elif time.monotonic() > _session.deadline:
                log = engine_process.log_path()
                engine_process.stop()
                raise AqgtError("The engine did not start in time.", f"Its log says why: {log}", "no-engine")
        elif _session.state == CHECKING and _session.client is not None:
            for event in _session.client.poll(_session.job):
                if isinstance(event, Hello):
                    _session.hello, _session.state = event, READY
                elif isinstance(event, EngineError):
                    raise AqgtError(event.sentence, event.next_step, event.code)
    except AqgtError as error:
        _fail(error)
    return _session.state not in (STARTING, CHECKING)


def run_timer() -> None:
    """In a window: let Blender's timer pump until the connection is settled."""
    if not bpy.app.timers.is_registered(_tick):
        bpy.app.timers.register(_tick, first_interval=_PUMP_SECONDS)


def wait() -> None:
    """In the background, where timers do not run: pump until the connection is settled."""
    while not pump():
        time.sleep(_PUMP_SECONDS)


def close() -> None:
    """Give the connection up; a local engine keeps running."""
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)
    if _session.client is not None:
        _session.client.close()
    _session.client, _session.state, _session.hello = None, OFF, None


def _client_at(address: str) -> EngineClient:
    if _session.client is None or _session.client.address != address:
        if _session.client is not None:
            _session.client.close()
        _session.client = EngineClient(address, name="Blender")
    return _session.client


def _greet(address: str) -> None:
    _session.job = _client_at(address).submit(HelloRequest("Blender"))
    _session.state = CHECKING


def _fail(reason: AqgtError) -> None:
    _session.state, _session.error = FAILED, reason


def _tick() -> float | None:
    settled = pump()
    redraw()
    return None if settled else _PUMP_SECONDS


def redraw() -> None:
    """Have every 3D viewport draw its sidebar again."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()
