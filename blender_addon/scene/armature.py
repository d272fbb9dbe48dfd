# SPDX-License-Identifier: GPL-3.0-or-later
"""The character: its armature as plain data, without touching pose, mode or selection."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

from aqgt.errors import AqgtError
from aqgt.retarget import RigDescription


def is_armature(_owner: object, candidate: bpy.types.Object) -> bool:
    """Filter of a pointer property: armature objects alone."""
    return candidate.type == "ARMATURE"


def find(name: str) -> bpy.types.Object:
    """The armature of that name; nothing of Blender's is kept between two ticks, so names stand for it.

    Raises:
        AqgtError: it has been renamed or deleted meanwhile.
    """
    armature: bpy.types.Object | None = bpy.data.objects.get(name)
    if armature is None or armature.type != "ARMATURE":
        raise AqgtError(
            f"The character “{name}” is no longer there.",
            "Choose a character and generate again.",
            "no-character",
        )
    return armature


def describe(armature: bpy.types.Object) -> RigDescription:
    """The rest pose of an armature: names, parents, matrices, rotation modes.

    Raises:
        AqgtError: the description is not usable (no bones, NaN).
    """
    data: Any = armature.data
    pose = armature.pose.bones
    return RigDescription.from_bones(
        [
            {
                "name": bone.name,
                "parent": bone.parent.name if bone.parent else None,
                "rest": np.array(bone.matrix_local),
                "tail": np.array(bone.tail_local),
                "rotation_mode": pose[bone.name].rotation_mode,
                "inherit_rotation": bone.use_inherit_rotation,
            }
            for bone in data.bones
        ],
        matrix_world=np.array(armature.matrix_world),
    )
