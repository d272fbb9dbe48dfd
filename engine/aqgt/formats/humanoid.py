# SPDX-License-Identifier: GPL-3.0-or-later
"""A motion as rotations of a humanoid skeleton's joints, which is how SMPL-X and VRM animations hold it.

Both stand in a T-pose, y up, facing +z, the character's left at +x. The reference skeleton's rest pose is
that T-pose, so the turns away from it are the rotations sought.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations as rot
from aqgt import skeleton as sk
from aqgt.motion import Motion
from aqgt.skeleton_pose import bone_rotations, joint_rotations

Floats = NDArray[np.float64]

TO_Y_UP = np.array([1.0, -1.0, -1.0])
"""Half a turn about x: the model's y down, facing -z, becomes y up, facing +z."""

_HALF_TURN = np.array([1.0, *TO_Y_UP])  # the same for the parts of a quaternion


def world_turns(motion: Motion) -> dict[str, Floats]:
    """Turns `[T, 4]` away from the T-pose, y up: each bone's, in the world and not below its parent.

    Keys: ``hips`` (which never turns: a gesture leaves the legs alone), ``chest`` (top of the spine),
    ``head``, and per side ``left_collar``, ``left_upper_arm``, ``left_forearm``, ``left_hand`` and
    ``left_index_1`` to ``_3`` for each finger.
    """
    joints = joint_rotations(motion)
    bones = bone_rotations(motion, joints)
    turns = {
        "hips": rot.identity(len(motion)),
        "chest": joints[:, sk.THORAX],
        "head": joints[:, sk.HEAD_TOP],
    }
    for side in ("left", "right"):
        for name, joint in (("upper_arm", "shoulder"), ("forearm", "elbow"), ("hand", "wrist")):
            turns[f"{side}_{name}"] = joints[:, sk.JOINT_INDEX[f"{side}_{joint}"]]
        turns[f"{side}_collar"] = bones[:, sk.JOINT_INDEX[f"{side}_shoulder"]]
        for finger in sk.FINGERS:
            for number, joint_index in enumerate(sk.finger_chain(side, finger)[:3], 1):
                turns[f"{side}_{finger}_{number}"] = joints[:, joint_index]
    return {name: turn * _HALF_TURN for name, turn in turns.items()}


def shared(start: NDArray, end: NDArray, share: float) -> Floats:
    """World turns `[T, 4]` of a bone that takes ``share`` of the way from one bone's turn to another's."""
    return rot.slerp(start, end, np.full(len(start), share))


def below(parent: NDArray, child: NDArray) -> Floats:
    """Rotations `[T, 4]` of a child under its parent, from their world turns; signs continuous over time."""
    return rot.continuous(rot.multiply(rot.conjugate(parent), child))


def rest_position(joint: int) -> Floats:
    """Where a joint of the reference skeleton stands in the T-pose, `[3]` metres above the pelvis, y up."""
    return sk.REFERENCE_REST[joint] * TO_Y_UP
