# SPDX-License-Identifier: GPL-3.0-or-later
"""Poses taken apart into what can be blended without breaking: arms, wrists, fingers, trunk, head.

Directions of single hand bones must not be blended one by one: half-way between palm up and palm down they
would collapse. So a hand is one rotation against its forearm, with the fingers inside the hand's own frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations, skeleton
from aqgt.hand_frame import hand_frame, hand_joints
from aqgt.skeleton import JOINT_INDEX

Floats = NDArray[np.float64]

SIDES = ("left", "right")
TRUNK_JOINTS = (skeleton.SPINE, skeleton.THORAX)
HEAD_JOINTS = (skeleton.NOSE, skeleton.HEAD_TOP)
# A forearm pointing opposite to this (up and back) would make its frame jump; arms do not go there.
_FOREARM_REFERENCE = np.array([0.0, 0.55, -0.83])


@dataclass(frozen=True)
class Arm:
    """One arm over time.

    Attributes:
        clavicle: `[T, 3]` direction from thorax to shoulder.
        upper: `[T, 3]` direction of the upper arm.
        fore: `[T, 3]` direction of the forearm.
        wrist: `[T, 4]` turn of the hand against the forearm's twist-free frame.
        fingers: `[T, 21, 3]` bone directions in the hand's frame.
    """

    clavicle: Floats
    upper: Floats
    fore: Floats
    wrist: Floats
    fingers: Floats

    def __len__(self) -> int:
        return len(self.upper)

    def at(self, frames: Floats) -> Arm:
        """The arm at fractional frames `[N]`, held at the ends."""
        return Arm(
            _at_directions(self.clavicle, frames),
            _at_directions(self.upper, frames),
            _at_directions(self.fore, frames),
            _at_directions(rotations.continuous(self.wrist), frames),
            _at_directions(self.fingers, frames),
        )

    def blend(self, other: Arm, weight: Floats) -> Arm:
        """From this arm (weight 0) to the other (weight 1); weights `[T]`."""
        w = weight[:, None]
        return Arm(
            turn_towards(self.clavicle, other.clavicle, weight),
            turn_towards(self.upper, other.upper, weight),
            turn_towards(self.fore, other.fore, weight),
            rotations.slerp(self.wrist, other.wrist, weight),
            _unit((1 - w[:, None]) * self.fingers + w[:, None] * other.fingers),
        )

    def scaled(self, rest: Arm, amplitude: Floats) -> Arm:
        """Larger (> 1) or smaller (< 1) excursions of upper arm and forearm from one rest frame; `[T]`."""
        return Arm(
            self.clavicle,
            turn_towards(np.broadcast_to(rest.upper[:1], self.upper.shape), self.upper, amplitude, limit=2.4),
            turn_towards(np.broadcast_to(rest.fore[:1], self.fore.shape), self.fore, amplitude, limit=2.5),
            self.wrist,
            self.fingers,
        )

    def turned(self, upper: Floats, fore: Floats) -> Arm:
        """Upper arm and forearm turned by rotation vectors `[T, 3]`; the hand follows the forearm."""
        return Arm(
            self.clavicle,
            rotations.rotate(rotations.from_rotation_vector(upper), self.upper),
            rotations.rotate(rotations.from_rotation_vector(fore), self.fore),
            self.wrist,
            self.fingers,
        )

    def repeated(self, n: int) -> Arm:
        """The first frame, n times."""
        return Arm(
            *(np.broadcast_to(part[:1], (n, *part.shape[1:])).copy() for part in (
                self.clavicle, self.upper, self.fore, self.wrist, self.fingers
            ))
        )  # fmt: skip


def take_arm(directions: NDArray, side: str) -> Arm:
    """One arm of unit bone directions `[T, 53, 3]`."""
    d = directions.astype(np.float64)
    upper, fore = d[:, JOINT_INDEX[f"{side}_elbow"]], d[:, JOINT_INDEX[f"{side}_wrist"]]
    hand = hand_frame(d, side)
    forearm = _forearm_frame(fore)
    fingers = rotations.rotate(rotations.conjugate(hand)[:, None], d[:, hand_joints(side)])
    wrist = rotations.continuous(rotations.multiply(rotations.conjugate(forearm), hand))
    return Arm(d[:, JOINT_INDEX[f"{side}_shoulder"]], upper, fore, wrist, fingers)


def put_arm(directions: NDArray, side: str, arm: Arm) -> None:
    """Write an arm into unit bone directions `[T, 53, 3]`."""
    directions[:, JOINT_INDEX[f"{side}_shoulder"]] = arm.clavicle
    directions[:, JOINT_INDEX[f"{side}_elbow"]] = arm.upper
    directions[:, JOINT_INDEX[f"{side}_wrist"]] = arm.fore
    hand = rotations.multiply(_forearm_frame(arm.fore), arm.wrist)
    directions[:, hand_joints(side)] = rotations.rotate(hand[:, None], arm.fingers)


def turns_from_first(directions: NDArray, joints: tuple[int, ...]) -> Floats:
    """Rotation vectors `[T, 3]` that turn the first frame's bones into each frame's: one for all joints.

    For one joint the shortest turn; for two the frame that both span.
    """
    d = directions.astype(np.float64)
    if len(joints) == 1:
        q = rotations.between(d[:1, joints[0]], d[:, joints[0]])
    else:
        q = rotations.from_frames(d[:1, joints[1]], d[:1, joints[0]], d[:, joints[1]], d[:, joints[0]])
    return rotations.to_rotation_vector(q)


def turn_towards(a: Floats, b: Floats, weight: Floats, limit: float = np.pi) -> Floats:
    """Directions `[T, 3]` turned from a by a share `[T]` of the way to b, by at most ``limit`` radians."""
    vector = rotations.to_rotation_vector(rotations.between(a, b)) * np.asarray(weight)[:, None]
    angle = np.linalg.norm(vector, axis=-1, keepdims=True)
    vector = vector * np.minimum(1.0, limit / np.maximum(angle, 1e-9))
    return rotations.rotate(rotations.from_rotation_vector(vector), a)


def minimum_jerk(times: Floats, start: float, end: float) -> Floats:
    """0 before ``start``, 1 after ``end``, smooth in velocity and acceleration between."""
    x = np.clip((times - start) / max(end - start, 1e-6), 0.0, 1.0)
    return x**3 * (10 - 15 * x + 6 * x**2)


def _forearm_frame(fore: Floats) -> Floats:
    return rotations.between(_FOREARM_REFERENCE, fore)


def _at_directions(values: Floats, frames: Floats) -> Floats:
    at = np.clip(frames, 0, len(values) - 1)
    low = np.minimum(at.astype(int), max(len(values) - 2, 0))
    high = np.minimum(low + 1, len(values) - 1)
    weight = (at - low).reshape(-1, *([1] * (values.ndim - 1)))
    return _unit((1 - weight) * values[low] + weight * values[high])


def _unit(values: Floats) -> Floats:
    return values / np.maximum(np.linalg.norm(values, axis=-1, keepdims=True), 1e-9)
