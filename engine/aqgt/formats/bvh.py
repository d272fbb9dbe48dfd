# SPDX-License-Identifier: GPL-3.0-or-later
"""Motions as BVH: the metric reference skeleton, y up, facing +z, in metres.

BVH turns joints, a motion points bones. Where several bones leave one joint, each gets a joint of its own
without length (neck, clavicles, palms, metacarpals), so that every bone keeps its direction.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations as rot
from aqgt import skeleton as sk
from aqgt.errors import AqgtError
from aqgt.formats.bvh_text import BvhAnimation, BvhJoint, format_bvh, read_bvh_animation
from aqgt.formats.files import PathLike, write_text
from aqgt.motion import Motion
from aqgt.skeleton_pose import CHILDREN, REST_VECTORS, bone_rotations, joint_rotations

__all__ = ["PELVIS_HEIGHT", "read_bvh", "read_bvh_animation", "write_bvh"]

PELVIS_HEIGHT = 0.95
"""Metres above the ground at which the pelvis of the reference skeleton stands."""

_ROTATION_CHANNELS = ("Zrotation", "Xrotation", "Yrotation")
_EULER_ORDER = (
    "YXZ"  # BVH turns by the channels from the last to the first, Blender's modes from the first on
)
_TO_BVH = np.array([1.0, -1.0, -1.0])  # half a turn about x: y down, facing -z becomes y up, facing +z
_POSITION_CHANNELS = ("Xposition", "Yposition", "Zposition")


def write_bvh(path: PathLike, motion: Motion) -> None:
    """Write the motion on the metric reference skeleton.

    Blender's importer shows it upright with its default settings, facing -y, one unit to the metre; the
    first frame of the file is frame 1. Joints bear the names of `aqgt.skeleton.JOINT_NAMES`; the pelvis
    stands still.

    Raises:
        AqgtError: the motion holds no frames, or the file can't be written.
    """
    if len(motion) == 0:
        raise AqgtError("The motion holds no frames.", "Generate or load a motion first.", "empty-motion")
    nodes, world = _nodes(motion)
    world = world * np.array([1.0, *_TO_BVH])
    parents = np.array([node.parent for node in nodes])
    local = world.copy()
    below = parents >= 0
    local[:, below] = rot.multiply(rot.conjugate(world[:, parents[below]]), world[:, below])
    turning = [index for index, node in enumerate(nodes) if not node.is_end]
    angles = rot.continuous_euler(rot.to_euler(local[:, turning], _EULER_ORDER), _EULER_ORDER)
    columns = np.degrees(angles)[..., ["XYZ".index(channel[0]) for channel in _ROTATION_CHANNELS]]
    place = np.tile([0.0, PELVIS_HEIGHT, 0.0], (len(motion), 1))
    values = np.concatenate([place, columns.reshape(len(motion), -1)], axis=1)
    write_text(path, format_bvh(BvhAnimation(tuple(nodes), values, motion.fps)))


def read_bvh(path: PathLike) -> Motion:
    """Read a BVH file whose joints bear the names of `aqgt.skeleton.JOINT_NAMES`, such as `write_bvh` makes.

    The result is in metres with the pelvis where `write_bvh` puts it at the origin. For other skeletons see
    `read_bvh_animation`.

    Raises:
        AqgtError: the file is missing, no BVH, or lacks a joint; the message names it.
    """
    animation = read_bvh_animation(path)
    places = _places(animation)
    missing = [name for name in sk.JOINT_NAMES if name not in places]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise AqgtError(
            f"The skeleton of “{path}” has no joint “{missing[0]}”{more}.",
            "Pick a BVH file that aqgt wrote; motions of other skeletons go through a rig in Blender.",
            "bad-skeleton",
        )
    positions = animation.positions()[:, [places[name] for name in sk.JOINT_NAMES]]
    positions = (positions - np.array([0.0, PELVIS_HEIGHT, 0.0])) * _TO_BVH
    return Motion.from_positions(positions, animation.fps)


def _places(animation: BvhAnimation) -> dict[str, int]:
    """Index of each of our joints in the file; a missing one with a nameless end in its place is that end."""
    places = {joint.name: index for index, joint in enumerate(animation.joints) if not joint.is_end}
    for index, joint in enumerate(animation.joints):
        owner = sk.JOINT_INDEX.get(animation.joints[joint.parent].name) if joint.is_end else None
        if owner is not None and len(CHILDREN[owner]) == 1:
            places.setdefault(sk.JOINT_NAMES[CHILDREN[owner][0]], index)
    return places


def _nodes(motion: Motion) -> tuple[list[BvhJoint], NDArray[np.float64]]:
    """The joints of the file, and their world rotations `[T, J, 4]` in the model's axes."""
    joints = joint_rotations(motion)
    bones = bone_rotations(motion, joints)
    nodes: list[BvhJoint] = []
    world: list[NDArray] = []

    def add(name: str, parent: int, offset: NDArray, turn: NDArray, is_end: bool = False) -> int:
        x, y, z = (float(value) for value in offset * _TO_BVH)
        channels = (
            () if is_end else _ROTATION_CHANNELS if parent >= 0 else _POSITION_CHANNELS + _ROTATION_CHANNELS
        )
        nodes.append(BvhJoint(name, parent, (x, y, z), channels, is_end))
        world.append(turn)
        return len(nodes) - 1

    def add_joint(joint: int, parent: int) -> None:
        children = CHILDREN[joint]
        turn = bones[:, children[0]] if len(children) == 1 else joints[:, joint]
        node = add(sk.JOINT_NAMES[joint], parent, REST_VECTORS[joint], turn, is_end=not children)
        for child in children:
            base = node
            if len(children) > 1:
                base = add(_bone_name(child), node, np.zeros(3), bones[:, child])
            add_joint(child, base)

    add_joint(sk.PELVIS, -1)
    return nodes, np.stack(world, axis=1)


def _bone_name(joint: int) -> str:
    """Name of the joint without length that turns the bone to ``joint``."""
    if joint == sk.NOSE:
        return "neck"
    side, _, rest = sk.JOINT_NAMES[joint].partition("_")
    part = {"shoulder": "clavicle", "hand": "palm"}.get(rest) or rest.replace("_1", "_metacarpal")
    return f"{side}_{part}"
