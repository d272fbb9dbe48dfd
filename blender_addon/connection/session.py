# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection as the panel shows it: starting, checking, trying, ready or failed.

`pump` moves it on and never waits; a timer calls it in a window, a loop in the background.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import bpy

from aqgt.errors import AqgtError

from .. import preferences
from ..ui import redraw
from ..unforeseen import told
from . import engine_process

if TYPE_CHECKING:
    from aqgt.protocol.client import EngineClient
    from aqgt.protocol.messages import EngineStatus, GenerateRequest, Hello

OFF, STARTING, CHECKING, TRYING, READY, FAILED = "OFF", "STARTING", "CHECKING", "TRYING", "READY", "FAILED"
_UNSETTLED = (STARTING, CHECKING, TRYING)
START_SECONDS = 90.0
"""A cold start reads several hundred megabytes of libraries."""
_PUMP_SECONDS = 0.1
_WATCH_SECONDS = 2.0
_WITH_SECTIONS = ("VIEW_3D", "SEQUENCE_EDITOR")


@dataclass
class _Session:
    state: str = OFF
    error: AqgtError | None = None
    hello: Hello | None = None
    status: EngineStatus | None = None
    trial: GenerateRequest | None = None
    tried: float | None = None
    client: EngineClient | None = None
    reached: tuple[str, str | None] = ("", None)
    job: str = ""
    asked: str = ""
    deadline: float = 0.0
    began: float = 0.0


_session = _Session()


def state() -> str:
    """One of OFF, STARTING, CHECKING, TRYING, READY, FAILED."""
    return _session.state


def error() -> AqgtError | None:
    """Why the state is FAILED."""
    return _session.error


def hello() -> Hello | None:
    """What the engine said of itself when it was checked last."""
    return _session.hello


def status() -> EngineStatus | None:
    """How busy the engine was when it was asked last."""
    return _session.status


def tried() -> tuple[str, float] | None:
    """Model and seconds of the trial motion of the last check; None where there was none."""
    if _session.trial is None or _session.tried is None:
        return None
    return _session.trial.model, _session.tried


def begin(start_local: bool, trial: GenerateRequest | None = None) -> None:
    """Start an engine, or check the one at the address; `pump` does the rest.

    Args:
        start_local: start one here.
        trial: a short request that the engine has to fulfil before it counts as ready.
    """
    close()
    _session.error, _session.hello, _session.status = None, None, None
    _session.trial, _session.tried = trial, None
    _session.deadline = time.monotonic() + START_SECONDS
    _session.state = STARTING
    try:
        own = preferences.get()
        if start_local:
            engine_process.start(bpy.path.abspath(own.engine_python), bpy.path.abspath(own.whisper_folder))
        elif not engine_process.running():
            _greet(_client())
    except Exception as error:
        _fail(told(error))


def client() -> EngineClient:
    """A client of the engine in use: the one started here, else the one at the address in the preferences.

    Raises:
        AqgtError: the address is malformed, the key can't be used, the started engine is not ready or gone.
    """
    try:
        return _client()
    except AqgtError as error:
        raise in_blender(error) from None


def pump() -> bool:
    """Move the connection on; True once it is settled (ready, failed or off)."""
    try:
        if _session.state == STARTING:
            if engine_process.address() is not None:
                _greet(_client())
            elif time.monotonic() > _session.deadline:
                log = engine_process.log_path()
                engine_process.stop()
                raise AqgtError("The engine did not start in time.", f"Its log says why: {log}", "no-engine")
        elif _session.state in _UNSETTLED and _session.client is not None:
            for event in _session.client.poll(_session.job):
                _take(_session.client, event)
    except Exception as error:
        _fail(told(error))
    return _session.state not in _UNSETTLED


def run_timer() -> None:
    """In a window: let Blender's timer pump until the connection is settled, then watch the queue."""
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
    _session.client, _session.state, _session.hello, _session.status = None, OFF, None, None
    _session.asked = ""


def in_blender(error: AqgtError) -> AqgtError:
    """An error of the connection whose next step is one inside Blender."""
    steps = {
        "bad-key": "Choose the key file that the engine's owner made for you, as Key File under Engine.",
        "no-keys": "Choose your key file again, as Key File under Engine.",
    }
    # An engine that was started here has errors of these two codes, too, which name its log.
    if error.sentence.startswith("No engine listens"):
        steps["no-engine"] = "Start one with Start Local, or correct the address under Engine."
    if error.sentence.endswith("has gone."):
        steps["engine-gone"] = (
            "Start it again; the log of one started here, beside Check, says what happened."
        )
    if "another machine" in error.sentence:
        steps["bad-address"] = "Choose your Key File under Engine, or use an engine on this machine."
    return AqgtError(error.sentence, steps.get(error.code, error.next_step), error.code)


def _client() -> EngineClient:
    from aqgt.protocol.client import EngineClient

    local = engine_process.address()
    if local is None and engine_process.running():
        raise AqgtError("The engine is still starting.", "Wait until the panel says it is ready.", "starting")
    own = preferences.get()
    key = bpy.path.abspath(own.key_file) if own.key_file and local is None else None
    address = local or own.address
    if _session.client is None or _session.reached != (address, key):
        if _session.client is not None:
            _session.client.close()
        _session.client = None
        _session.client = EngineClient(address, name="Blender", key_file=key)
        _session.reached = address, key
    return _session.client


def _greet(client: EngineClient) -> None:
    from aqgt.protocol.messages import HelloRequest

    _session.job = client.submit(HelloRequest("Blender"))
    _session.state = CHECKING


def _take(client: EngineClient, event: Any) -> None:
    from aqgt.protocol.messages import EngineError, GenerateResult, Hello, StatusRequest

    if isinstance(event, EngineError):
        raise AqgtError(event.sentence, event.next_step, event.code)
    if isinstance(event, Hello):
        _session.hello = event
        _session.state = READY if _session.trial is None else TRYING
        if _session.trial is not None:
            _try(client, _session.trial, event)
    elif isinstance(event, GenerateResult):
        _session.tried = time.monotonic() - _session.began
        _session.state = READY
    if _session.state == READY:
        _session.asked = client.submit(StatusRequest())


def _try(client: EngineClient, trial: GenerateRequest, hello: Hello) -> None:
    names = [model.name for model in hello.models]
    if trial.model not in names:
        raise AqgtError(
            f"The engine has no model “{trial.model}”.",
            f"Choose one of its models under Generate: {', '.join(names) or 'it has none'}.",
            "unknown-model",
        )
    _session.began = time.monotonic()
    _session.job = client.submit(trial)


def _fail(reason: AqgtError) -> None:
    _session.state, _session.error = FAILED, in_blender(reason)


def _tick() -> float | None:
    if not pump():
        redraw()
        return _PUMP_SECONDS
    if _session.state != READY:
        redraw()
        return None
    try:
        _watch()
    except Exception as error:  # an engine that went away, too
        _fail(told(error))
        redraw()
        return None
    return _WATCH_SECONDS


def _watch() -> None:
    """Ask a ready engine how busy it is, as long as somebody may be looking."""
    from aqgt.protocol.messages import EngineError, EngineStatus, StatusRequest

    client = _session.client
    if client is None or not _is_shown():
        return
    before = _session.status
    for event in client.poll(_session.asked) if _session.asked else []:
        if isinstance(event, EngineStatus):
            _session.status, _session.asked = event, ""
        elif isinstance(event, EngineError):
            _session.asked = ""
            _fail(AqgtError(event.sentence, event.next_step, event.code))
    if _session.state == READY and not _session.asked:
        _session.asked = client.submit(StatusRequest())
    now = _session.status
    if _session.state != READY or before is None or now is None or before.queued != now.queued:
        redraw()


def _is_shown() -> bool:
    return any(
        region.type == "UI" and region.width > 1
        for window in bpy.context.window_manager.windows
        for area in window.screen.areas
        if area.type in _WITH_SECTIONS
        for region in area.regions
    )
