# SPDX-License-Identifier: GPL-3.0-or-later
"""Start, stop and check the engine, and see its log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from ..translations import tip
from ..ui import show_text
from . import engine_process, session

if TYPE_CHECKING:
    from aqgt.protocol.messages import GenerateRequest

_LOG_BYTES = 200_000


class AQGT_OT_engine_start(bpy.types.Operator):
    """Start the engine of the Python environment named in the preferences; it ends with Blender"""

    bl_idname = "aqgt.engine_start"
    bl_label = "Start Engine"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed while one runs."""
        cls.poll_message_set(tip("The engine is running already"))
        return not engine_process.running()

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start, and in the background wait until it answers."""
        return _connect(self, start_local=True)


class AQGT_OT_engine_check(bpy.types.Operator):
    """Ask the engine what it is, and have it make one second of motion with the model of this file"""

    bl_idname = "aqgt.engine_check"
    bl_label = "Check Engine"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed while it goes on."""
        cls.poll_message_set(tip("The engine is being started or asked; wait for its answer"))
        return session.state() not in (session.STARTING, session.CHECKING, session.TRYING)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Greet the engine and try it; in the background wait for the result."""
        return _connect(self, start_local=False, trial=_trial(context))


class AQGT_OT_engine_stop(bpy.types.Operator):
    """End the engine that this Blender started"""

    bl_idname = "aqgt.engine_stop"
    bl_label = "Stop Engine"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed where there is none to end."""
        cls.poll_message_set(tip("This Blender has started no engine"))
        return engine_process.running()

    def execute(self, context: bpy.types.Context) -> set[str]:
        """End it and wait until it is gone."""
        session.close()
        engine_process.stop()
        return {"FINISHED"}


class AQGT_OT_engine_log(bpy.types.Operator):
    """Open the log of the engine that this Blender started, as a text"""

    bl_idname = "aqgt.engine_log"
    bl_label = "Engine Log"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed where there is none."""
        cls.poll_message_set(tip("No engine was started here yet; one elsewhere keeps its own log"))
        return engine_process.log_file().is_file()

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Read what the log ends with into a text data-block, and show it."""
        path = engine_process.log_file()
        text = path.read_bytes()[-_LOG_BYTES:].decode("utf-8", errors="replace")
        show_text("Engine Log", f"{path}\n\n{text}", at_end=True)
        return {"FINISHED"}


def _trial(context: bpy.types.Context) -> GenerateRequest:
    """One second of noise for the model of the scene."""
    import numpy as np

    from aqgt.protocol.messages import SAMPLE_RATE, GenerateRequest

    noise = 0.1 * np.random.default_rng(0).standard_normal(SAMPLE_RATE)
    model = context.scene.aqgt_generate.model
    return GenerateRequest(noise.clip(-1, 1).astype(np.float32), model=model, annotate="none")


def _connect(
    operator: bpy.types.Operator, start_local: bool, trial: GenerateRequest | None = None
) -> set[str]:
    session.begin(start_local, trial)
    if not bpy.app.background:
        session.run_timer()
        return {"FINISHED"}
    session.wait()
    error = session.error()
    if error is not None:
        operator.report({"ERROR"}, str(error))
        return {"CANCELLED"}
    return {"FINISHED"}
