# SPDX-License-Identifier: GPL-3.0-or-later
"""The pose of an armature as Blender evaluates it, at any frames; the frame shown is put back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ROTATION = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}


@contextmanager
def frame_restored(scene: bpy.types.Scene) -> Iterator[None]:
    """The scene at the frame it was, whatever is looked at within."""
    frame, subframe = scene.frame_current, scene.frame_subframe
    try:
        yield
    finally:
        scene.frame_set(frame, subframe=subframe)


def evaluated(armature: bpy.types.Object) -> Any:
    """The armature as it stands now, constraints and NLA included."""
    return armature.evaluated_get(bpy.context.evaluated_depsgraph_get())


def pose_matrices(
    scene: bpy.types.Scene, armature: bpy.types.Object, frames: Iterable[float]
) -> tuple[tuple[str, ...], Floats]:
    """Names of the bones, and their evaluated matrices `[T, B, 4, 4]` in armature space."""
    names = tuple(bone.name for bone in armature.pose.bones)
    found = []
    with frame_restored(scene):
        for frame in frames:
            whole = int(np.floor(frame))
            scene.frame_set(whole, subframe=float(frame) - whole)
            found.append(shown_matrices(armature)[1])
    return names, np.array(found, dtype=np.float64).reshape(len(found), len(names), 4, 4)


def shown_matrices(armature: bpy.types.Object) -> tuple[tuple[str, ...], Floats]:
    """Names of the bones, and their matrices `[B, 4, 4]` in armature space as they are shown now."""
    names = tuple(bone.name for bone in armature.pose.bones)
    flat = np.empty(len(names) * 16, dtype=np.float32)
    evaluated(armature).pose.bones.foreach_get("matrix", flat)
    # Blender hands matrices out column by column.
    return names, flat.reshape(-1, 4, 4).transpose(0, 2, 1).astype(np.float64)


def rotations_at(
    scene: bpy.types.Scene, armature: bpy.types.Object, bones: Sequence[str], frame: int
) -> dict[str, Floats]:
    """The rotation property of bones in their own mode at a frame, constraints left out: `[3]` or `[4]`."""
    with frame_restored(scene):
        scene.frame_set(frame)
        pose = evaluated(armature).pose.bones
        return {
            name: np.array(getattr(pose[name], _ROTATION.get(pose[name].rotation_mode, "rotation_euler"))[:])
            for name in bones
        }


def places_in(
    scene: bpy.types.Scene, armature: bpy.types.Object, target: bpy.types.Object, frames: Floats
) -> Floats:
    """Where an object is at each frame, `[T, 3]` in the armature's space; `[1, 3]` if neither moves."""
    if not (_may_move(target) or _may_move(armature)):
        frames = frames[:1]
    found = []
    with frame_restored(scene):
        for frame in frames:
            scene.frame_set(int(frame))
            graph = bpy.context.evaluated_depsgraph_get()
            world = np.array(armature.evaluated_get(graph).matrix_world)
            place = np.array(target.evaluated_get(graph).matrix_world.translation)
            found.append(np.linalg.solve(world, np.append(place, 1.0))[:3])
    return np.array(found)


def _may_move(thing: bpy.types.Object) -> bool:
    """Whether anything but the user's hand could move an object."""
    return bool(thing.animation_data or thing.constraints or thing.parent)
