# SPDX-License-Identifier: GPL-3.0-or-later
"""The motion to retarget: of a take, from a file, or read off another armature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from aqgt.errors import AqgtError
from aqgt.formats.bvh import read_bvh
from aqgt.formats.npz import read_npz
from aqgt.motion import Motion
from aqgt.protocol.messages import Provenance
from aqgt.retarget import read

from ..scene import nla
from ..scene.armature import describe
from ..scene.context import frames_per_second, seconds
from ..scene.pose import pose_matrices, shown_matrices
from ..takes.provenance import Take, newest_take, recall, take_named
from .mapping import mapping_of

_HELD_FRAMES, _HELD_FPS = 4, 15.0
"""As many as a model begins from."""


def chosen_take(context: bpy.types.Context, character: bpy.types.Object) -> Take:
    """What the panel's choice of a motion says, where it is to begin included.

    Raises:
        AqgtError: there is no such motion, or it can't be read.
    """
    settings: Any = context.scene.aqgt_retarget
    if settings.source == "TAKE":
        take = recall(take_named(settings.take) if settings.take else newest_take(character))
    elif settings.source == "FILE":
        start = seconds(context.scene, context.scene.frame_start)
        take = read_file(Path(bpy.path.abspath(settings.filepath)), start)
    else:
        take = read_performer(context.scene, settings.performer, character)
    if settings.at_playhead:
        take = replace(take, start=seconds(context.scene, context.scene.frame_current))
    return take


def read_file(path: Path, start: float) -> Take:
    """A motion from a BVH or NPZ file.

    Raises:
        AqgtError: the file is missing or something else.
    """
    if not path.name:
        raise AqgtError("No file is chosen.", "Choose a BVH or NPZ file.", "no-file")
    if path.suffix.lower() == ".npz":
        found = read_npz(path)
        origin = _provenance(found.provenance, path.name)
        return Take(found.motion, tuple(found.words), tuple(found.spans), origin, start)
    if path.suffix.lower() == ".bvh":
        return Take(read_bvh(path), (), (), _unknown(path.name), start)
    raise AqgtError(f"“{path.name}” is neither BVH nor NPZ.", "Choose such a file.", "bad-suffix")


def read_performer(
    scene: bpy.types.Scene, performer: bpy.types.Object | None, character: bpy.types.Object | None
) -> Take:
    """The motion that an armature plays, over the frames in which it is animated.

    Raises:
        AqgtError: there is no such armature, it does not move, or it is the character itself.
    """
    if performer is None:
        raise AqgtError(
            "No performer is chosen.", "Choose the armature that plays the motion.", "no-performer"
        )
    if performer == character:
        raise AqgtError("The performer is the character itself.", "Choose another armature.", "no-performer")
    if not nla.is_animated(performer):
        raise AqgtError(
            f"“{performer.name}” has no animation.", "Choose an armature that moves.", "no-performer"
        )
    first, last = nla.frame_range(performer)
    motion = read_pose(scene, performer, np.arange(first, last + 1))
    return Take(motion, (), (), _unknown(performer.name), seconds(scene, first))


def read_pose(scene: bpy.types.Scene, armature: bpy.types.Object, frames: np.ndarray) -> Motion:
    """The evaluated pose of an armature at frames of the scene as a motion on the model's skeleton.

    Args:
        scene: whose frames are meant; the frame shown is put back.
        armature: any armature whose bones are known.
        frames: `[T]` consecutive frames.

    Raises:
        AqgtError: no arm of the armature is known.
    """
    rig = describe(armature)
    mapping = mapping_of(armature, rig)
    names, matrices = pose_matrices(scene, armature, frames)
    place = {name: index for index, name in enumerate(names)}
    ordered = matrices[:, [place[name] for name in rig.names]]
    return read(rig, mapping, ordered, frames_per_second(scene))


def read_shown_pose(armature: bpy.types.Object) -> Motion:
    """The pose of an armature as it is shown now, edits without a key included, held for a few frames.

    Raises:
        AqgtError: no arm of the armature is known.
    """
    rig = describe(armature)
    names, matrices = shown_matrices(armature)
    place = {name: index for index, name in enumerate(names)}
    ordered = matrices[[place[name] for name in rig.names]]
    return read(rig, mapping_of(armature, rig), np.repeat(ordered[None], _HELD_FRAMES, axis=0), _HELD_FPS)


def _unknown(name: str) -> Provenance:
    """The origin of a motion that says nothing of it but a name."""
    return Provenance(model=name, model_hash="", licence="unknown", commercial_use=False, seed=0)


def _provenance(data: Mapping[str, Any], name: str) -> Provenance:
    known = {field.name for field in fields(Provenance)}
    try:
        return Provenance(**{key: value for key, value in data.items() if key in known})
    except TypeError:
        return _unknown(name)
