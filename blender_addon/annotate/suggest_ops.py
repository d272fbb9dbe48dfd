# SPDX-License-Identifier: GPL-3.0-or-later
"""Suggest gestures by a click."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy

from ..generate.running import JobOperator
from ..scene.context import sequencer_scene
from ..scene.sound import sound_strips
from ..translations import tip

if TYPE_CHECKING:
    from .suggest import SuggestJob


class AQGT_OT_suggest(JobOperator, bpy.types.Operator):
    """Have the engine's planner set gesture markers that fit words and voice; yours and locked ones stay"""

    bl_idname = "aqgt.suggest"
    bl_label = "Suggest Gestures"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed while a job runs, and without a sound."""
        speech = context.scene.aqgt_speech
        if speech.source == "FILE" and not speech.filepath:
            cls.poll_message_set(tip("No sound is chosen: choose a file under Speech"))
            return False
        if speech.source == "STRIP" and not sound_strips(sequencer_scene(context)):
            cls.poll_message_set(tip("The sequencer holds no sound strip: add the voice, or choose a file"))
            return False
        return super().poll(context)

    def gather(self, context: bpy.types.Context) -> SuggestJob:
        """Sound, words, and what the user has annotated."""
        from .suggest import gather_suggestion

        return gather_suggestion(context)

    def apply(self, job: Any) -> tuple[str, list[str]]:
        """The new markers."""
        from .suggest import apply_suggestion

        return apply_suggestion(job)
