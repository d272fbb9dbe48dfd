# SPDX-License-Identifier: GPL-3.0-or-later
"""Generate and cancel."""

from __future__ import annotations

from typing import Any

import bpy

from ..connection.session import redraw
from ..takes.apply import apply_result
from . import job as jobs
from .gather import gather
from .running import JobOperator


class AQGT_OT_generate(JobOperator, bpy.types.Operator):
    """Generate gestures for the chosen voice and lay them on the character as a new take"""

    bl_idname = "aqgt.generate"
    bl_label = "Generate Gestures"

    def gather(self, context: bpy.types.Context) -> jobs.Job:
        """Everything the engine needs."""
        return gather(context)

    def apply(self, job: Any) -> tuple[str, list[str]]:
        """The new take."""
        take, notes = apply_result(job)
        return f"New take “{take}”", notes


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
