# SPDX-License-Identifier: GPL-3.0-or-later
"""The 53-joint upper-body skeleton of AQ-GT: names, parents, sides, bone lengths and a metric rest pose.

Axes of the model: x = the speaker's left, y = down, z = away from the viewer (the speaker faces -z).
Joint 0 is the root; its "bone vector" is its absolute position. Every parent precedes its children.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

N_JOINTS = 53

PELVIS, SPINE, THORAX, NOSE, HEAD_TOP = range(5)
LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST = 5, 6, 7
RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST = 8, 9, 10
LEFT_HAND, RIGHT_HAND = 11, 32
FINGERS = ("thumb", "index", "middle", "ring", "little")


def _joint_names() -> tuple[str, ...]:
    body = ["pelvis", "spine", "thorax", "nose", "head_top"]
    for side in ("left", "right"):
        body += [f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist"]
    hands = []
    for side in ("left", "right"):
        hands.append(f"{side}_hand")
        hands += [f"{side}_{finger}_{k}" for finger in FINGERS for k in (1, 2, 3, 4)]
    return tuple(body + hands)


JOINT_NAMES = _joint_names()
JOINT_INDEX = {name: index for index, name in enumerate(JOINT_NAMES)}

# Ring and little fingers hang on the hand root, the others on the wrist, as in the original's data.
PARENTS: tuple[int, ...] = (
    (-1, 0, 1, 2, 3, 2, 5, 6, 2, 8, 9)
    + (7, 7, 12, 13, 14, 7, 16, 17, 18, 7, 20, 21, 22, 11, 24, 25, 26, 11, 28, 29, 30)
    + (10, 10, 33, 34, 35, 10, 37, 38, 39, 10, 41, 42, 43, 32, 45, 46, 47, 32, 49, 50, 51)
)

LEFT_ARM_JOINTS = (5, 6, 7)
RIGHT_ARM_JOINTS = (8, 9, 10)
LEFT_HAND_JOINTS = tuple(range(11, 32))
RIGHT_HAND_JOINTS = tuple(range(32, 53))
SIDES: tuple[str, ...] = tuple(
    "left" if name.startswith("left_") else "right" if name.startswith("right_") else "centre"
    for name in JOINT_NAMES
)
MIRROR: tuple[int, ...] = tuple(
    JOINT_INDEX[
        name.replace("left_", "right_") if name.startswith("left_") else name.replace("right_", "left_")
    ]
    for name in JOINT_NAMES
)
"""Joint that takes this joint's place when left and right are exchanged."""


def finger_chain(side: str, finger: str) -> tuple[int, int, int, int]:
    """The four joints of one finger, knuckle (or thumb base) first and tip last."""
    return tuple(JOINT_INDEX[f"{side}_{finger}_{k}"] for k in (1, 2, 3, 4))  # type: ignore[return-value]


def _official_lengths() -> NDArray[np.float64]:
    body = [0.2, 0.1, 0.1, 0.07, 0.07, 0.05, 0.1, 0.075, 0.05, 0.1, 0.075]
    finger = [0.03, 0.005, 0.005, 0.005]
    left = [0.004, 0.015, 0.0115, 0.009, 0.008] + finger * 4
    right = [0.004, 0.010, 0.010, 0.010, 0.005] + finger * 4
    return np.array(body + left + right)


OFFICIAL_LENGTHS = _official_lengths()
"""Bone lengths `[53]` of the published models (first entry: distance of the root from the origin)."""
OFFICIAL_LENGTHS.setflags(write=False)


def _reference_rest() -> NDArray[np.float64]:
    """T-pose of a 1.75 m adult in metres, pelvis at the origin, palms down, in the model's axes."""
    rest = np.zeros((N_JOINTS, 3))
    rest[SPINE] = (0.0, -0.24, 0.01)
    rest[THORAX] = (0.0, -0.50, 0.02)
    rest[NOSE] = (0.0, -0.655, -0.09)
    rest[HEAD_TOP] = (0.0, -0.79, 0.0)
    # Knuckles in the hand's own frame: along the hand, sideways towards the thumb (forward in a T-pose).
    knuckles = {
        "index": (0.092, 0.024),
        "middle": (0.092, 0.003),
        "ring": (0.086, -0.017),
        "little": (0.078, -0.035),
    }
    phalanges = {
        "index": (0.042, 0.025, 0.021),
        "middle": (0.046, 0.028, 0.022),
        "ring": (0.042, 0.027, 0.022),
        "little": (0.033, 0.020, 0.019),
    }
    thumb = ((0.022, 0.024), (0.055, 0.054), (0.078, 0.076), (0.096, 0.094))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        joint = {name: JOINT_INDEX[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist", "hand")}
        rest[joint["shoulder"]] = (sign * 0.175, -0.485, 0.02)
        rest[joint["elbow"]] = rest[joint["shoulder"]] + (sign * 0.285, 0.0, 0.0)
        rest[joint["wrist"]] = rest[joint["elbow"]] + (sign * 0.255, 0.0, 0.0)
        wrist = rest[joint["wrist"]]
        rest[joint["hand"]] = wrist + (sign * 0.010, 0.0, 0.0)
        for index, (along, across) in zip(finger_chain(side, "thumb"), thumb, strict=True):
            rest[index] = wrist + (sign * along, 0.012, -across)
        for finger, (along, across) in knuckles.items():
            chain = finger_chain(side, finger)
            rest[chain[0]] = wrist + (sign * along, 0.0, -across)
            for index, length in zip(chain[1:], phalanges[finger], strict=True):
                rest[index] = rest[index - 1] + (sign * length, 0.0, 0.0)
    return rest


REFERENCE_REST = _reference_rest()
"""Rest positions `[53, 3]` in metres: the one skeleton that preview, BVH and SMPL-X apply directions to."""
REFERENCE_REST.setflags(write=False)


def bone_vectors_from_positions(positions: NDArray) -> NDArray:
    """Child minus parent for each joint, `[..., 53, 3]`; joint 0 keeps its absolute position."""
    parents = np.array(PARENTS[1:])
    vectors = np.array(positions, copy=True)
    vectors[..., 1:, :] -= np.asarray(positions)[..., parents, :]
    return vectors


def positions_from_bone_vectors(bone_vectors: NDArray) -> NDArray:
    """Joint positions `[..., 53, 3]`: the cumulative sum of bone vectors down the tree."""
    positions = np.array(bone_vectors, copy=True)
    for joint in range(1, N_JOINTS):
        positions[..., joint, :] += positions[..., PARENTS[joint], :]
    return positions


def _lengths(bone_vectors: NDArray) -> NDArray[np.float64]:
    return np.linalg.norm(bone_vectors, axis=-1)


REFERENCE_LENGTHS = _lengths(bone_vectors_from_positions(REFERENCE_REST))
"""Bone lengths `[53]` of the metric reference skeleton, in metres (root: 0)."""
REFERENCE_LENGTHS.setflags(write=False)

METRES_PER_UNIT = float(np.linalg.norm(REFERENCE_REST[HEAD_TOP] - REFERENCE_REST[THORAX])) / 0.1
"""One model unit in metres: the original's normalisation makes neck to head top 0.1."""

HUMAN_LENGTHS = REFERENCE_LENGTHS / METRES_PER_UNIT
"""Bone lengths `[53]` of fresh models: human proportions in model units (neck to head top = 0.1)."""
HUMAN_LENGTHS.setflags(write=False)
