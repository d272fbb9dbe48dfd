# SPDX-License-Identifier: GPL-3.0-or-later
"""The character: its armature as plain data, without touching pose, mode or selection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError

from .humanoid import humanoid_of

if TYPE_CHECKING:
    from aqgt.retarget import RigDescription

MOST_POINTS = 3000
"""Points of the skin that are looked at; keeping hands out of a body needs no more."""


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


def describe(armature: bpy.types.Object, *, skin: bool = False) -> RigDescription:
    """The rest pose of an armature: names, parents, matrices, rotation modes.

    Args:
        armature: it is only read.
        skin: whether to take points of its meshes along, which hands are to be kept out of.

    Raises:
        AqgtError: the description is not usable (no bones, NaN).
    """
    from aqgt.retarget import RigDescription

    data: Any = armature.data
    pose = armature.pose.bones
    rig = RigDescription.from_bones(
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
        humanoid=humanoid_of(armature),
    )
    return rig.with_skin(*body_points(armature)) if skin else rig


def body_points(armature: bpy.types.Object, most: int = MOST_POINTS) -> tuple[NDArray[np.float64], list[str]]:
    """Points of the meshes that the armature deforms, as they lie at rest, each with its strongest bone.

    Args:
        armature: the character.
        most: points at most, taken evenly from all vertices.

    Returns:
        `[P, 3]` in armature space, and `P` names of bones. Empty where nothing is deformed by bones.
    """
    meshes = deformed_meshes(armature)
    total = sum(len(one.data.vertices) for one in meshes)
    step = max(1, -(-total // most))
    known = {bone.name for bone in armature.data.bones if bone.use_deform}
    points: list[NDArray[np.float64]] = []
    bones: list[str] = []
    into = np.linalg.pinv(np.array(armature.matrix_world))
    for one in meshes:
        vertices: Any = one.data.vertices
        places = np.empty(len(vertices) * 3, dtype=np.float32)
        vertices.foreach_get("co", places)
        matrix = into @ np.array(one.matrix_world)
        groups = [group.name if group.name in known else "" for group in one.vertex_groups]
        chosen = []
        for index in range(0, len(vertices), step):
            weights = [
                (held.weight, groups[held.group]) for held in vertices[index].groups if groups[held.group]
            ]
            if weights:
                chosen.append(index)
                bones.append(max(weights)[1])
        points.append(places.reshape(-1, 3)[chosen] @ matrix[:3, :3].T + matrix[:3, 3])
    return np.concatenate(points) if points else np.zeros((0, 3)), bones


def deformed_meshes(armature: bpy.types.Object) -> list[bpy.types.Object]:
    """The meshes that an armature's bones move."""
    return [
        one
        for one in bpy.data.objects
        if one.type == "MESH"
        and any(modifier.type == "ARMATURE" and modifier.object == armature for modifier in one.modifiers)
    ]
