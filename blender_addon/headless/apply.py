# SPDX-License-Identifier: GPL-3.0-or-later
"""Job kind “apply”: a motion file onto a character; the result is a .blend, and FBX or GLB where asked for.

Keys: ``motion`` (NPZ), ``character``, ``blend`` (where the result goes); and, where given, ``armature``,
``bone_map``, ``fps``, ``audio``, ``exports`` (kind to path).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from aqgt.errors import AqgtError
from aqgt.formats.npz import read_npz
from aqgt.protocol.messages import Provenance
from aqgt.retarget import RetargetOptions, match, quality, solve

from ..retarget.mapping import mapping_of
from ..scene import nla
from ..scene.armature import describe
from ..scene.context import frames_per_second, seconds
from ..takes.apply import apply_take
from ..takes.provenance import Take
from . import characters, exports, stage
from .files import whole_file


def run(job: Mapping[str, Any], progress: Callable[[float, str], None]) -> dict[str, Any]:
    """Load, retarget, save.

    Returns:
        ``notes`` (sentences), ``take`` (name of the action) and ``figures`` (see `_figures`).

    Raises:
        AqgtError: a file can't be read or written, or the rig is not one that the bone map knows.
    """
    record = read_npz(job["motion"])
    path = Path(job["character"])
    armature = characters.load(path, job.get("armature"), float(job.get("fps") or 30.0))
    scene = bpy.context.scene
    nla.check_editable(armature)
    progress(0.3, "character loaded")
    bone_map = job.get("bone_map") or "auto"
    start = seconds(scene, scene.frame_start)
    take = Take(record.motion, record.words, record.spans, Provenance(**record.provenance), start)
    name, notes = apply_take(scene, armature, take, bone_map)
    scene.frame_end = max(
        scene.frame_start, scene.frame_start - 1 + round(record.motion.duration * frames_per_second(scene))
    )
    if job.get("audio"):
        notes += _add_voice(scene, Path(job["audio"]))
    if path.suffix.lower() != ".blend":
        stage.choose_camera(scene, None)
        stage.add_missing_light(scene)
        scene.render.engine = "BLENDER_WORKBENCH"
        stage.shade_plainly(scene)
    progress(0.6, "motion applied")
    with whole_file(Path(job["blend"])) as unfinished:
        _save(unfinished)
    progress(0.8, "saved")
    for kind, target in (job.get("exports") or {}).items():
        with whole_file(Path(target)) as unfinished:
            exports.write(kind, armature, unfinished)
    return {"take": name, "notes": notes, "figures": _figures(record.motion, armature, bone_map)}


def _add_voice(scene: bpy.types.Scene, path: Path) -> list[str]:
    """The recording as a packed strip above all others; what is wrong with it is no reason to stop."""
    editor = scene.sequence_editor_create()
    channel = max((strip.channel for strip in editor.strips), default=0) + 1
    try:
        strip = editor.strips.new_sound("Voice", str(path), channel, scene.frame_start)
        strip.sound.pack()
    except RuntimeError as error:
        return [f"The .blend has no voice: Blender cannot read “{path.name}” ({str(error).strip()})."]
    return []


def _save(path: Path) -> None:
    try:
        bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=True, copy=True)
    except RuntimeError as error:
        raise AqgtError(
            f"“{path}” cannot be written ({str(error).strip()}).",
            "Check the folder, its permissions and the free space.",
            "bad-output",
        ) from None


def _figures(motion: Any, armature: bpy.types.Object, bone_map: str) -> dict[str, Any]:
    """How well the rig follows: mean error of the limbs (°), deepest hand or elbow inside the body (mm)."""
    rig = describe(armature, skin=True)
    mapping = mapping_of(armature, rig) if bone_map == "auto" else match(rig, bone_map)
    animation = solve(motion, rig, mapping, RetargetOptions(smoothing="light"))
    errors = quality.direction_errors(motion, rig, mapping, animation)
    limbs = [one.mean for name, one in errors.items() if name.endswith(("upper_arm", "forearm"))]
    depths = [float(np.max(depth)) for depth in quality.penetration(rig, mapping, animation).values()]
    return {
        "bones": len(animation.bones),
        "bone_map": mapping.bone_map,
        "limb_error_degrees": round(float(np.mean(limbs)), 3) if limbs else None,
        "deepest_mm": round(max(0.0, *depths) * 1000, 1) if depths else None,
    }
