# SPDX-License-Identifier: GPL-3.0-or-later
"""A neutral standing pose: what an untrained model starts from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations, skeleton

_ELBOW_BEND = 32.0
_UPPER_ARM_DROP = 82.0
_UPPER_ARM_FORWARD = 8.0
_FOREARM_INWARD = 20.0
_FINGER_CURL = (18.0, 22.0, 14.0)


def rest_pose(lengths: NDArray | None = None) -> NDArray[np.float64]:
    """Bone vectors `[53, 3]` of someone at rest, in the model's axes; root at the origin.

    The arms hang with the hands in front of the body and the fingers slightly curled.

    Args:
        lengths: bone lengths `[53]`; human proportions in model units when left out.
    """
    table = skeleton.HUMAN_LENGTHS if lengths is None else np.asarray(lengths, dtype=np.float64)
    vectors = skeleton.bone_vectors_from_positions(skeleton.REFERENCE_REST).astype(np.float64)
    for side, arm, hand in (
        ("left", skeleton.LEFT_ARM_JOINTS, skeleton.LEFT_HAND_JOINTS),
        ("right", skeleton.RIGHT_ARM_JOINTS, skeleton.RIGHT_HAND_JOINTS),
    ):
        _lower_arm(vectors, 1.0 if side == "left" else -1.0, arm, hand)
        _curl_fingers(vectors, side)
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    directions = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    directions[0] = 0.0
    return directions * table[:, None]


def _lower_arm(vectors: NDArray, sign: float, arm: tuple[int, ...], hand: tuple[int, ...]) -> None:
    """Rotates a T-posed arm down, then bends the elbow so that the forearm points forward and inward."""
    _, elbow, wrist = arm
    upper = _about("x", -_UPPER_ARM_FORWARD) @ _about("z", sign * _UPPER_ARM_DROP)
    fore = _about("y", sign * _FOREARM_INWARD) @ _about("x", -_ELBOW_BEND) @ upper
    vectors[elbow] = upper @ vectors[elbow]
    for joint in (wrist, *hand):
        vectors[joint] = fore @ vectors[joint]


def _curl_fingers(vectors: NDArray, side: str) -> None:
    """Bends each finger towards the palm, joint after joint."""
    for finger in skeleton.FINGERS[1:]:
        chain = skeleton.finger_chain(side, finger)
        along = vectors[chain[1]].copy()
        index, little = (skeleton.finger_chain(side, name)[0] for name in ("index", "little"))
        palm = np.cross(vectors[index], vectors[little])
        axis = np.cross(along, -palm if side == "left" else palm)
        angle = 0.0
        for joint, bend in zip(chain[1:], _FINGER_CURL, strict=True):
            angle += bend
            vectors[joint] = _rotation(axis, angle) @ vectors[joint]


def _about(axis: str, degrees: float) -> NDArray[np.float64]:
    return _rotation(np.eye(3)["xyz".index(axis)], degrees)


def _rotation(axis: NDArray, degrees: float) -> NDArray[np.float64]:
    return rotations.to_matrix(rotations.from_axis_angle(axis, np.radians(degrees)))
