# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a job file, cancel it, open its report."""

from __future__ import annotations

import time

import bpy

from aqgt.errors import AqgtError

from ..translations import rpt, tip
from ..ui import redraw
from . import process

_TICK_SECONDS = 0.5


class AQGT_OT_batch_run(bpy.types.Operator):
    """Do what the job file says in processes of the engine; run again, it goes on where it was interrupted"""

    bl_idname = "aqgt.batch_run"
    bl_label = "Run Batch"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed while one runs."""
        cls.poll_message_set(tip("A batch is running; cancel it first"))
        return process.running() is None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start; in the background also wait for the end and print progress."""
        settings = context.scene.aqgt_batch
        try:
            batch = process.start(settings.jobs, settings.workers)
        except AqgtError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        if not bpy.app.background:
            bpy.app.timers.register(tick, first_interval=_TICK_SECONDS)
            return {"FINISHED"}
        shown = ""
        while batch.running:
            if batch.text() != shown:
                shown = batch.text()
                print(shown, flush=True)
            time.sleep(_TICK_SECONDS / 5)
        for reader in batch.readers:
            reader.join()
        if batch.error is not None:
            self.report({"ERROR"}, str(batch.error))
            return {"CANCELLED"}
        self.report({"INFO"}, rpt("Batch: {text}. Report: {report}", text=batch.text(), report=batch.report))
        return {"FINISHED"}


class AQGT_OT_batch_cancel(bpy.types.Operator):
    """End the batch; what it has finished stays, and running it again goes on there"""

    bl_idname = "aqgt.batch_cancel"
    bl_label = "Cancel Batch"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed where nothing runs."""
        cls.poll_message_set(tip("No batch is running"))
        return process.running() is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """End it and wait until it is gone."""
        process.stop()
        redraw()
        return {"FINISHED"}


class AQGT_OT_batch_report(bpy.types.Operator):
    """Open the report of the last batch in the web browser"""

    bl_idname = "aqgt.batch_report"
    bl_label = "Open Report"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed where there is none."""
        cls.poll_message_set(tip("There is no report yet: run a batch to its end"))
        batch = process.current
        return batch is not None and batch.report is not None and batch.report.is_file()

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Hand it to the system's browser."""
        batch = process.current
        assert batch is not None
        assert batch.report is not None
        bpy.ops.wm.url_open(url=batch.report.as_uri())
        return {"FINISHED"}


def tick() -> float | None:
    """In a window: draw the progress until the batch has ended."""
    redraw()
    return _TICK_SECONDS if process.running() is not None else None
