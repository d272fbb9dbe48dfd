# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion of any BVH file whose skeleton the retargeting recognises."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations as rot
from aqgt import skeleton as sk
from aqgt.formats.bvh import read_bvh
from aqgt.formats.bvh_text import BvhAnimation, read_bvh_animation
from aqgt.motion import Motion
from aqgt.retarget import RigDescription, match, read

Floats = NDArray[np.float64]
_ALONG = np.array([0.0, 1.0, 0.0])
"""The axis along a bone in its rest matrix, as Blender has it."""
_SHORTEST = 1e-4


def read_bvh_motion(path: Path, bone_map: str | Path = "auto") -> Motion:
    """The motion of a BVH file; joints are found by name, else by the rest pose (see docs/retargeting.md).

    Args:
        bone_map: name or file of a bone map, or ``"auto"``.

    Raises:
        AqgtError: no BVH, or a skeleton without recognisable arms.
    """
    animation = read_bvh_animation(path)
    names = {joint.name for joint in animation.joints}
    if names.issuperset(name for name in sk.JOINT_NAMES if not name.endswith("_4")):
        return read_bvh(path)
    rig = rig_of(animation)
    mapping = match(rig, bone_map)
    return read(rig, mapping, _pose_matrices(animation, rig), animation.fps)


def rig_of(animation: BvhAnimation) -> RigDescription:
    """The skeleton of a BVH file as an armature at rest: all rotations zero."""
    heads = _rest_positions(animation)
    bones = []
    for index, joint in enumerate(animation.joints):
        if joint.is_end:
            continue
        tail = _tail(animation, heads, index)
        rest = np.eye(4)
        rest[:3, :3] = rot.to_matrix(rot.between(_ALONG, tail - heads[index]))
        rest[:3, 3] = heads[index]
        parent = None if joint.parent < 0 else animation.joints[joint.parent].name
        bones.append({"name": joint.name, "parent": parent, "rest": rest, "tail": tail})
    return RigDescription.from_bones(bones)


def _rest_positions(animation: BvhAnimation) -> Floats:
    heads = np.zeros((len(animation.joints), 3))
    for index, joint in enumerate(animation.joints):
        heads[index] = joint.offset
        if joint.parent >= 0:
            heads[index] += heads[joint.parent]
    return heads


def _tail(animation: BvhAnimation, heads: Floats, index: int) -> Floats:
    """Where a bone ends: in the middle of its children, else straight on from its parent."""
    children = [i for i, joint in enumerate(animation.joints) if joint.parent == index]
    middle = heads[children].mean(axis=0) if children else heads[index]
    if np.linalg.norm(middle - heads[index]) > _SHORTEST:
        return middle
    parent = animation.joints[index].parent
    step = heads[index] - heads[parent] if parent >= 0 else _ALONG
    size = float(np.linalg.norm(step))
    return heads[index] + (step / 2 if size > _SHORTEST else _ALONG * max(size, 10 * _SHORTEST))


def _pose_matrices(animation: BvhAnimation, rig: RigDescription) -> Floats:
    positions, turns = animation.positions(), rot.to_matrix(animation.rotations())
    where = {joint.name: i for i, joint in enumerate(animation.joints) if not joint.is_end}
    order = [where[name] for name in rig.names]
    matrices = np.zeros((len(positions), len(rig), 4, 4))
    matrices[..., 3, 3] = 1.0
    matrices[..., :3, 3] = positions[:, order]
    matrices[..., :3, :3] = turns[:, order] @ rig.rest[None, :, :3, :3]
    return matrices
