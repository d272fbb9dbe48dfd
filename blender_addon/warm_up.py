# SPDX-License-Identifier: GPL-3.0-or-later
"""Loads what enabling leaves out, in a thread, once Blender's window is there.

Just after installing, Python compiles each module when it is imported first. Enabling imports what Blender
has to know (classes, properties, what panels draw); the rest would hold the first press of a button.
"""

from __future__ import annotations

import contextlib
import threading
from importlib import import_module

import bpy

LATE = (
    ".connection.sending",
    ".generate.gather",
    ".takes.apply",
    ".takes.again",
    ".takes.export",
    ".takes.merge",
    ".annotate.exchange",
    ".annotate.suggest",
    ".speech.align",
    ".speech.transcribe",
    ".retarget.work",
    ".preview.character",
    ".preview.figure",
    "aqgt.protocol.client",
    "aqgt.retarget.solver",
    "aqgt.formats.elan",
    "aqgt.formats.subtitles",
    "aqgt.formats.textgrid",
    "gpu_extras.batch",
)
"""Modules that are imported where they are used; each brings along what it needs."""
_FIRST_SECONDS = 1.0
"""By then the window has been drawn."""

_thread: threading.Thread | None = None
_stopped = threading.Event()


def begin() -> None:
    """Load them soon; a script and the background load what they use."""
    _stopped.clear()
    if not bpy.app.background:
        bpy.app.timers.register(_start, first_interval=_FIRST_SECONDS, persistent=True)


def stop() -> None:
    """Load no more of them; waits for the one that is being loaded, as no thread may outlive the add-on."""
    global _thread
    if bpy.app.timers.is_registered(_start):
        bpy.app.timers.unregister(_start)
    _stopped.set()
    if _thread is not None:
        _thread.join()
    _thread = None


def load() -> None:
    """Import them, one after the other, until `stop` is called."""
    for name in LATE:
        if _stopped.is_set():
            return
        # Whoever uses it meets the error again, and can say what it is about.
        with contextlib.suppress(Exception):
            import_module(name, __package__)


def _start() -> None:
    global _thread
    _thread = threading.Thread(target=load, name="aqgt-warm-up", daemon=True)
    _thread.start()
