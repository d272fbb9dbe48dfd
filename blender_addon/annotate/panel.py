# SPDX-License-Identifier: GPL-3.0-or-later
"""The gesture markers as they are read."""

from __future__ import annotations

import bpy

from ..ui import GesturesPanel, draw_lines
from .reading import read_annotations

_SHOWN = 12


class AQGT_PT_annotate(GesturesPanel, bpy.types.Panel):
    """Say where which gesture goes."""

    bl_label = "Annotate"
    bl_idname = "AQGT_PT_annotate"
    bl_order = 2

    def draw(self, context: bpy.types.Context) -> None:
        """The button, then one line per marker; what cannot be read is red, with the reason."""
        layout = self.layout
        layout.operator("aqgt.marker_add", icon="MARKER")
        character = context.scene.aqgt_generate.character
        entries = read_annotations(context.scene, character.name if character else None).entries
        if not entries:
            draw_lines(layout, "No G: marker: gestures are suggested from words and voice", icon="INFO")
        for entry in entries[:_SHOWN]:
            row = layout.row()
            row.alert = bool(entry.problem)
            row.label(
                text=f"{entry.time:.1f} s  {entry.name}", icon="ERROR" if entry.problem else "MARKER_HLT"
            )
            if entry.problem:
                draw_lines(layout, entry.problem)
        if len(entries) > _SHOWN:
            layout.label(text=f"… and {len(entries) - _SHOWN} more")
