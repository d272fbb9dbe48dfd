# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine: where it is and whether it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from aqgt import __version__

from .. import migration, preferences
from ..translations import iface
from ..ui import GesturesPanel, draw_error, draw_lines
from . import engine_process, session

if TYPE_CHECKING:
    from aqgt.protocol.messages import EngineStatus, Hello


class AQGT_PT_connection(GesturesPanel, bpy.types.Panel):
    """Start or reach the engine."""

    bl_label = "Engine"
    bl_idname = "AQGT_PT_connection"
    bl_order = 0

    def draw(self, context: bpy.types.Context) -> None:
        """Address and key, state, and the buttons that change them."""
        layout, own = self.layout, preferences.get(context)
        if migration.is_newer(context.scene):
            draw_lines(
                layout,
                "A newer version of the extension wrote this file's settings: update the extension",
                icon="ERROR",
                alert=True,
            )
        running = engine_process.running()
        if not running:
            column = layout.column(align=True)
            column.prop(own, "address", text="")
            if own.key_file or not is_here(own.address):
                column.prop(own, "key_file", text="", icon="LOCKED", placeholder="Key file")
        row = layout.row(align=True)
        if running:
            row.operator("aqgt.engine_stop", text="Stop", icon="PAUSE")
        else:
            row.operator("aqgt.engine_start", text="Start Local", icon="PLAY")
        row.operator("aqgt.engine_check", text="Check", icon="LINKED")
        row.operator("aqgt.engine_log", text="", icon="TEXT")
        row.operator("aqgt.report", text="", icon="COPYDOWN")
        _draw_state(layout, context.scene.aqgt_generate.model)


def is_here(address: str) -> bool:
    """Whether an address lies on this machine."""
    return any(name in address for name in ("127.0.0.1", "localhost"))


def line(hello: Hello, status: EngineStatus | None, model: str) -> str:
    """Model, device, queue and version of an engine in one line."""
    there = model if any(one.name == model for one in hello.models) else f"no “{model}”"
    queue = "" if status is None else f" · {status.queued} waiting"
    return f"{there} · {hello.device}{queue} · {hello.engine_version}"


def mismatch(hello: Hello) -> str:
    """A sentence where engine and extension are of different versions, else nothing."""
    if hello.engine_version == __version__:
        return ""
    return (
        f"The engine is version {hello.engine_version}, the extension {__version__}:"
        " install the same version of both."
    )


def _draw_state(layout: bpy.types.UILayout, model: str) -> None:
    state, hello, error = session.state(), session.hello(), session.error()
    if state == session.STARTING:
        layout.label(text="Starting…", icon="TIME")
    elif state == session.CHECKING:
        layout.label(text="Asking…", icon="TIME")
    elif state == session.TRYING:
        layout.label(text=iface("Trying {model}…", model=model), icon="TIME")
    elif state == session.FAILED and error is not None:
        draw_error(layout, error)
    elif state == session.READY and hello is not None:
        layout.label(text=line(hello, session.status(), model), icon="CHECKMARK")
        tried = session.tried()
        if tried is not None:
            layout.label(
                text=iface("It works: 1 s of {model} took {seconds:.1f} s", model=tried[0], seconds=tried[1]),
                icon="BLANK1",
            )
    else:
        layout.label(text="Not connected", icon="UNLINKED")
    if hello is not None and (different := mismatch(hello)):
        draw_lines(layout, different, icon="ERROR")
