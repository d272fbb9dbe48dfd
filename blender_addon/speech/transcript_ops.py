# SPDX-License-Identifier: GPL-3.0-or-later
"""The transcript from the clipboard or from a file, with times where the file has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from aqgt.errors import AqgtError
from aqgt.formats.transcripts import SUFFIXES, read_timed_words
from aqgt.words import sentence

from ..translations import rpt
from ..ui import redraw
from .words import list_of_sound, write

_PLAIN = ".txt"


def _tiers(operator: Any, _context: bpy.types.Context, typed: str) -> list[str]:
    """The tiers of the chosen file, as far as it has any."""
    from aqgt.formats.elan import read_elan
    from aqgt.formats.textgrid import read_textgrid

    path = Path(bpy.path.abspath(operator.filepath))
    readers = {".textgrid": read_textgrid, ".eaf": read_elan}
    try:
        names = list(readers[path.suffix.lower()](path))
    except (KeyError, AqgtError):
        return []
    return [name for name in names if typed.lower() in name.lower()]


def set_transcript(scene: bpy.types.Scene, text: str) -> str:
    """Make a text what is said, on one line; the chosen text data-block is put aside, not changed."""
    speech = scene.aqgt_speech
    speech.text, speech.transcript = None, " ".join(text.split())
    return str(speech.transcript)


class AQGT_OT_transcript_paste(bpy.types.Operator):
    """Take the text in the clipboard as the transcript"""

    bl_idname = "aqgt.transcript_paste"
    bl_label = "Paste Transcript"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Take it, whatever its line breaks."""
        text = context.window_manager.clipboard
        if not text.strip():
            self.report({"ERROR"}, "The clipboard holds no text. Copy what is said, then paste again.")
            return {"CANCELLED"}
        set_transcript(context.scene, text)
        redraw()
        return {"FINISHED"}


class AQGT_OT_transcript_import(bpy.types.Operator):
    """Read the transcript from a file: subtitles, TextGrid, ELAN, WhisperX's or Gentle's JSON, plain text"""

    bl_idname = "aqgt.transcript_import"
    bl_label = "Import Transcript"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(name="File", subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(
        default=";".join(f"*{suffix}" for suffix in (*SUFFIXES, _PLAIN, ".TextGrid")), options={"HIDDEN"}
    )
    tier: bpy.props.StringProperty(
        name="Tier",
        description="Tier of a TextGrid or ELAN file with the words; empty: the one whose name says so",
        search=_tiers,
        options={"SKIP_SAVE"},
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask which file."""
        if self.filepath:
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def check(self, context: bpy.types.Context) -> bool:
        """Another file was clicked: draw the options again."""
        return True

    def draw(self, context: bpy.types.Context) -> None:
        """The tier, where the file has tiers."""
        layout = self.layout
        column = layout.column()
        column.use_property_split = True
        column.enabled = bool(_tiers(self, context, ""))
        column.prop(self, "tier")
        if not column.enabled:
            layout.label(text="Only TextGrid and ELAN files have tiers", icon="INFO")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Read it; nothing changes where that fails."""
        path = Path(bpy.path.abspath(self.filepath))
        try:
            said = self._plain(context, path) if path.suffix.lower() == _PLAIN else self._timed(context, path)
        except (AqgtError, OSError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, said)
        redraw()
        return {"FINISHED"}

    def _plain(self, context: bpy.types.Context, path: Path) -> str:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        if not text.strip():
            raise AqgtError(f"“{path.name}” holds no text.", "Check that it is the right file.", "bad-words")
        set_transcript(context.scene, text)
        return rpt("Transcript read; align it to get its times")

    def _timed(self, context: bpy.types.Context, path: Path) -> str:
        speech = context.scene.aqgt_speech
        # JSON may name its language; the other formats never do.
        language = None if path.suffix.lower() == ".json" else speech.language or "en"
        words = read_timed_words(path, language, self.tier or None)
        group = list_of_sound(context)
        filepath = speech.filepath if group.id_data == context.scene else ""
        write(group, words, f"From {path.name}", sentence(words), filepath)
        set_transcript(context.scene, sentence(words))
        speech.language = words[0].language
        return rpt(
            "{number} words read, {estimated} of them estimated",
            number=len(words),
            estimated=sum(word.estimated for word in words),
        )
