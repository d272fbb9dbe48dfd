# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said: settings kept in the scene."""

from __future__ import annotations

import bpy

from ..connection import session
from .overlay import on_show
from .transcribers import model_names
from .words import AQGT_PG_words


def _whisper_names(_group: object, _context: bpy.types.Context, typed: str) -> list[str]:
    return [name for name in model_names(session.hello()) if typed.lower() in name.lower()]


class AQGT_PG_speech(bpy.types.PropertyGroup):
    """The sound and its transcript."""

    source: bpy.props.EnumProperty(
        name="Sound",
        items=(
            ("STRIP", "Strip", "A sound strip of the sequencer; its trim, offset and speed count"),
            ("FILE", "File", "A sound file, from the start of the timeline on"),
        ),
        default="STRIP",
    )
    strip: bpy.props.StringProperty(
        name="Strip", description="Sound strip with the voice; empty: the only one there is"
    )
    filepath: bpy.props.StringProperty(
        name="File", description="Sound file with the voice", subtype="FILE_PATH"
    )
    text: bpy.props.PointerProperty(
        name="Text", description="Text data-block with what is said", type=bpy.types.Text
    )
    transcript: bpy.props.StringProperty(
        name="Transcript", description="What is said, used where no text data-block is chosen"
    )
    language: bpy.props.StringProperty(
        name="Language",
        description="Language code of what is said, such as en or de; empty: Transcribe finds it, all else"
        " takes it for English",
        default="en",
        maxlen=16,
    )
    whisper: bpy.props.StringProperty(
        name="Whisper Model",
        description="Which of the engine's models transcribes; empty: its first",
        search=_whisper_names,
        search_options={"SUGGESTION"},
    )
    file_words: bpy.props.PointerProperty(name="Words of the File", type=AQGT_PG_words)
    show_words: bpy.props.BoolProperty(
        name="Show in Timeline",
        description="Draw the words and the gesture markers' spans over timeline, dope sheet and sequencer",
        default=True,
        update=on_show,
    )
