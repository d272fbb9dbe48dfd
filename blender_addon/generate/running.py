# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators share that send a job to the engine: a window stays free, the background waits."""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import Any, ClassVar

import bpy

from aqgt.errors import AqgtError

from ..one_job import OneJob, generation
from ..scene.decoding import Unread, forget
from ..speech.source import unread
from ..steps import Steps, drain, some
from ..translations import tip
from ..ui import redraw
from ..unforeseen import told
from .reading import Reading

_TICK_SECONDS = 0.1
WORK_SECONDS = 0.02
"""How long a tick writes: a step of its own comes on top, and together they stay within 50 ms."""

Done = tuple[str, list[str]]
"""What was done in a sentence, and notes."""


class JobOperator:
    """Gathers a job, follows it, and writes what comes back as one undo step.

    An operator that derives from it says which job (`gather`) and what becomes of the result (`apply`, or
    `applying` where that takes longer than Blender may be kept waiting).
    """

    bl_options = {"REGISTER", "UNDO"}

    jobs: ClassVar[OneJob] = generation
    """Where the job runs; one at a time."""

    _timer: Any = None
    _reading: Reading | None = None
    _job: Any = None
    _steps: Any = None

    @abstractmethod
    def gather(self, context: bpy.types.Context) -> Any:
        """The job, ready to be sent; raises `AqgtError`."""

    @abstractmethod
    def apply(self, job: Any) -> Done:
        """Write the result of a finished job; raises `AqgtError`."""

    def applying(self, job: Any) -> Steps[Done]:
        """`apply`, step by step."""
        yield False
        return self.apply(job)

    def unread(self, context: bpy.types.Context) -> Unread | None:
        """The sound that `gather` would take long to read, if there is one; raises `AqgtError`."""
        return unread(context)

    def show(self, job: Any) -> None:
        """Called at each tick in a window while the engine works."""

    def hide(self) -> None:
        """Called before the result is written, and where there is none; what `show` did has to be undone."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed while another job runs."""
        this: Any = cls
        this.poll_message_set(tip("A generation is running; cancel it first"))
        return generation.running() is None

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """From a window: work in ticks of a timer, so that Blender stays free."""
        if bpy.app.background:
            return self.execute(context)
        if not self._read(context):
            return {"CANCELLED"}
        this: Any = self
        self._timer = context.window_manager.event_timer_add(_TICK_SECONDS, window=context.window)
        context.window_manager.modal_handler_add(this)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """One tick; Esc cancels. Whatever fails, the timer and what was shown do not stay."""
        try:
            if event.type == "ESC" and event.value == "PRESS":
                (self._reading or self._job).cancel()
            elif event.type != "TIMER":
                return {"PASS_THROUGH"}
            ended = self.tick()
        except Exception as error:
            self._give_up()
            ended = self._failed(told(error))
        redraw()
        if not ended:
            return {"PASS_THROUGH"}
        self._remove_timer(context)
        return ended

    def tick(self) -> set[str]:
        """Follow the job, or write some of its result; what the operator returns once it ends, else empty."""
        if self._reading is not None:
            return self._after_reading(self._reading)
        if self._steps is None:
            if not self._job.pump():
                self.show(self._job)
                return set()
            self.hide()
            if self._job.cancelled or self._job.error is not None:
                return self._failed(self._job.error)
            self._steps = self.applying(self._job)
        if self._job.cancelled:
            self._steps.close()
            return self._failed(None)
        try:
            done = some(self._steps, WORK_SECONDS)
        except Exception as error:
            return self._failed(told(error))
        return self._finished(done[0]) if done else set()

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator from outside, as on quitting."""
        self._remove_timer(context)
        self._give_up()

    def _give_up(self) -> None:
        """End the job, and take back what was shown and half written."""
        self._job = self._reading or self._job
        self._job.cancel()
        self.hide()
        if self._steps is not None:
            self._steps.close()

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
        if self._job.cancelled or self._job.error is not None:
            return self._failed(self._job.error)
        try:
            done = drain(self.applying(self._job))
        except Exception as error:
            return self._failed(told(error))
        return self._finished(done)

    def _read(self, context: bpy.types.Context) -> bool:
        """Have a long sound read aside; begin at once where there is none."""
        this: Any = self
        try:
            sound = self.unread(context)
            if sound is None:
                return self._begin(context)
            character = context.scene.aqgt_generate.character
            self._reading = Reading(sound, context.scene.name, "" if character is None else character.name)
            self.jobs.run(self._reading)
        except Exception as error:
            this.report({"ERROR"}, str(told(error)))
            return False
        return True

    def _after_reading(self, reading: Reading) -> set[str]:
        """Begin the job in the scene it was asked for, once the sound is read."""
        if not reading.pump():
            return set()
        self._reading, self._job = None, reading
        scene: Any = bpy.data.scenes.get(reading.scene)
        if scene is None and reading.error is None:
            reading.error = AqgtError(f"The scene “{reading.scene}” is gone.", "Try again.", "no-scene")
        if reading.cancelled or reading.error is not None:
            return self._failed(reading.error)
        layer = scene.view_layers[0] if scene != bpy.context.scene else bpy.context.view_layer
        with bpy.context.temp_override(scene=scene, view_layer=layer):
            begun = self._begin(bpy.context)
        forget()
        return set() if begun else {"CANCELLED"}

    def _begin(self, context: bpy.types.Context) -> bool:
        this: Any = self
        try:
            self._job = self.gather(context)
            self.jobs.run(self._job)
        except Exception as error:
            this.report({"ERROR"}, str(told(error)))
            return False
        return True

    def _failed(self, error: AqgtError | None) -> set[str]:
        """Say what went wrong; without an error the job was cancelled."""
        this: Any = self
        if error is None:
            this.report({"INFO"}, "Cancelled: nothing was changed")
        else:
            self._job.error = error
            this.report({"ERROR"}, str(error))
        return {"CANCELLED"}

    def _finished(self, done: Done) -> set[str]:
        this: Any = self
        sentence, notes = done
        for note in (*self._job.notes, *notes):
            this.report({"INFO"}, note)
        this.report({"INFO"}, sentence)
        redraw()
        return {"FINISHED"}

    def _remove_timer(self, context: bpy.types.Context) -> None:
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None
