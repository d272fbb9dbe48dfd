# SPDX-License-Identifier: GPL-3.0-or-later
"""Who shows words learns here that they changed."""

from __future__ import annotations

from typing import Any

import bpy

from ..ui import redraw

revision = 0
"""Grows with every change of any word list; what is laid out for an older one is stale."""


def changed() -> None:
    """A word list has changed."""
    global revision
    revision += 1
    redraw()


@bpy.app.handlers.persistent
def on_replaced(*_arguments: Any) -> None:
    """Undo, redo or loading have put other data in place."""
    changed()
