# SPDX-License-Identifier: GPL-3.0-or-later
"""What scenarios share: the extension is installed, a story is told in Blender's window, pictures are kept.

Runs inside Blender, which finds it beside the scenarios (see `tests.gui.window`).
"""

from __future__ import annotations

import subprocess
import time
import traceback
from collections.abc import Callable, Iterable, Iterator

import bpy

PATIENCE = 100.0
"""Seconds to wait for something to come true."""

Story = Iterator[float]
"""Does something, yields the seconds that Blender gets to draw after it, and goes on."""


def install(*, enable: bool = True) -> None:
    """The extension from its zip."""
    bpy.context.preferences.view.show_splash = False
    bpy.ops.extensions.package_install_files(
        filepath="/shared/extension.zip", repo="user_default", enable_on_install=enable, overwrite=True
    )


def tell(story: Story) -> None:
    """Have a story told once Blender's window is there; one that fails ends Blender, and says so."""
    sequence = _guarded(story)
    bpy.app.timers.register(lambda: next(sequence, None), first_interval=1.0)


def play(steps: Iterable[tuple[Callable[[], object], float]]) -> None:
    """Tell a story of steps, each with the seconds that Blender gets to draw after it."""
    tell(_played(steps))


def until(condition: Callable[[], object], patience: float = PATIENCE) -> Story:
    """Give Blender back its event loop until something is true.

    Raises:
        TimeoutError: it never came true.
    """
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("it never came true")
        yield 0.1


def picture(name: str) -> None:
    """Save what the screen shows."""
    subprocess.run(["import", "-window", "root", f"/shared/{name}.png"], check=True)


def _guarded(story: Story) -> Iterator[float | None]:
    try:
        yield from story
    except Exception:
        traceback.print_exc()
        print("STEP FAILED", flush=True)
        bpy.ops.wm.quit_blender()
    yield None


def _played(steps: Iterable[tuple[Callable[[], object], float]]) -> Story:
    for step, seconds in steps:
        step()
        yield seconds
