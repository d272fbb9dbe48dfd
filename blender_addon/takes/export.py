# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes, or whatever a character plays, as files for other programs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
from .provenance import recall


@dataclass(frozen=True)
class Format:
    """One way to write a take.

    Attributes:
        title: what the menu says.
        about: what the file holds.
        suffix: end of the file's name.
        write: writes the motion alone; None where Blender writes the character.
    """

    title: str
    about: str
    suffix: str
    write: Callable[[Path, Motion], None] | None = None


FORMATS: dict[str, Format] = {
    "BVH": Format("BVH (skeleton)", "Motion on the metric reference skeleton", ".bvh", write_bvh),
    "BVH_CHARACTER": Format("BVH (character)", "The character's bones with the motion", ".bvh"),
    "FBX": Format("FBX", "The character with the motion", ".fbx"),
    "GLB": Format("glTF binary", "The character with the motion", ".glb"),
    "USD": Format("USD", "The character with the motion", ".usdc"),
    "VRMA": Format("VRM animation", "The motion for any VRM character", ".vrma", write_vrma),
    "SMPLX": Format("SMPL-X NPZ", "Poses under the keys of BEAT2 and AMASS", ".npz", write_smplx),
    "NPZ": Format("NPZ", "The motion with its words, annotations and origin", ".npz"),
}
"""Key to format, in the order of the menu."""


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
    chosen = FORMATS[kind]
    _check_path(path, chosen)
    if kind == "NPZ" and action is not None:
        take = recall(action)
        write_npz(path, take.motion, take.words, take.spans, take.provenance)
        return
    if chosen.write is not None and action is not None:
        chosen.write(path, recall(action).motion)
        return
    if character is None:
        raise AqgtError("No character is chosen.", "Choose the armature that moves.", "no-character")
    if action is None:
        frames = context.scene.frame_start, context.scene.frame_end
        _write_played(context, character, path, chosen, frames)
        return
    with nla.alone(character, action) as frames:
        _write_played(context, character, path, chosen, frames)


def _write_played(
    context: bpy.types.Context,
    character: bpy.types.Object,
    path: Path,
    chosen: Format,
    frames: tuple[int, int],
) -> None:
    if chosen.write is None and chosen.suffix != ".npz":
        write_character(context, character, path, frames)
        return
    motion = read_pose(context.scene, character, np.arange(frames[0], frames[1] + 1))
    (chosen.write or write_npz)(path, motion)


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


def kind_of(path: Path) -> str:
    """The format that a name's end says; a motion alone for .bvh and .npz.

    Raises:
        AqgtError: no format ends so.
    """
    for kind, one in FORMATS.items():
        if one.suffix == path.suffix.lower() and kind not in ("SMPLX", "BVH_CHARACTER"):
            return kind
    ends = ", ".join(dict.fromkeys(one.suffix for one in FORMATS.values()))
    raise AqgtError(
        f"“{path.name}” is no file this add-on writes.", f"End the name in one of {ends}.", "bad-suffix"
    )
