# SPDX-License-Identifier: GPL-3.0-or-later
"""From bone directions to joint rotations: how each joint is turned away from the reference rest pose.

A motion says where bones point, not how they are twisted. Where several bones leave a joint they span a frame
(chest, head, hands); along chains the twist is the smallest one.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations as rot
from aqgt import skeleton as sk
from aqgt.motion import Motion

Floats = NDArray[np.float64]

REST_VECTORS: Floats = sk.bone_vectors_from_positions(sk.REFERENCE_REST)
"""Bone vectors `[53, 3]` of the metric reference rest pose, in the model's axes."""
REST_VECTORS.setflags(write=False)

CHILDREN: tuple[tuple[int, ...], ...] = tuple(
    tuple(child for child in range(sk.N_JOINTS) if sk.PARENTS[child] == joint) for joint in range(sk.N_JOINTS)
)
"""Children of each joint, in order of their indices."""


def joint_rotations(motion: Motion) -> Floats:
    """World rotations `[T, 53, 4]` of the joints relative to the reference rest pose, in the model's axes.

    A joint with one child turns its rest bone exactly into the motion's direction. The chest stands on the
    spine and faces as the shoulders do; the head follows nose and head top; the hand its knuckles. Leaves
    turn with their parent. Signs are continuous over time.
    """
    directions = motion.directions().astype(np.float64)
    turned = rot.identity(len(motion), sk.N_JOINTS)
    _turn_trunk(turned, directions)
    for side in ("left", "right"):
        _turn_arm(turned, directions, side)
    return rot.continuous(turned)


def bone_rotations(motion: Motion, joints: NDArray | None = None) -> Floats:
    """World rotations `[T, 53, 4]` of the bones, each listed at its lower joint.

    Exact for every bone: a rest bone turned by its rotation points where the motion's does. Bones that share
    a joint have a rotation each, as near to the joint's as may be. The root has none (identity).

    Args:
        motion: the motion.
        joints: what `joint_rotations` gave for it, if that is at hand.
    """
    joints = joint_rotations(motion) if joints is None else joints
    parents = np.array(sk.PARENTS[1:])
    bones = rot.identity(len(motion), sk.N_JOINTS)
    bones[:, 1:] = _swing(joints[:, parents], REST_VECTORS[1:], motion.directions()[:, 1:])
    return bones


def local_rotations(world: NDArray) -> Floats:
    """Rotations `[T, 53, 4]` of the joints relative to their parents' from world rotations `[T, 53, 4]`."""
    local = np.array(world, dtype=np.float64)
    parents = np.array(sk.PARENTS[1:])
    local[:, 1:] = rot.multiply(rot.conjugate(world[:, parents]), world[:, 1:])
    return local


def _swing(start: NDArray, rest: NDArray, direction: NDArray) -> Floats:
    """The rotation nearest to ``start`` that turns the rest bone exactly into ``direction``."""
    return rot.multiply(rot.between(rot.rotate(start, rest), direction), start)


def _frame(start: NDArray, first: NDArray, second: NDArray, to_first: NDArray, to_second: NDArray) -> Floats:
    """The rotation that turns first exactly and second nearly into the wanted; ``start`` settles the rest."""
    turn = rot.from_frames(rot.rotate(start, first), rot.rotate(start, second), to_first, to_second)
    return rot.multiply(turn, start)


def _turn_trunk(turned: NDArray, directions: NDArray) -> None:
    pelvis = rot.between(REST_VECTORS[sk.SPINE], directions[:, sk.SPINE])
    across_rest = REST_VECTORS[sk.LEFT_SHOULDER] - REST_VECTORS[sk.RIGHT_SHOULDER]
    lengths = sk.REFERENCE_LENGTHS
    across = (
        directions[:, sk.LEFT_SHOULDER] * lengths[sk.LEFT_SHOULDER]
        - directions[:, sk.RIGHT_SHOULDER] * lengths[sk.RIGHT_SHOULDER]
    )
    up_rest, up = REST_VECTORS[sk.THORAX], directions[:, sk.THORAX]
    thorax = _frame(pelvis, up_rest, across_rest, up, across)
    turned[:, sk.PELVIS] = pelvis
    turned[:, sk.SPINE] = _swing(rot.slerp(pelvis, thorax, 0.5), up_rest, up)
    turned[:, sk.THORAX] = thorax
    turned[:, sk.NOSE] = turned[:, sk.HEAD_TOP] = _frame(
        thorax,
        REST_VECTORS[sk.HEAD_TOP],
        REST_VECTORS[sk.NOSE],
        directions[:, sk.HEAD_TOP],
        directions[:, sk.NOSE],
    )


def _turn_arm(turned: NDArray, directions: NDArray, side: str) -> None:
    shoulder, elbow, wrist, hand = (
        sk.JOINT_INDEX[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist", "hand")
    )
    turned[:, shoulder] = _swing(turned[:, sk.THORAX], REST_VECTORS[elbow], directions[:, elbow])
    turned[:, elbow] = _swing(turned[:, shoulder], REST_VECTORS[wrist], directions[:, wrist])
    along_rest, across_rest = _palm(REST_VECTORS, side)
    along, across = _palm(directions * sk.REFERENCE_LENGTHS[:, None], side)
    turned[:, wrist] = _frame(turned[:, elbow], along_rest, across_rest, along, across)
    turned[:, hand] = turned[:, wrist]
    for finger in sk.FINGERS:
        chain = sk.finger_chain(side, finger)
        before = turned[:, wrist]
        for joint, child in pairwise(chain):
            before = turned[:, joint] = _swing(before, REST_VECTORS[child], directions[:, child])
        turned[:, chain[-1]] = before


def _palm(vectors: NDArray, side: str) -> tuple[NDArray, NDArray]:
    """Along the hand (wrist to mid-knuckles) and across it (little finger to index), `[..., 3]` each."""
    knuckles = {}
    for finger in sk.FINGERS[1:]:
        joint = sk.finger_chain(side, finger)[0]
        knuckles[finger] = vectors[..., joint, :]
        if sk.PARENTS[joint] == sk.JOINT_INDEX[f"{side}_hand"]:
            knuckles[finger] = knuckles[finger] + vectors[..., sk.PARENTS[joint], :]
    along = sum(knuckles.values()) / len(knuckles)
    return np.asarray(along), knuckles["index"] - knuckles["little"]
