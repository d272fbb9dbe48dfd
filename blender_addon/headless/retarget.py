# SPDX-License-Identifier: GPL-3.0-or-later
"""Job kind “retarget”: a motion file onto a character file, written in any format of the Export menu.

Keys: ``motion`` (NPZ or BVH), ``character`` (.blend, .glb, .gltf, .vrm, .fbx), ``output``; and, where given,
``format`` (key of `takes.formats.FORMATS`, or ``BLEND``), ``armature`` (name), ``bones`` (file of saved
bones, or a bone map), ``fps`` (a .blend keeps its own), ``settings`` (of the panel's section Retarget, by
name).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import bpy

from aqgt.errors import AqgtError

from ..retarget import mapping as mappings
from ..retarget.source import read_file
from ..scene import actions, nla
from ..scene.armature import describe
from ..scene.context import seconds
from ..scene.exchange import write_character
from ..takes.apply import apply_take
from ..takes.export import export
from ..takes.formats import FORMATS
from . import characters
from .files import whole_file


def run(job: Mapping[str, Any], progress: Callable[[float, str], None]) -> dict[str, Any]:
    """Load, retarget, write.

    Returns:
        ``output`` (path), ``take`` (name of the Action), ``notes`` (sentences) and ``bones`` (how many move).

    Raises:
        AqgtError: a file can't be read or written, or the rig is not understood.
    """
    armature = characters.load(Path(job["character"]), job.get("armature"), float(job.get("fps") or 30.0))
    scene = bpy.context.scene
    nla.check_editable(armature)
    scene.aqgt_generate.character = armature
    progress(0.3, "character loaded")
    take = read_file(Path(job["motion"]), seconds(scene, scene.frame_start))
    set_up(scene, job.get("settings") or {})
    rig = describe(armature)
    if job.get("bones"):
        mappings.remember(armature, mappings.load(Path(job["bones"]), rig))
    notes = list(mappings.mapping_of(armature, rig).report)
    name, more = apply_take(scene, armature, take)
    action = bpy.data.actions[name]
    scene.frame_end = max(scene.frame_start, int(action.frame_range[1]))
    progress(0.6, "motion applied")
    output = Path(job["output"])
    with whole_file(output) as unfinished:
        write(armature, unfinished, str(job.get("format") or format_of(output)), action)
    moving = {curve.data_path for curve in actions.curves(action)}
    return {"output": str(output), "take": name, "notes": notes + more, "bones": len(moving)}


def set_up(scene: bpy.types.Scene, wanted: Mapping[str, Any]) -> None:
    """Give the panel's settings of the section Retarget the values wanted.

    Raises:
        AqgtError: there is no such setting, or it can't have the value.
    """
    settings: Any = scene.aqgt_retarget
    for name, value in wanted.items():
        if name not in settings.bl_rna.properties:
            raise AqgtError(f"There is no setting “{name}”.", "Look at the panel's settings.", "bad-option")
        try:
            setattr(settings, name, value)
        except (TypeError, ValueError) as error:
            raise AqgtError(f"The setting “{name}” can't be {value!r}.", f"{error}", "bad-option") from error


def format_of(path: Path) -> str:
    """The format of a retargeted character's file; unlike a take's, .bvh and .npz hold what its bones do.

    Raises:
        AqgtError: no format ends so.
    """
    suffix = path.suffix.lower()
    if suffix == ".blend":
        return "BLEND"
    if suffix in (".usd", ".usda", ".usdc", ".usdz"):
        return "USD"
    for kind in ("BVH_CHARACTER", "FBX", "GLB", "VRMA", "SMPLX"):
        if FORMATS[kind].suffix == suffix:
            return kind
    raise AqgtError(
        f"“{path.name}” is no file that can be written.",
        "End the name in .blend, .fbx, .glb, .usd, .bvh, .vrma or .npz.",
        "bad-suffix",
    )


def write(armature: bpy.types.Object, path: Path, kind: str, action: bpy.types.Action | None) -> None:
    """Write what the armature plays; a motion alone is read back off its bones, so all settings are in it.

    Args:
        armature: the character.
        path: of the file.
        kind: key of `FORMATS`, or ``BLEND``.
        action: the take whose origin NPZ is to hold; None: what is played alone.
    """
    scene = bpy.context.scene
    if kind == "BLEND":
        write_character(bpy.context, armature, path, (scene.frame_start, scene.frame_end))
    elif kind not in FORMATS:
        raise AqgtError(f"There is no format “{kind}”.", f"Use one of {', '.join(FORMATS)}.", "bad-format")
    else:
        export(bpy.context, armature, path, kind, action if kind == "NPZ" else None)
