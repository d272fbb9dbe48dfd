# SPDX-License-Identifier: GPL-3.0-or-later
"""The sound and its transcript."""

from __future__ import annotations

from typing import Any

import bpy

from ..connection import session
from ..one_job import wording
from ..scene.context import sequencer_scene
from ..scene.sound import strip_collection
from ..ui import GesturesPanel, SequencerPanel, draw_error, draw_lines
from .source import read_transcript
from .transcribers import model_names
from .word_list import draw_words
from .words import stored


class _Speech:
    """Choose what is said."""

    bl_label = "Speech"
    bl_order = 1

    def draw(self, context: bpy.types.Context) -> None:
        """Sound, transcript, language, words."""
        layout: Any = self.layout  # type: ignore[attr-defined]
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
        _draw_jobs(layout, speech)
        draw_words(layout, context)


class AQGT_PT_speech(_Speech, GesturesPanel, bpy.types.Panel):
    """In the 3D viewport."""

    bl_idname = "AQGT_PT_speech"


class AQGT_PT_speech_sequencer(_Speech, SequencerPanel, bpy.types.Panel):
    """In the sequencer, where the voice is."""

    bl_idname = "AQGT_PT_speech_sequencer"


def _draw_jobs(layout: bpy.types.UILayout, speech: Any) -> None:
    job = wording.running()
    if job is not None:
        row = layout.row(align=True)
        row.progress(factor=job.fraction, text=job.text)
        row.operator("aqgt.align_cancel", text="", icon="X")
        return
    row = layout.row(align=True)
    row.operator("aqgt.align", icon="SPEAKER")
    row.operator("aqgt.transcribe", icon="OUTLINER_OB_FONT")
    if len(model_names(session.hello())) > 1:
        layout.prop(speech, "whisper")
    last = wording.current
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
