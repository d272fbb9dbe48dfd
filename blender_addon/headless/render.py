# SPDX-License-Identifier: GPL-3.0-or-later
"""Job kind “render”: what there is to render of a .blend, or some of its frames as pictures.

Keys: ``blend``; ``step`` is ``look`` or ``frames``; with ``look`` ``sound`` (where its sound goes, WAV), with
``frames`` the frames, ``folder``, and ``settings`` (see `aqgt.studio.jobs.RenderSettings`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import bpy

from aqgt.errors import AqgtError

from ..scene import rendering
from ..scene.context import frames_per_second
from . import stage
from .files import open_blend

SAMPLES = {"workbench": 1, "eevee": 1, "cycles": 16}
"""Where none are named: few, as a processor without a graphics card renders them."""


def run(job: Mapping[str, Any], progress: Callable[[float, str], None]) -> dict[str, Any]:
    """Look at the scene, or render frames of it.

    Raises:
        AqgtError: the file can't be opened, or the scene lacks what it takes.
    """
    open_blend(Path(job["blend"]))
    scene = bpy.context.scene
    if job["step"] == "look":
        return _look(scene, job["settings"], Path(job["sound"]))
    return _render(scene, job, progress)


def _look(scene: bpy.types.Scene, settings: Mapping[str, Any], sound: Path) -> dict[str, Any]:
    first = scene.frame_start if settings["first"] is None else settings["first"]
    last = scene.frame_end if settings["last"] is None else settings["last"]
    if last < first:
        raise AqgtError(
            f"The scene's last frame {last} lies before the first, {first}.",
            "Set its frame range, or name frames.",
            "no-frames",
        )
    heard = rendering.write_sound(scene, first, last, sound)
    return {"fps": frames_per_second(scene), "first": first, "last": last, "sound": heard}


def _render(
    scene: bpy.types.Scene, job: Mapping[str, Any], progress: Callable[[float, str], None]
) -> dict[str, Any]:
    settings = job["settings"]
    engine = settings["engine"]
    before: str = scene.render.engine
    stage.choose_camera(scene, settings["camera"])
    stage.add_missing_light(scene)
    rendering.set_engine(scene, engine, settings["samples"] or SAMPLES[engine])
    if engine == "workbench" and before != "BLENDER_WORKBENCH":
        stage.shade_plainly(scene)
    rendering.prepare_pictures(scene, settings["width"], settings["height"])
    if job.get("threads"):
        scene.render.threads_mode = "FIXED"
        scene.render.threads = job["threads"]
    folder, frames = Path(job["folder"]), job["frames"]
    for number, frame in enumerate(frames, start=1):
        target = folder / f"{frame:06d}.png"
        if not target.exists():
            rendering.render_frame(scene, frame, target)
        progress(number / len(frames), f"frame {frame}")
    return {"rendered": len(frames)}
