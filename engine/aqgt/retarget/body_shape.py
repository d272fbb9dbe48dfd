# SPDX-License-Identifier: GPL-3.0-or-later
"""How thick a rig's torso and head are: fitted to its skin where that is known, else judged by its bones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations
from aqgt.retarget.curves import unit
from aqgt.retarget.pose import FRONT, LEFT, UP, Pose

Floats = NDArray[np.float64]

# Fitted by eye and ruler to the torsos of a male and a female body; all sizes are shares of the distance
# between the shoulder joints, or of pelvis → neck.
_HALF_WIDTH, _HALF_DEPTH, _FORWARD = 0.40, 0.28, 0.07  # of the shoulder distance
_TOP = 0.75  # where the capsule's upper cap begins, of pelvis → neck
_HEAD_RADIUS, _HEAD_UP, _HEAD_FORWARD = 0.19, 0.16, 0.09  # of pelvis → neck

_WAIST = 0.45  # of pelvis → neck: belly below, chest above
_SHOULDERS = 0.9  # above it the skin widens into the shoulders, which arms have to be near
_LEAST_POINTS = 30
_OUTLIERS = 2.0  # percent of the points on either side
_HELD, _MOST_GROWTH = 85.0, 1.2


@dataclass(frozen=True)
class Section:
    """A flattened capsule in a part's own axes: x to the left, y back, z up along it.

    Attributes:
        start: `[3]` lower end of its axis, from the part's joint.
        length: of the axis.
        radii: `[3]` to the side, in depth, and of the caps along the axis.
    """

    start: Floats
    length: float
    radii: Floats


def guess_torso(trunk: float, width: float) -> list[Section]:
    """One capsule for a torso of the given pelvis → neck and shoulder distance."""
    depth = _HALF_DEPTH * width
    return [Section(FRONT * _FORWARD * width, _TOP * trunk, np.array([_HALF_WIDTH * width, depth, depth]))]


def guess_head(trunk: float) -> Section:
    """A ball for the head of a body with the given pelvis → neck."""
    start = (UP * _HEAD_UP + FRONT * _HEAD_FORWARD) * trunk
    return Section(start, 0.0, np.full(3, _HEAD_RADIUS * trunk))


def fit_torso(pose: Pose, axis: Floats) -> list[Section]:
    """Belly and chest around the skin of hips and spine; empty where there is too little of it.

    Args:
        pose: rest pose and roles.
        axis: `[3]` pelvis → neck at rest.
    """
    trunk = float(np.linalg.norm(axis))
    line = pose.head("left_upper_arm_1") - pose.head("right_upper_arm_1")
    turn = rotations.from_frames(UP, LEFT, unit(axis), unit(line))
    points = _skin_of(pose, ("hips", "spine")) - pose.head("hips")
    points = rotations.rotate(rotations.conjugate(turn), points)
    height = points[:, 2] / trunk
    sections = []
    for low, high, end in ((0.0, _WAIST, _WAIST), (_WAIST, _SHOULDERS, _TOP)):
        slab = points[(height >= low) & (height <= high)]
        if len(slab) < _LEAST_POINTS:
            return []
        middle, (width, depth) = _around(slab[:, :2])
        start = np.array([0.0, middle[1], low * trunk])
        sections.append(Section(start, (end - low) * trunk, np.array([width, depth, min(width, depth)])))
    return sections


def fit_head(pose: Pose) -> Section | None:
    """An ellipsoid around the head's skin; None where there is too little of it."""
    points = _skin_of(pose, ("head",)) - pose.head("head")
    points = points[points[:, 2] >= 0]  # long hair hangs below
    if len(points) < _LEAST_POINTS:
        return None
    middle, half = _around(points)
    return Section(middle, 0.0, half)


def _around(points: Floats) -> tuple[Floats, Floats]:
    """Centre and radii `[D]` of an ellipsoid that holds most of the points `[N, D]`."""
    low, high = np.percentile(points, [_OUTLIERS, 100 - _OUTLIERS], axis=0)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 1e-6)
    # Bodies are boxier than ellipsoids: grown until only the corners stick out.
    reach = np.percentile(np.linalg.norm((points - middle) / half, axis=-1), _HELD)
    return middle, half * np.clip(reach, 1.0, _MOST_GROWTH)


def _skin_of(pose: Pose, words: tuple[str, ...]) -> Floats:
    """Skin points `[N, 3]` of the bones whose role, or whose nearest parent's, begins with a word."""
    role_of = {pose.bone(role): role for role in pose.bones}
    owned = np.zeros(len(pose.rig), dtype=bool)
    owner: list[str] = []
    for bone, parent in enumerate(pose.rig.parents):
        owner.append(role_of.get(bone, owner[parent] if parent >= 0 else ""))
        owned[bone] = owner[bone].split("_")[0] in words
    return pose.rig.skin[owned[pose.rig.skin_bones]] @ pose.axes
