# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the sound as a list."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

from ..translations import iface
from ..ui import draw_lines
from .source import read_transcript
from .times import read_times
from .words import VERSION, outdated, stored


class AQGT_UL_words(bpy.types.UIList):
    """One row per word: text, start, end, and whether the times are estimated."""

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
        """All of it can be edited in place; red: no text, or begins before the word above."""
        row = layout.row(align=True)
        row.alert = not item.text.strip() or (index > 0 and item.start < data.words[index - 1].start)
        if data.count > 1:  # else the row's own mark says it
            chosen = data.index <= index < data.index + data.count
            row.label(text="", icon="RADIOBUT_ON" if chosen else "BLANK1")
        split = row.split(factor=0.36, align=True)
        split.prop(item, "text", text="", emboss=False)
        times = split.row(align=True)
        times.prop(item, "start", text="", emboss=False)
        times.prop(item, "end", text="", emboss=False)
        times.prop(
            item, "estimated", text="", icon="QUESTION" if item.estimated else "CHECKMARK", emboss=False
        )

    def filter_items(
        self, context: bpy.types.Context, data: Any, property: str
    ) -> tuple[list[int], list[int]]:
        """Search by text; the order is the list's."""
        if not self.filter_name:
            return [], []
        return bpy.types.UI_UL_list.filter_items_by_name(
            self.filter_name, self.bitflag_filter_item, getattr(data, property), "text"
        ), []


def draw_words(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The list of the chosen sound with its buttons, where it holds words."""
    group = stored(context)
    if group is None:
        return
    if group.version > VERSION:
        draw_lines(
            layout, "Written by a newer extension: update it, or clear the list", icon="ERROR", alert=True
        )
    row = layout.row()
    row.template_list("AQGT_UL_words", "", group, "words", group, "index", rows=6)
    column = row.column(align=True)
    column.operator("aqgt.word_add", text="", icon="ADD")
    column.operator("aqgt.word_remove", text="", icon="REMOVE")
    column.separator()
    column.operator("aqgt.words_estimate", text="", icon="CENTER_ONLY")
    column.operator("aqgt.words_clear", text="", icon="TRASH")
    if 0 <= group.index < len(group.words):
        times = layout.row(align=True)  # the list has no room for hundredths
        times.prop(group.words[group.index], "start")
        times.prop(group.words[group.index], "end")
        row = layout.row(align=True)
        row.prop(group, "count")
        row.operator("aqgt.marker_add_words", text="Gesture on Them", icon="MARKER")
    estimated = np.count_nonzero(read_times(group)[2])
    layout.label(
        text=iface(
            "{made}: {number} words, {estimated} estimated",
            made=iface(group.made),
            number=len(group.words),
            estimated=estimated,
        )
    )
    if outdated(group, read_transcript(context)):
        draw_lines(layout, "The transcript has changed: align again to use it", icon="ERROR")
    layout.prop(context.scene.aqgt_speech, "show_words")
