# SPDX-License-Identifier: GPL-3.0-or-later
"""What scenarios share: the extension is installed, steps are played in Blender's window, pictures are kept.

Runs inside Blender, which finds it beside the scenarios (see `tests.gui.window`).
"""

from __future__ import annotations

import subprocess
import traceback
from collections.abc import Callable, Iterable, Iterator

import bpy

Step = tuple[Callable[[], object], float]
"""What is done, and the seconds that Blender gets to draw after it."""


def install(*, enable: bool = True) -> None:
    """The extension from its zip."""
    bpy.context.preferences.view.show_splash = False
    bpy.ops.extensions.package_install_files(
        filepath="/shared/extension.zip", repo="user_default", enable_on_install=enable, overwrite=True
    )


def play(steps: Iterable[Step]) -> None:
    """Do one step after the other once Blender's window is there; the first that fails ends Blender."""
    sequence = _played(steps)
    bpy.app.timers.register(lambda: next(sequence, None), first_interval=1.0)


def _played(steps: Iterable[Step]) -> Iterator[float]:
    for step, seconds in steps:
        try:
            step()
        except Exception:
            traceback.print_exc()
            print("STEP FAILED", getattr(step, "__name__", step), flush=True)
            bpy.ops.wm.quit_blender()
        yield seconds


def picture(name: str) -> None:
    """Save what the screen shows."""
    subprocess.run(["import", "-window", "root", f"/shared/{name}.png"], check=True)
