# SPDX-License-Identifier: GPL-3.0-or-later
"""The takes of the character."""

from __future__ import annotations

import bpy

from ..ui import GesturesPanel
from .provenance import takes_of


class AQGT_PT_takes(GesturesPanel, bpy.types.Panel):
    """What has been generated for this character."""

    bl_label = "Takes"
    bl_idname = "AQGT_PT_takes"
    bl_order = 4
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """One line per take, newest first: name, mute, solo, export."""
        layout = self.layout
        character = context.scene.aqgt_generate.character or context.object
        takes = takes_of(character) if character is not None and character.type == "ARMATURE" else []
        if not takes:
            layout.label(text="No take yet", icon="INFO")
        for track, action in takes:
            row = layout.row(align=True)
            row.prop(track, "name", text="")
            row.prop(track, "is_solo", text="", icon="SOLO_ON" if track.is_solo else "SOLO_OFF")
            row.prop(track, "mute", text="", icon="HIDE_ON" if track.mute else "HIDE_OFF")
            row.context_pointer_set("aqgt_take", action)
            row.menu("AQGT_MT_take_export", text="", icon="EXPORT")
        if character is not None:
            layout.menu("AQGT_MT_played_export", icon="EXPORT")
