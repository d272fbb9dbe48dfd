# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators share that send a job to the engine: a window stays free, the background waits."""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import Any

import bpy

from aqgt.errors import AqgtError

from ..connection.session import redraw
from . import job as jobs

_TICK_SECONDS = 0.1


class JobOperator:
    """Gathers a job, follows it, and writes what comes back as one undo step.

    An operator that derives from it says which job (`gather`) and what becomes of the result (`apply`).
    """

    bl_options = {"REGISTER", "UNDO"}

    _timer: Any = None
    _job: Any = None

    @abstractmethod
    def gather(self, context: bpy.types.Context) -> Any:
        """The job, ready to be sent; raises `AqgtError`."""

    @abstractmethod
    def apply(self, job: Any) -> tuple[str, list[str]]:
        """Write the result of a finished job; what was done in a sentence, and notes; raises `AqgtError`."""

    def send(self, job: Any) -> None:
        """Begin the job; raises `AqgtError`."""
        jobs.run(job)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed while another job runs."""
        this: Any = cls
        this.poll_message_set("A generation is running; cancel it first")
        return jobs.running() is None

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """From a window: work in ticks of a timer, so that Blender stays free."""
        if bpy.app.background:
            return self.execute(context)
        if not self._begin(context):
            return {"CANCELLED"}
        this: Any = self
        self._timer = context.window_manager.event_timer_add(_TICK_SECONDS, window=context.window)
        context.window_manager.modal_handler_add(this)
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
        """From a script or in the background: wait for the result and print progress."""
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
        this: Any = self
        try:
            self._job = self.gather(context)
            self.send(self._job)
        except AqgtError as error:
            this.report({"ERROR"}, str(error))
            return False
        return True

    def _end(self) -> set[str]:
        this: Any = self
        if self._job.cancelled:
            this.report({"INFO"}, "Cancelled: nothing was changed")
            return {"CANCELLED"}
        try:
            if self._job.error is not None:
                raise self._job.error
            done, notes = self.apply(self._job)
        except AqgtError as error:
            self._job.error = error
            this.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        for note in (*self._job.notes, *notes):
            this.report({"INFO"}, note)
        this.report({"INFO"}, done)
        redraw()
        return {"FINISHED"}

    def _remove_timer(self, context: bpy.types.Context) -> None:
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None
