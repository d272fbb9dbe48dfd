# SPDX-License-Identifier: GPL-3.0-or-later
"""In Blender's window: run a batch from the panel with a stand-in for the engine, take pictures, leave.

The stand-in waits in the middle until the panel was looked at: a button that waited for the batch would never
come back. Prints `STARTED`, and `TEXT …` while it runs and after its end.
"""

import os
import sys
from pathlib import Path

import bpy
from plan import install, picture, tell, until

EXTENSION = "bl_ext.user_default.aqgt_gestures"
STAND_IN = """#!/bin/sh
for done in 1 2; do
  echo 'AQGT-PROGRESS {"share": 0.'$done', "total": 5, "done": '$done', "kept": 0, "failed": 0, "left": 65}'
done
while [ ! -e /shared/seen ]; do sleep 0.1; done
echo report > /shared/report.html
echo 'AQGT-PROGRESS {"share": 1, "total": 5, "done": 4, "failed": 1, "report": "/shared/report.html"}'
exit 1
"""


def batch():
    """The batch the panel shows."""
    return sys.modules[f"{EXTENSION}.batch.process"].current


def open_tab() -> None:
    """The sidebar with the section Batch on top and open."""
    panel = bpy.types.AQGT_PT_batch
    bpy.utils.unregister_class(panel)
    panel.bl_order, panel.bl_options = -1, set()
    bpy.utils.register_class(panel)
    area = next(area for area in bpy.context.window_manager.windows[0].screen.areas if area.type == "VIEW_3D")
    area.spaces.active.show_region_ui = True


def pick_tab() -> None:
    """Bring the tab to the front."""
    area = next(area for area in bpy.context.window_manager.windows[0].screen.areas if area.type == "VIEW_3D")
    next(region for region in area.regions if region.type == "UI").active_panel_category = "Gestures"
    area.tag_redraw()


def start() -> None:
    """Press the button."""
    bpy.ops.aqgt.batch_run()
    print("STARTED", flush=True)


def look_while_running() -> None:
    """It is on its way, and Blender is free."""
    picture("running")
    print("TEXT", batch().text(), "| running", batch().running, flush=True)
    Path("/shared/seen").touch()


def finish() -> None:
    """It has ended; nothing but the timer has drawn the panel meanwhile."""
    picture("ended")
    print("TEXT", batch().text(), "| running", batch().running, flush=True)
    print("REPORT", bpy.ops.aqgt.batch_report.poll(), flush=True)
    bpy.ops.wm.quit_blender()


def story():
    """Each step, and the time Blender gets to draw after it."""
    open_tab()
    yield 1.0
    pick_tab()
    yield 1.0
    start()
    yield from until(lambda: "2 of 5" in batch().text())
    yield 1.5
    look_while_running()
    tick = sys.modules[f"{EXTENSION}.batch.ops"].tick
    yield from until(lambda: not batch().running and not bpy.app.timers.is_registered(tick))
    yield 1.5
    finish()
    yield 1.0


program = Path("/shared/bin/aqgt")
program.parent.mkdir()
program.write_text(STAND_IN)
program.chmod(0o755)
os.environ["PATH"] = f"{program.parent}:{os.environ['PATH']}"
Path("/shared/jobs.yaml").write_text("jobs: []\n")
install()
bpy.context.scene.aqgt_batch.jobs = "/shared/jobs.yaml"
tell(story())
