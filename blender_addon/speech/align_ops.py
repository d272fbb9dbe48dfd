# SPDX-License-Identifier: GPL-3.0-or-later
"""Align the words, and give it up."""

from __future__ import annotations

import bpy

from aqgt.errors import AqgtError

from ..generate.running import JobOperator
from . import align
from .changes import redraw
from .source import read_transcript
from .words import check_editable, list_of_sound, stored


class AQGT_OT_align(JobOperator, bpy.types.Operator):
    """Find in the sound when each word of the transcript is said, and keep the words in the file"""

    bl_idname = "aqgt.align"
    bl_label = "Align Words"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed, with the reason, without a sound or a text, and while it runs."""
        if align.running() is not None:
            cls.poll_message_set("Words are being aligned; cancel it first")
            return False
        try:
            check_editable(list_of_sound(context))
        except AqgtError as error:
            cls.poll_message_set(str(error))
            return False
        cls.poll_message_set("There is no transcript. Type, paste or import what is said in the sound")
        return bool(read_transcript(context)) or stored(context) is not None

    def gather(self, context: bpy.types.Context) -> align.Alignment:
        """The sound that is heard, and its words or transcript."""
        return align.gather_alignment(context)

    def send(self, job: align.Alignment) -> None:
        """Begin; a generation may run beside it."""
        align.run(job)

    def apply(self, job: align.Alignment) -> tuple[str, list[str]]:
        """The words into the list."""
        return job.store(), []


class AQGT_OT_align_cancel(bpy.types.Operator):
    """Give up aligning; nothing in the file changes"""

    bl_idname = "aqgt.align_cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed where nothing runs."""
        cls.poll_message_set("No words are being aligned")
        return align.running() is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Cancel; the operator that aligns cleans up at its next tick."""
        alignment = align.running()
        if alignment is not None:
            alignment.cancel()
        redraw()
        return {"FINISHED"}
