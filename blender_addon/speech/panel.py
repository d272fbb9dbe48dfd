# SPDX-License-Identifier: GPL-3.0-or-later
"""The sound and its transcript."""

from __future__ import annotations

import bpy

from ..scene.context import sequencer_scene
from ..scene.sound import strip_collection
from ..ui import GesturesPanel, draw_lines
from .source import read_transcript


class AQGT_PT_speech(GesturesPanel, bpy.types.Panel):
    """Choose what is said."""

    bl_label = "Speech"
    bl_idname = "AQGT_PT_speech"
    bl_order = 1

    def draw(self, context: bpy.types.Context) -> None:
        """Sound, transcript, language."""
        layout = self.layout
        speech = context.scene.aqgt_speech
        layout.row().prop(speech, "source", expand=True)
        if speech.source == "FILE":
            layout.prop(speech, "filepath", text="")
        else:
            _draw_strip(layout, context)
        layout.prop(speech, "text", text="", icon="TEXT")
        if speech.text is None:
            layout.prop(speech, "transcript", text="", icon="OUTLINER_DATA_FONT", placeholder="Transcript")
        if not read_transcript(context):
            draw_lines(layout, "No transcript: gestures follow the sound alone", icon="INFO")
        split = layout.split(factor=0.5)
        split.label(text="Language")
        split.prop(speech, "language", text="")


def _draw_strip(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    editor = sequencer_scene(context).sequence_editor
    if editor is None:
        draw_lines(layout, "The sequencer holds no sound strip", icon="ERROR")
        return
    data, name = strip_collection(editor)
    layout.prop_search(context.scene.aqgt_speech, "strip", data, name, text="", icon="SOUND")
