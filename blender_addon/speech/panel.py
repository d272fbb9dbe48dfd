# SPDX-License-Identifier: GPL-3.0-or-later
"""The sound and its transcript."""

from __future__ import annotations

import bpy

from ..scene.context import sequencer_scene
from ..scene.sound import strip_collection
from ..ui import GesturesPanel, draw_error, draw_lines
from . import align
from .source import read_transcript
from .word_list import draw_words
from .words import stored


class AQGT_PT_speech(GesturesPanel, bpy.types.Panel):
    """Choose what is said."""

    bl_label = "Speech"
    bl_idname = "AQGT_PT_speech"
    bl_order = 1

    def draw(self, context: bpy.types.Context) -> None:
        """Sound, transcript, language, words."""
        layout = self.layout
        speech = context.scene.aqgt_speech
        layout.row().prop(speech, "source", expand=True)
        if speech.source == "FILE":
            layout.prop(speech, "filepath", text="")
        else:
            _draw_strip(layout, context)
        row = layout.row(align=True)
        row.prop(speech, "text", text="", icon="TEXT")
        row.operator("aqgt.transcript_paste", text="", icon="PASTEDOWN")
        row.operator("aqgt.transcript_import", text="", icon="IMPORT")
        if speech.text is None:
            layout.prop(speech, "transcript", text="", icon="OUTLINER_DATA_FONT", placeholder="Transcript")
        if not read_transcript(context) and stored(context) is None:
            draw_lines(layout, "No transcript: gestures follow the sound alone", icon="INFO")
        split = layout.split(factor=0.5)
        split.label(text="Language")
        split.prop(speech, "language", text="")
        _draw_align(layout)
        draw_words(layout, context)


def _draw_align(layout: bpy.types.UILayout) -> None:
    alignment = align.running()
    if alignment is not None:
        row = layout.row()
        row.label(text=alignment.text, icon="TIME")
        row.operator("aqgt.align_cancel", text="", icon="X")
        return
    layout.operator("aqgt.align", icon="SPEAKER")
    last = align.current
    if last is None:
        return
    if last.error is not None:
        draw_error(layout, last.error)
    elif last.cancelled:
        layout.label(text="Cancelled: nothing was changed", icon="INFO")
    for note in last.notes:
        draw_lines(layout, note, icon="INFO")


def _draw_strip(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    editor = sequencer_scene(context).sequence_editor
    if editor is None:
        draw_lines(layout, "The sequencer holds no sound strip", icon="ERROR")
        return
    data, name = strip_collection(editor)
    layout.prop_search(context.scene.aqgt_speech, "strip", data, name, text="", icon="SOUND")
