# SPDX-License-Identifier: GPL-3.0-or-later
"""The job file, the button, the progress, the report."""

from __future__ import annotations

import bpy

from ..ui import GesturesPanel, draw_error
from . import process


class AQGT_PT_batch(GesturesPanel, bpy.types.Panel):
    """Many recordings at once."""

    bl_label = "Batch"
    bl_idname = "AQGT_PT_batch"
    bl_order = 9
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Settings, then either the button or the progress of what runs."""
        layout = self.layout
        settings = context.scene.aqgt_batch
        batch = process.running()
        column = layout.column()
        column.enabled = batch is None
        column.prop(settings, "jobs", text="")
        column.prop(settings, "workers")
        if batch is not None:
            layout.progress(factor=min(1.0, batch.said.get("share", 0.0)), text=batch.text())
            layout.operator("aqgt.batch_cancel", text="Cancel", icon="X")
            return
        layout.operator("aqgt.batch_run", icon="RENDER_ANIMATION")
        last = process.current
        if last is None:
            return
        if last.error is not None:
            draw_error(layout, last.error)
        elif last.cancelled:
            layout.label(text="Cancelled: what was done stays", icon="INFO")
        else:
            layout.label(text=last.text(), icon="ERROR" if last.said.get("failed") else "CHECKMARK")
        layout.operator("aqgt.batch_report", icon="URL")
