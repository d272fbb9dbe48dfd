# SPDX-License-Identifier: GPL-3.0-or-later
"""The section Retarget: a motion, the bones, how it is laid on."""

from __future__ import annotations

from typing import Any

import bpy

from aqgt.retarget.roles import PARTS

from ..ui import GesturesPanel, draw_lines
from .props import STATUS_ITEMS

_ICONS: dict[str, Any] = {item[0]: item[3] for item in STATUS_ITEMS}
_MEANINGS = {item[0]: item[2] for item in STATUS_ITEMS}


class AQGT_UL_bones(bpy.types.UIList):
    """Roles and bones; a tooltip on the status tells why a bone is doubtful."""

    bl_idname = "AQGT_UL_bones"

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: bpy.types.UILayout,
        data: Any,
        item: Any,
        icon: int,
        active_data: Any,
        active_property: str,
        index: int = 0,
        flt_flag: int = 0,
    ) -> None:
        """One line: status, role, bone."""
        draw_row(context, layout, item)


def draw_row(context: bpy.types.Context, layout: bpy.types.UILayout, row: Any) -> None:
    """Status with its reason, role, and a field that searches the armature's bones."""
    split = layout.split(factor=0.45, align=True)
    left = split.row(align=True)
    told = left.operator("aqgt.bone_status", text="", icon=_ICONS[row.status], emboss=False)
    told.text = row.reason or _MEANINGS[row.status]
    left.label(text=row.title)
    armature: Any = context.scene.objects.get(context.scene.aqgt_retarget.rows_of)
    if armature is not None and armature.type == "ARMATURE":
        split.prop_search(row, "bone", armature.data, "bones", text="")
    else:
        split.label(text=row.bone)


class AQGT_OT_bone_status(bpy.types.Operator):
    """How sure the bone is"""

    bl_idname = "aqgt.bone_status"
    bl_label = "Status"
    bl_options = {"INTERNAL"}

    text: bpy.props.StringProperty()

    @classmethod
    def description(cls, context: bpy.types.Context, properties: Any) -> str:
        """The tooltip: the reason of this row."""
        return str(properties.text)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Say it in the status bar, too."""
        self.report({"INFO"}, self.text)
        return {"FINISHED"}


class AQGT_PT_retarget(GesturesPanel, bpy.types.Panel):
    """Lay any motion on the character."""

    bl_label = "Retarget"
    bl_idname = "AQGT_PT_retarget"
    bl_order = 5
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Where the motion comes from, then the button."""
        layout, settings = self.layout, context.scene.aqgt_retarget
        layout.prop(context.scene.aqgt_generate, "character", text="", icon="ARMATURE_DATA")
        layout.row().prop(settings, "source", expand=True)
        if settings.source == "TAKE":
            layout.prop_search(settings, "take", bpy.data, "actions", text="")
        elif settings.source == "FILE":
            layout.prop(settings, "filepath", text="")
        else:
            layout.prop(settings, "performer", text="", icon="ARMATURE_DATA")
        layout.prop(settings, "at_playhead")
        row = layout.row()
        row.scale_y = 1.4
        row.operator("aqgt.retarget", icon="ARMATURE_DATA")


class AQGT_PT_bones(GesturesPanel, bpy.types.Panel):
    """Which bone plays which role."""

    bl_label = "Bones"
    bl_idname = "AQGT_PT_bones"
    bl_parent_id = "AQGT_PT_retarget"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """The list, and what can be done with it."""
        layout, settings = self.layout, context.scene.aqgt_retarget
        row = layout.row(align=True)
        row.operator("aqgt.auto_map", icon="VIEWZOOM")
        row.operator("aqgt.show_map", icon="BONE_DATA")
        layout.template_list("AQGT_UL_bones", "", settings, "rows", settings, "active_row", rows=6)
        if 0 <= settings.active_row < len(settings.rows):
            reason = settings.rows[settings.active_row].reason
            if reason:
                draw_lines(layout, reason, icon="QUESTION")
        row = layout.row(align=True)
        row.operator("aqgt.remember_map", icon="PINNED")
        row.operator("aqgt.remember_map", text="Forget", icon="UNPINNED").forget = True
        row = layout.row(align=True)
        row.operator("aqgt.load_map", text="Load", icon="IMPORT")
        row.operator("aqgt.save_map", text="Save", icon="EXPORT")


class AQGT_PT_laying(GesturesPanel, bpy.types.Panel):
    """How takes are laid on, generated ones included."""

    bl_label = "How Takes Are Laid On"
    bl_idname = "AQGT_PT_laying"
    bl_parent_id = "AQGT_PT_retarget"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Parts, then options."""
        layout, settings = self.layout, context.scene.aqgt_retarget
        column = layout.column(align=True)
        for part in PARTS:
            row = column.row(align=True)
            row.prop(settings, f"use_{part}")
            sliders = row.row(align=True)
            sliders.active = getattr(settings, f"use_{part}")
            sliders.prop(settings, f"intensity_{part}", text="")
            if settings.split:
                sliders.prop(settings, f"influence_{part}", text="")
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        for name in ("smoothing", "depth_gain", "look_at"):
            column.prop(settings, name)
        if settings.look_at is not None:
            column.prop(settings, "look_blend")
        for name in ("mirror", "keep_out", "keep_contact", "limits", "hold_legs"):
            column.prop(settings, name)
        for name in ("key_error", "additive", "split"):
            column.prop(settings, name)
