# SPDX-License-Identifier: GPL-3.0-or-later
"""Align the words, and give it up."""

from __future__ import annotations

import time
from typing import Any

import bpy

from aqgt.errors import AqgtError

from . import align
from .changes import redraw
from .source import read_transcript
from .words import check_editable, list_of_sound, stored

_TICK_SECONDS = 0.1


class AQGT_OT_align(bpy.types.Operator):
    """Find in the sound when each word of the transcript is said, and keep the words in the file"""

    bl_idname = "aqgt.align"
    bl_label = "Align Words"
    bl_options = {"REGISTER", "UNDO"}

    _timer: Any = None
    _alignment: align.Alignment

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

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """From a window: work in ticks of a timer, so that Blender stays free."""
        if bpy.app.background:
            return self.execute(context)
        if not self._begin(context):
            return {"CANCELLED"}
        self._timer = context.window_manager.event_timer_add(_TICK_SECONDS, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """One tick; Esc cancels."""
        if event.type == "ESC" and event.value == "PRESS":
            self._alignment.cancel()
        elif event.type != "TIMER":
            return {"PASS_THROUGH"}
        finished = self._alignment.pump()
        redraw()
        if not finished:
            return {"PASS_THROUGH"}
        self._remove_timer(context)
        return self._end()

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator from outside, as on quitting."""
        self._remove_timer(context)
        self._alignment.cancel()

    def execute(self, context: bpy.types.Context) -> set[str]:
        """From a script or in the background: wait for the words."""
        if not self._begin(context):
            return {"CANCELLED"}
        print("Aligning words…", flush=True)
        while not self._alignment.pump():
            time.sleep(_TICK_SECONDS / 5)
        return self._end()

    def _begin(self, context: bpy.types.Context) -> bool:
        try:
            self._alignment = align.gather_alignment(context)
            align.run(self._alignment)
        except AqgtError as error:
            self.report({"ERROR"}, str(error))
            return False
        return True

    def _end(self) -> set[str]:
        alignment = self._alignment
        if alignment.cancelled:
            self.report({"INFO"}, "Cancelled: nothing was changed")
            return {"CANCELLED"}
        try:
            if alignment.error is not None:
                raise alignment.error
            said = alignment.store()
        except AqgtError as error:
            alignment.error = error
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        for note in alignment.notes:
            self.report({"INFO"}, note)
        self.report({"INFO"}, said)
        redraw()
        return {"FINISHED"}

    def _remove_timer(self, context: bpy.types.Context) -> None:
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None


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
