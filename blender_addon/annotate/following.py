# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking in what people do to markers by hand: soon after it is seen, and before a file is saved.

Blender tells nobody that a marker was renamed. A panel sees it, but may not write; a timer may.
"""

from __future__ import annotations

from typing import Any

import bpy

from ..ui import redraw
from . import store


def follow_soon(scene: bpy.types.Scene) -> None:
    """Bring the groups of a scene's markers up to date right after the panels are drawn."""
    if bpy.app.background or bpy.app.timers.is_registered(_follow):
        return
    if any(store.is_pending(scene, marker) for marker in scene.timeline_markers):
        bpy.app.timers.register(_follow, first_interval=0.0)


def stop() -> None:
    """The add-on is being disabled."""
    if bpy.app.timers.is_registered(_follow):
        bpy.app.timers.unregister(_follow)


@bpy.app.handlers.persistent
def on_save_pre(*_arguments: Any) -> None:
    """The file is about to be saved: what it holds shall be whole."""
    _sync_all()


def _follow() -> None:
    _sync_all()
    redraw()


def _sync_all() -> None:
    for scene in bpy.data.scenes:
        if scene.library is None:
            store.sync(scene)
