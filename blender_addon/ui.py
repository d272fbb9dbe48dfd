# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panels share: their place, and how an error is shown."""

from __future__ import annotations

import textwrap
from typing import Any

import bpy

from aqgt.errors import AqgtError

from .translations import iface

_EDITORS = ("VIEW_3D", "DOPESHEET_EDITOR", "SEQUENCE_EDITOR")
"""Those with a section of ours or with words drawn over them."""
_LINE = 35
"""Letters that fit the sidebar at its default width."""


class GesturesPanel:
    """A section of the tab “Gestures” in the 3D viewport's sidebar."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Gestures"


class SequencerPanel:
    """A section of the same tab in the sidebar of the sequencer."""

    bl_space_type = "SEQUENCE_EDITOR"
    bl_region_type = "UI"
    bl_category = "Gestures"


def redraw() -> None:
    """Have every editor that shows something of ours draw again."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in _EDITORS:
                area.tag_redraw()


def tell(error: AqgtError) -> None:
    """Show an error where nothing can be reported, as in a field: beside the pointer, or on the console."""
    if bpy.app.background:
        print(error, flush=True)
        return

    def draw(popup: Any, _context: bpy.types.Context) -> None:
        draw_error(popup.layout, error)

    bpy.context.window_manager.popup_menu(draw, title="Not Done", icon="ERROR")


def show_text(name: str, text: str, *, at_end: bool = False) -> None:
    """Write a text data-block and, in a window, show its beginning or end in an editor of its own window."""
    block = bpy.data.texts.get(name) or bpy.data.texts.new(name)
    block.from_string(text)
    block.cursor_set(len(block.lines) - 1 if at_end else 0)
    if bpy.app.background:
        return
    bpy.ops.wm.window_new()
    area = bpy.context.window_manager.windows[-1].screen.areas[0]
    area.ui_type = "TEXT_EDITOR"
    editor: Any = area.spaces.active
    editor.text, editor.show_word_wrap = block, True
    if not at_end:
        editor.top = 0


def draw_lines(layout: bpy.types.UILayout, text: str, *, icon: Any = "NONE", alert: bool = False) -> None:
    """A sentence over as many lines as it needs; Blender would cut it."""
    column = layout.column(align=True)
    column.alert = alert
    for index, line in enumerate(textwrap.wrap(iface(text), _LINE)):
        column.label(
            text=line, translate=False, icon=icon if index == 0 else "BLANK1" if icon != "NONE" else "NONE"
        )


def draw_error(layout: bpy.types.UILayout, error: AqgtError) -> None:
    """What is wrong in red, the next step below."""
    draw_lines(layout, error.sentence, icon="ERROR", alert=True)
    if error.next_step:
        draw_lines(layout, error.next_step)
