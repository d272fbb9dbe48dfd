# SPDX-License-Identifier: GPL-3.0-or-later
"""The takes of the character."""

from __future__ import annotations

from typing import Any

import bpy

from ..one_job import generation
from ..scene.markers import preview_frames, selected_frames
from ..scene.strips import tracks_with
from ..translations import iface
from ..ui import GesturesPanel, draw_lines
from . import compare
from .about import about, words_said
from .header import draw_letters
from .ops import character_of
from .provenance import provenance_of, takes_of

_NO_SPAN = {
    "RANGE": "Draw a preview range in the timeline with P",
    "MARKERS": "Select a timeline marker at each end of the span",
}


class AQGT_UL_takes(bpy.types.UIList):
    """The takes of one character, newest first. A double click renames."""

    bl_idname = "AQGT_UL_takes"

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
        """One line: whether it plays or which of the compared it is, name, solo, mute."""
        armature = active_data.id_data
        tracks = tracks_with(armature, item)
        row = layout.row(align=True)
        letter = compare.letter_of(armature, item)
        shown = letter == armature.aqgt_takes.shown
        sign: Any = "NONE" if not letter else "PLAY" if shown else f"EVENT_{letter}"
        row.prop(item.aqgt, "title", text="", emboss=False, icon=sign)
        row.context_pointer_set("aqgt_take", item)
        solo = any(track.is_solo for track in tracks)
        row.operator(
            "aqgt.take_solo", text="", icon="SOLO_ON" if solo else "SOLO_OFF", emboss=False
        ).action = item.name
        mute = all(track.mute for track in tracks)
        row.operator(
            "aqgt.take_mute", text="", icon="HIDE_ON" if mute else "HIDE_OFF", emboss=False
        ).action = item.name

    def filter_items(
        self, context: bpy.types.Context, data: Any, property: str
    ) -> tuple[list[int], list[int]]:
        """Of all actions only the takes of the character, in the order of its tracks."""
        actions = list(getattr(data, property))
        armature = character_of(context)
        takes = [action for _, action in takes_of(armature)] if armature is not None else []
        typed = self.filter_name.lower()
        flags = [
            self.bitflag_filter_item if action in takes and typed in action.name.lower() else 0
            for action in actions
        ]
        ranks = {action: rank for rank, action in enumerate(takes)}
        order = sorted(range(len(actions)), key=lambda index: ranks.get(actions[index], len(takes)))
        places = [0] * len(actions)
        for place, index in enumerate(order):
            places[index] = place
        return flags, places


class AQGT_PT_takes(GesturesPanel, bpy.types.Panel):
    """What has been generated for this character."""

    bl_label = "Takes"
    bl_idname = "AQGT_PT_takes"
    bl_order = 4
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Whose takes; the list; what can be done with the chosen one; the comparison."""
        layout = self.layout
        character = character_of(context)
        if character is None:
            draw_lines(layout, "Choose a character under Generate", icon="INFO")
            return
        group = character.aqgt_takes
        chosen = group.chosen_take()
        if chosen is None:
            draw_lines(layout, iface("“{name}” has no take yet", name=character.name), icon="INFO")
        else:
            layout.label(text=character.name, icon="ARMATURE_DATA")
            layout.template_list("AQGT_UL_takes", "", bpy.data, "actions", group, "row", rows=4)
            row = layout.row(align=True)
            row.operator("aqgt.take_rename", text="Rename")
            row.operator("aqgt.take_delete", text="Delete")
            row.context_pointer_set("aqgt_take", chosen)
            row.menu("AQGT_MT_take_export", text="Export")
            _draw_again(layout, group)
            _draw_compare(layout, character, group)
        layout.menu("AQGT_MT_played_export", icon="EXPORT")


def _draw_again(layout: bpy.types.UILayout, group: Any) -> None:
    job = generation.running()
    if job is not None:
        layout.progress(factor=job.fraction, text=job.text)
        layout.operator("aqgt.cancel", icon="X")
        return
    column = layout.column(align=True)
    column.operator("aqgt.take_generate_again", icon="FILE_REFRESH").other_model = group.other_model
    column.prop(group, "other_model")


def _draw_compare(layout: bpy.types.UILayout, character: bpy.types.Object, group: Any) -> None:
    if not group.comparing:
        if len(takes_of(character)) > 1:
            layout.menu("AQGT_MT_take_compare", icon="ARROW_LEFTRIGHT")
        else:  # greyed, and says why, which a menu can't
            layout.operator("aqgt.take_compare", text="Compare With", icon="ARROW_LEFTRIGHT")
        return
    box = layout.box()
    problem = compare.broken(character)
    if problem:
        draw_lines(box, problem, icon="ERROR", alert=True)
    else:
        column = box.column(align=True)
        column.scale_y = 1.2
        draw_letters(column, group.shown, (f"A  {group.take_a.name}", f"B  {group.take_b.name}"))
        box.operator("aqgt.take_show", text="Flip", icon="ARROW_LEFTRIGHT")
    row = box.row(align=True)
    row.operator("aqgt.take_compare_end", text="End")
    row.operator("aqgt.take_compare_end", text="Keep This").keep = True


class AQGT_MT_take_compare(bpy.types.Menu):
    """Another take to compare the chosen one with"""

    bl_idname = "AQGT_MT_take_compare"
    bl_label = "Compare With"

    def draw(self, context: bpy.types.Context) -> None:
        """The character's other takes."""
        character = character_of(context)
        if character is None:
            return
        chosen = character.aqgt_takes.chosen_take()
        for _, action in takes_of(character):
            if action != chosen:
                self.layout.operator("aqgt.take_compare", text=action.name).other = action.name


class _OfChosen(GesturesPanel):
    """A part of the section that is about the chosen take."""

    bl_parent_id = "AQGT_PT_takes"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Where there is a take."""
        character = character_of(context)
        return character is not None and bool(takes_of(character))


class AQGT_PT_take_merge(_OfChosen, bpy.types.Panel):
    """The best span of one take in another."""

    bl_label = "Merge"
    bl_idname = "AQGT_PT_take_merge"

    def draw(self, context: bpy.types.Context) -> None:
        """From the chosen take, into which, which span, how long the joins."""
        layout = self.layout
        group = character_of(context).aqgt_takes
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        draw_row(column, "Of", group.chosen_take().name)
        column.prop(group, "into", placeholder="Another take")
        column.prop(group, "span")
        column.prop(group, "fade")
        layout.operator("aqgt.take_merge", icon="SELECT_INTERSECT")
        span = (selected_frames if group.span == "MARKERS" else preview_frames)(context.scene)
        if span is None:
            draw_lines(layout, _NO_SPAN[group.span], icon="INFO")


class AQGT_PT_take_apply_to(_OfChosen, bpy.types.Panel):
    """The chosen take on another character."""

    bl_label = "Apply to Another Character"
    bl_idname = "AQGT_PT_take_apply_to"

    def draw(self, context: bpy.types.Context) -> None:
        """Which character, then the button."""
        group = character_of(context).aqgt_takes
        self.layout.prop(group, "other", text="", icon="ARMATURE_DATA")
        self.layout.operator("aqgt.take_apply_to", icon="COMMUNITY")


class AQGT_PT_take_about(_OfChosen, bpy.types.Panel):
    """Where the chosen take comes from."""

    bl_label = "About This Take"
    bl_idname = "AQGT_PT_take_about"

    def draw(self, context: bpy.types.Context) -> None:
        """A line for each fact, then what is said."""
        layout = self.layout
        chosen = character_of(context).aqgt_takes.chosen_take()
        column = layout.column(align=True)
        for title, value in about(chosen):
            draw_row(column, title, value)
        if not provenance_of(chosen).commercial_use:
            draw_lines(layout, "Not for commercial use", icon="ERROR", alert=True)
        said = words_said(chosen)
        if said:
            draw_lines(layout, f"“{said}”")


def draw_row(layout: bpy.types.UILayout, title: str, value: str) -> None:
    """A fact and its name, side by side."""
    split = layout.split(factor=0.4)
    left = split.row()
    left.alignment = "RIGHT"
    left.label(text=title)
    split.label(text=value)
