# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said: settings kept in the scene."""

from __future__ import annotations

import bpy

from .overlay import on_show
from .words import AQGT_PG_words


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
        description="Language code of what is said, such as en or de",
        default="en",
        maxlen=16,
    )
    file_words: bpy.props.PointerProperty(name="Words of the File", type=AQGT_PG_words)
    show_words: bpy.props.BoolProperty(
        name="Show in Timeline",
        description="Draw the words and the gesture markers' spans over timeline, dope sheet and sequencer",
        default=True,
        update=on_show,
    )
