# SPDX-License-Identifier: GPL-3.0-or-later
"""The character, the button, the progress."""

from __future__ import annotations

import bpy

from ..connection import session
from ..ui import GesturesPanel, draw_error, draw_lines
from . import job as jobs


class AQGT_PT_generate(GesturesPanel, bpy.types.Panel):
    """Generate gestures."""

    bl_label = "Generate"
    bl_idname = "AQGT_PT_generate"
    bl_order = 3

    def draw(self, context: bpy.types.Context) -> None:
        """Settings, then either the button or the progress of what runs."""
        layout = self.layout
        settings = context.scene.aqgt_generate
        layout.prop(settings, "character", text="", icon="ARMATURE_DATA")
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.prop(settings, "model")
        _draw_licence(column, settings.model)
        column.prop(settings, "seed")
        column.prop(settings, "annotate")
        job = jobs.running()
        if job is not None:
            layout.progress(factor=job.fraction, text=job.text)
            layout.operator("aqgt.cancel", icon="X")
            return
        row = layout.row()
        row.scale_y = 1.4
        row.operator("aqgt.generate", icon="OUTLINER_OB_ARMATURE")
        _draw_last(layout)


def _draw_licence(layout: bpy.types.UILayout, name: str) -> None:
    """The licence of the chosen model, as the engine gave it when it was checked last."""
    hello = session.hello()
    model = next((model for model in hello.models if model.name == name), None) if hello else None
    if model is None:
        return
    layout.label(text=f"Licence: {model.licence}")
    if not model.commercial_use:
        draw_lines(layout, "Not for commercial use", icon="ERROR", alert=True)


def _draw_last(layout: bpy.types.UILayout) -> None:
    last = jobs.current
    if last is None:
        return
    if last.error is not None:
        draw_error(layout, last.error)
    elif last.cancelled:
        layout.label(text="Cancelled: nothing was changed", icon="INFO")
    for note in last.notes:
        draw_lines(layout, note, icon="INFO")
