# SPDX-License-Identifier: GPL-3.0-or-later
"""The character, how it is to gesture, the button, the progress."""

from __future__ import annotations

from typing import Any

import bpy

from aqgt.errors import AqgtError

from ..one_job import generation
from ..translations import iface
from ..ui import GesturesPanel, draw_error, draw_lines
from . import choices
from .chosen import chosen_character, chosen_range


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
        _draw_model(column, settings)
        _draw_motion(column, context)
        _draw_range(column, context)
        column.prop(settings, "preview")
        job = generation.running()
        if job is not None:
            layout.progress(factor=job.fraction, text=job.text)
            if job.scene != context.scene.name:
                text = f"For “{job.character}” in the scene “{job.scene}”"
                draw_lines(layout, text, icon="SCENE_DATA")
            layout.operator("aqgt.cancel", icon="X")
            return
        row = layout.row()
        row.scale_y = 1.4
        row.operator("aqgt.generate", icon="OUTLINER_OB_ARMATURE")
        _draw_last(layout)


def _draw_model(column: bpy.types.UILayout, settings: Any) -> None:
    """Whose motion: model and its licence, as the engine gave it when it was checked last, speaker, seeds."""
    column.prop(settings, "model")
    model = choices.model_info(settings.model)
    if model is not None:
        column.label(text=iface("Licence: {licence}", licence=model.licence))
        if not model.commercial_use:
            draw_lines(column, "Not for commercial use", icon="ERROR", alert=True)
    column.prop(settings, "speaker", placeholder="Usual")
    seeds = column.column(align=True)
    seeds.prop(settings, "seed")
    seeds.prop(settings, "variants")


def _draw_motion(column: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What goes in and how it is laid on; smoothing and head are those of How Takes Are Laid On."""
    settings, laying = context.scene.aqgt_generate, context.scene.aqgt_retarget
    column.separator()
    column.prop(settings, "preset", placeholder="None")
    title = choices.preset_title(settings.preset)
    if title:
        draw_lines(column, title)
    elif settings.preset:
        draw_lines(column, "There is no such preset", icon="ERROR", alert=True)
    column.prop(settings, "annotate")
    column.prop(laying, "smoothing")
    column.prop(laying, "use_head")


def _draw_range(column: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Which part, and from which pose; a part that is joined begins from what is there."""
    settings = context.scene.aqgt_generate
    column.separator()
    column.prop(settings, "extent")
    if settings.extent == "FRAMES":
        frames = column.column(align=True)
        frames.prop(settings, "first_frame")
        frames.prop(settings, "last_frame")
    try:
        chosen_range(context, chosen_character(context))
    except AqgtError as error:
        if error.code == "bad-range":
            draw_error(column, error)
    column.prop(settings, "start_from")


def _draw_last(layout: bpy.types.UILayout) -> None:
    last = generation.current
    if last is None:
        return
    if last.error is not None:
        draw_error(layout, last.error)
    elif last.cancelled:
        layout.label(text="Cancelled: nothing was changed", icon="INFO")
    for note in last.notes:
        draw_lines(layout, note, icon="INFO")
