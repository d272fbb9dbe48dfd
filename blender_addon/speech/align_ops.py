# SPDX-License-Identifier: GPL-3.0-or-later
"""Align the words, have the sound transcribed, and give either up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from aqgt.errors import AqgtError

from ..connection import session
from ..generate.running import JobOperator
from ..one_job import wording
from ..translations import of_error, tip
from ..ui import redraw
from .source import read_transcript
from .transcribers import reason_not
from .words import check_editable, list_of_sound, stored

if TYPE_CHECKING:
    from .align import Alignment
    from .transcribe import Transcription


class AQGT_OT_align(JobOperator, bpy.types.Operator):
    """Find in the sound when each word of the transcript is said, and keep the words in the file"""

    bl_idname = "aqgt.align"
    bl_label = "Align Words"
    jobs = wording  # a generation may run beside it

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed, with the reason, without a sound or a text, and while it runs."""
        if reason := _reason_not_free(context):
            cls.poll_message_set(reason)
            return False
        cls.poll_message_set(tip("There is no transcript. Type, paste or import what is said in the sound"))
        return bool(read_transcript(context)) or stored(context) is not None

    def gather(self, context: bpy.types.Context) -> Alignment:
        """The sound that is heard, and its words or transcript."""
        from .align import gather_alignment

        return gather_alignment(context)

    def apply(self, job: Alignment) -> tuple[str, list[str]]:
        """The words into the list."""
        return job.store(), []


class AQGT_OT_transcribe(JobOperator, bpy.types.Operator):
    """Have the engine write down what is said in the sound, with times; it replaces the transcript"""

    bl_idname = "aqgt.transcribe"
    bl_label = "Transcribe"
    jobs = wording

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed, with the reason, without a sound, while it runs, and where the engine cannot."""
        reason = _reason_not_free(context) or reason_not(session.hello())
        cls.poll_message_set(reason.rstrip("."))
        return not reason

    def gather(self, context: bpy.types.Context) -> Transcription:
        """The sound that is heard."""
        from .transcribe import gather_transcription

        return gather_transcription(context)

    def apply(self, job: Transcription) -> tuple[str, list[str]]:
        """The words into the list, the text into the transcript."""
        return job.store(), []


def _reason_not_free(context: bpy.types.Context) -> str:
    """Why the word list of the sound cannot be made anew; empty where it can."""
    if wording.running() is not None:
        return tip("Words are being aligned or transcribed; cancel it first")
    try:
        check_editable(list_of_sound(context))
    except AqgtError as error:
        return of_error(error)
    return ""


class AQGT_OT_align_cancel(bpy.types.Operator):
    """Give up aligning or transcribing; nothing in the file changes"""

    bl_idname = "aqgt.align_cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed where nothing runs."""
        cls.poll_message_set(tip("No words are being aligned or transcribed"))
        return wording.running() is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Cancel; the operator that aligns cleans up at its next tick."""
        alignment = wording.running()
        if alignment is not None:
            alignment.cancel()
        redraw()
        return {"FINISHED"}
