# SPDX-License-Identifier: GPL-3.0-or-later
"""Start, stop and check the engine."""

from __future__ import annotations

import bpy

from . import engine_process, session


class AQGT_OT_engine_start(bpy.types.Operator):
    """Start the engine of the Python environment named in the preferences; it ends with Blender"""

    bl_idname = "aqgt.engine_start"
    bl_label = "Start Engine"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed while one runs."""
        cls.poll_message_set("The engine is running already")
        return not engine_process.running()

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start, and in the background wait until it answers."""
        return _connect(self, start_local=True)


class AQGT_OT_engine_check(bpy.types.Operator):
    """Ask the engine what it is and what it can do"""

    bl_idname = "aqgt.engine_check"
    bl_label = "Check Engine"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Greet the engine, and in the background wait for its answer."""
        return _connect(self, start_local=False)


class AQGT_OT_engine_stop(bpy.types.Operator):
    """End the engine that this Blender started"""

    bl_idname = "aqgt.engine_stop"
    bl_label = "Stop Engine"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed where there is none to end."""
        cls.poll_message_set("This Blender has started no engine")
        return engine_process.running()

    def execute(self, context: bpy.types.Context) -> set[str]:
        """End it and wait until it is gone."""
        session.close()
        engine_process.stop()
        return {"FINISHED"}


def _connect(operator: bpy.types.Operator, start_local: bool) -> set[str]:
    session.begin(start_local)
    if not bpy.app.background:
        session.run_timer()
        return {"FINISHED"}
    session.wait()
    error = session.error()
    if error is not None:
        operator.report({"ERROR"}, str(error))
        return {"CANCELLED"}
    return {"FINISHED"}
