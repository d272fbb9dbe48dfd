# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes, or whatever a character plays, as files for other programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np

from aqgt.errors import AqgtError
from aqgt.formats.bvh import write_bvh
from aqgt.formats.npz import write_npz
from aqgt.formats.smplx import write_smplx
from aqgt.formats.vrma import write_vrma
from aqgt.motion import Motion

from ..retarget.source import read_pose
from ..scene import nla
from ..scene.exchange import write_character
from .formats import FORMATS, Format
from .provenance import recall

_WRITERS: dict[str, Callable[[Path, Motion], None]] = {
    "BVH": write_bvh,
    "VRMA": write_vrma,
    "SMPLX": write_smplx,
    "NPZ": write_npz,
}
"""Of the formats that hold the motion alone; the others Blender writes, with the character."""


def export(
    context: bpy.types.Context,
    character: bpy.types.Object | None,
    path: Path,
    kind: str,
    action: bpy.types.Action | None = None,
) -> None:
    """Write a take, or what the character plays in the scene's frames.

    A take's motion is the one it remembers; whatever needs bones is taken from the character as it is
    evaluated with the take's tracks alone.

    Args:
        context: its scene counts.
        character: the armature; formats that hold the motion alone do without, given a take.
        path: ends as the format asks.
        kind: key of `FORMATS`.
        action: of the take; None: what the character plays.

    Raises:
        AqgtError: the name ends otherwise, or there is nothing to write.
    """
    _check_path(path, FORMATS[kind])
    if kind == "NPZ" and action is not None:
        take = recall(action)
        write_npz(path, take.motion, take.words, take.spans, take.provenance)
        return
    if kind in _WRITERS and action is not None:
        _WRITERS[kind](path, recall(action).motion)
        return
    if character is None:
        raise AqgtError("No character is chosen.", "Choose the armature that moves.", "no-character")
    if action is None:
        frames = context.scene.frame_start, context.scene.frame_end
        _write_played(context, character, path, kind, frames)
        return
    with nla.alone(character, action) as frames:
        _write_played(context, character, path, kind, frames)


def _write_played(
    context: bpy.types.Context,
    character: bpy.types.Object,
    path: Path,
    kind: str,
    frames: tuple[int, int],
) -> None:
    if kind not in _WRITERS:
        write_character(context, character, path, frames)
        return
    motion = read_pose(context.scene, character, np.arange(frames[0], frames[1] + 1))
    _WRITERS[kind](path, motion)


def _check_path(path: Path, chosen: Format) -> None:
    if not path.parent.is_dir():  # some of Blender's exporters would make it
        raise AqgtError(f"There is no folder “{path.parent}”.", "Make it, or write elsewhere.", "no-file")
    allowed = (".usd", ".usda", ".usdc", ".usdz") if chosen.suffix == ".usdc" else (chosen.suffix,)
    if path.suffix.lower() not in allowed:
        raise AqgtError(
            f"“{path.name}” does not end in {chosen.suffix}.",
            f"End the name in {chosen.suffix}.",
            "bad-suffix",
        )
