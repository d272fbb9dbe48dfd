# SPDX-License-Identifier: GPL-3.0-or-later
"""Generate and cancel."""

from __future__ import annotations

import time
from typing import Any

import bpy

from aqgt.errors import AqgtError

from ..connection.session import redraw
from ..takes.apply import apply_result
from . import job as jobs
from .gather import gather

_TICK_SECONDS = 0.1


class AQGT_OT_generate(bpy.types.Operator):
    """Generate gestures for the chosen voice and lay them on the character as a new take"""

    bl_idname = "aqgt.generate"
    bl_label = "Generate Gestures"
    bl_options = {"REGISTER", "UNDO"}

    _timer: Any = None
    _job: jobs.Job

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed while a generation runs."""
        cls.poll_message_set("A generation is running; cancel it first")
        return jobs.running() is None

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
            self._job.cancel()
        elif event.type != "TIMER":
            return {"PASS_THROUGH"}
        finished = self._job.pump()
        redraw()
        if not finished:
            return {"PASS_THROUGH"}
        self._remove_timer(context)
        return self._end()

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator from outside, as on quitting."""
        self._remove_timer(context)
        self._job.cancel()

    def execute(self, context: bpy.types.Context) -> set[str]:
        """From a script or in the background: wait for the motion and print progress."""
        if not self._begin(context):
            return {"CANCELLED"}
        shown = ""
        while not self._job.pump():
            if self._job.text != shown:
                shown = self._job.text
                print(shown, flush=True)
            time.sleep(_TICK_SECONDS / 5)
        return self._end()

    def _begin(self, context: bpy.types.Context) -> bool:
        try:
            self._job = gather(context)
            jobs.run(self._job)
        except AqgtError as error:
            self.report({"ERROR"}, str(error))
            return False
        return True

    def _end(self) -> set[str]:
        if self._job.cancelled:
            self.report({"INFO"}, "Cancelled: nothing was changed")
            return {"CANCELLED"}
        try:
            if self._job.error is not None:
                raise self._job.error
            take, notes = apply_result(self._job)
        except AqgtError as error:
            self._job.error = error
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        for note in (*self._job.notes, *notes):
            self.report({"INFO"}, note)
        self.report({"INFO"}, f"New take “{take}”")
        return {"FINISHED"}

    def _remove_timer(self, context: bpy.types.Context) -> None:
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None


class AQGT_OT_cancel(bpy.types.Operator):
    """Give up the running generation; nothing in the file changes"""

    bl_idname = "aqgt.cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed where nothing runs."""
        cls.poll_message_set("No generation is running")
        return jobs.running() is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Cancel; the operator that generates cleans up at its next tick."""
        job = jobs.running()
        if job is not None:
            job.cancel()
        redraw()
        return {"FINISHED"}
