# SPDX-License-Identifier: GPL-3.0-or-later
"""Generate and cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy

from aqgt.errors import AqgtError

from ..one_job import generation
from ..preview import live, temporary
from ..steps import Steps, drain
from ..translations import of_error, rpt, tip
from ..ui import redraw
from .chosen import check_ready
from .running import Done, JobOperator

if TYPE_CHECKING:
    from .job import Job


class AQGT_OT_generate(JobOperator, bpy.types.Operator):
    """Generate gestures for the chosen voice and lay them on the character as a new take"""

    bl_idname = "aqgt.generate"
    bl_label = "Generate Gestures"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed, with the reason, while a job runs and while something is missing."""
        if not super().poll(context):
            return False
        try:
            check_ready(context)
        except AqgtError as error:
            cls.poll_message_set(of_error(error))
            return False
        return True

    def gather(self, context: bpy.types.Context) -> Job:
        """Everything the engine needs."""
        from .gather import gather

        return gather(context)

    def show(self, job: Any) -> None:
        """What has come so far, as the panel of the job's scene asks for."""
        scene: Any = bpy.data.scenes.get(job.scene)
        if scene is not None and job.source is not None:
            problem = live.follow(job.source, scene.aqgt_generate.preview)
            if problem:
                job.notes.append(problem)

    def hide(self) -> None:
        """The take, or what was there before, is to be seen."""
        live.stop()

    def apply(self, job: Any) -> Done:
        """The new takes, at once."""
        return drain(self.applying(job))

    def applying(self, job: Any) -> Steps[Done]:
        """The new takes, step by step; begun again where saving or undo swept half a take out of the file."""
        from ..takes.apply import applying

        job.laying, job.text, job.fraction = True, "Laying the take on the character…", 1.0
        try:
            while True:
                swept = temporary.sweeps
                try:
                    take, notes = yield from applying(job)
                except AqgtError:
                    if temporary.sweeps == swept:
                        raise
                else:
                    return rpt("New take “{name}”", name=take), notes
        finally:
            job.laying = False


class AQGT_OT_cancel(bpy.types.Operator):
    """Give up the running generation; nothing in the file changes"""

    bl_idname = "aqgt.cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed where nothing runs."""
        cls.poll_message_set(tip("No generation is running"))
        return generation.running() is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Cancel; the operator that generates cleans up at its next tick."""
        job = generation.running()
        if job is not None:
            job.cancel()
        live.stop()
        redraw()
        return {"FINISHED"}
