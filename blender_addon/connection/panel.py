# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine: where it is and whether it answers."""

from __future__ import annotations

import bpy

from .. import preferences
from ..ui import GesturesPanel, draw_error
from . import engine_process, session


class AQGT_PT_connection(GesturesPanel, bpy.types.Panel):
    """Start or reach the engine."""

    bl_label = "Engine"
    bl_idname = "AQGT_PT_connection"
    bl_order = 0

    def draw(self, context: bpy.types.Context) -> None:
        """Address, state, and the buttons that change them."""
        layout = self.layout
        column = layout.column()
        column.enabled = not engine_process.running()
        column.prop(preferences.get(context), "address", text="")
        row = layout.row(align=True)
        if engine_process.running():
            row.operator("aqgt.engine_stop", text="Stop", icon="PAUSE")
        else:
            row.operator("aqgt.engine_start", text="Start Local", icon="PLAY")
        row.operator("aqgt.engine_check", text="Check", icon="LINKED")
        _draw_state(layout)


def _draw_state(layout: bpy.types.UILayout) -> None:
    state, hello, error = session.state(), session.hello(), session.error()
    if state == session.STARTING:
        layout.label(text="Starting…", icon="TIME")
    elif state == session.CHECKING:
        layout.label(text="Asking…", icon="TIME")
    elif state == session.FAILED and error is not None:
        draw_error(layout, error)
    elif state == session.READY and hello is not None:
        layout.label(text=f"Ready: engine {hello.engine_version}, {hello.device}", icon="CHECKMARK")
    else:
        layout.label(text="Not connected", icon="UNLINKED")
