# SPDX-License-Identifier: GPL-3.0-or-later
"""Clavicle, upper arm and forearm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations
from aqgt.retarget import curves
from aqgt.retarget.curves import unit
from aqgt.retarget.pose import FRONT, Pose

Floats = NDArray[np.float64]

# Bends of the elbow, in degrees. Below the first the plane is lost, above the second it is found again;
# between the weights' ends the smoothing trusts it more and more.
_PLANE_LOST, _PLANE_FOUND = 6.0, 9.0
_WEIGHT_FROM, _WEIGHT_FULL = 4.0, 20.0
_REST_HINGE, _REST_PLANE = 3.0, 12.0
_TWIST_SECONDS = 0.05  # smoothing of the elbow plane where the elbow bends little
_TWIST_SPEED = np.radians(450.0)  # per second: faster than in 99 % of recorded gestures


@dataclass(frozen=True)
class Limb:
    """One straight part of an arm: its bones (root first) and its rest vector from joint to joint."""

    roles: list[str]
    joints: Floats
    """Rest positions `[len(roles) + 1, 3]`: the heads of the bones, then the next joint."""

    @property
    def direction(self) -> Floats:
        """Unit vector `[3]` from the first joint to the last at rest."""
        return unit(self.joints[-1] - self.joints[0])

    @property
    def length(self) -> float:
        """Distance from the first joint to the last."""
        return float(np.linalg.norm(self.joints[-1] - self.joints[0]))


def limb(pose: Pose, name: str, end: str | None) -> Limb:
    """The bones of a chain such as ``left_forearm`` up to the head of ``end`` (else the last bone's tail)."""
    chain = pose.mapping.chain(name)
    last = pose.head(end) if end and end in pose else pose.tip(chain[-1], *chain[-2:-1])
    return Limb(chain, np.stack([*(pose.head(role) for role in chain), last]))


@dataclass
class Arm:
    """Where one arm is to point, before its bones are turned.

    Attributes:
        upper_limb, fore_limb: its parts at rest.
        upper, fore: `[T, 3]` directions.
    """

    upper_limb: Limb
    fore_limb: Limb
    upper: Floats
    fore: Floats

    def shoulder(self, pose: Pose) -> Floats:
        """Posed shoulder joint `[T, 3]`."""
        return pose.position(self.upper_limb.roles[0])

    def wrist(self, pose: Pose) -> Floats:
        """Where the directions bring the wrist, `[T, 3]`."""
        return self.shoulder(pose) + self.upper_limb.length * self.upper + self.fore_limb.length * self.fore


def rest_hinge(upper: Floats, fore: Floats) -> Floats:
    """The elbow's axis `[3]` at rest, square to the upper arm.

    Where the rest elbow is straight there is no plane: then the forearm is taken to bend towards the front.
    """
    assumed = rotations.cross(upper, FRONT)
    assumed = unit(assumed) if np.linalg.norm(assumed) > 1e-3 else rotations.perpendicular(upper)
    plane = rotations.cross(upper, fore)
    bend = np.degrees(np.arctan2(np.linalg.norm(plane), upper @ fore))
    share = curves.smoothstep(bend, _REST_HINGE, _REST_PLANE)
    return unit(curves.reject(share * unit(plane) + (1 - share) * assumed, upper))


def solve_clavicle(pose: Pose, side: str, direction: Floats, chest: Floats) -> None:
    """Copy the shoulder's change against the clip's median, in the chest's frame.

    Absolute directions would not do: rigs put the root of the clavicle anywhere.
    """
    role = f"{side}_clavicle"
    if role not in pose:
        return
    in_chest = rotations.rotate(rotations.conjugate(chest), direction)
    middle = unit(np.median(in_chest, axis=0))
    change = rotations.between(middle, in_chest)
    # Turned about the chest, carried by whatever carries the bone.
    pose.set(role, rotations.multiply(pose.carrier(role), change))


def elbow_twist(hinge: Floats, upper: Floats, fore: Floats, fps: float) -> Floats:
    """Angle `[T]` about the upper arm that brings ``hinge`` `[T, 3]` to the axis the elbow bends about.

    Where the elbow is straight the last good plane is held and led to the next one; where it is nearly so the
    plane is smoothed the more the less it bends.
    """
    plane = rotations.cross(upper, fore)
    bend = np.degrees(np.arctan2(np.linalg.norm(plane, axis=-1), np.sum(upper * fore, axis=-1)))
    clear = np.minimum(bend, 180.0 - bend)  # a fully folded arm shows no plane either
    good = curves.confident(clear, _PLANE_LOST, _PLANE_FOUND)
    angle = curves.bridge(curves.signed_angle(hinge, plane, upper), good)
    weight = np.where(good, curves.smoothstep(clear, _WEIGHT_FROM, _WEIGHT_FULL), 0.0) + 0.01
    # Well-bent elbows keep their plane; smoothing takes over as it becomes uncertain.
    trust = curves.smoothstep(clear, _WEIGHT_FULL, 2 * _WEIGHT_FULL)
    smoothed = curves.smooth(angle, _TWIST_SECONDS, fps, weight)
    angle = trust * angle + (1 - trust) * smoothed
    return curves.recentre(curves.limit_speed(angle, _TWIST_SPEED, fps))


def solve_upper_arm(
    pose: Pose, part: Limb, fore_rest: Floats, upper: Floats, fore: Floats, fps: float
) -> Floats:
    """Point the upper arm along ``upper`` `[T, 3]` and turn its hinge to the elbow's plane.

    Returns the turn `[T, 4]` of the elbow end, which carries the forearm.
    """
    carrier = pose.carrier(part.roles[0])
    swing = rotations.multiply(rotations.between(rotations.rotate(carrier, part.direction), upper), carrier)
    hinge = rotations.rotate(swing, rest_hinge(part.direction, fore_rest))
    twist = elbow_twist(hinge, upper, fore, fps)
    return set_twisted(pose, part, swing, twist, [(k + 1) / len(part.roles) for k in range(len(part.roles))])


def forearm_swing(elbow: Floats, part: Limb, fore: Floats) -> Floats:
    """The turn `[T, 4]` of the forearm without its roll: carried by the elbow, then the shortest way."""
    return rotations.multiply(rotations.between(rotations.rotate(elbow, part.direction), fore), elbow)


def set_twisted(pose: Pose, part: Limb, swing: Floats, twist: Floats, shares: list[float]) -> Floats:
    """Swing all bones of a limb as one and twist each about its own axis by its share.

    The bones of a split limb are not quite in line: twisting each about itself leaves every joint in place.
    Twist bones beside the limb turn about the part they lie beside.
    """
    turn = swing
    for role, share, axis in zip(part.roles, shares, np.diff(part.joints, axis=0), strict=True):
        about = rotations.rotate(swing, unit(axis))
        turn = rotations.multiply(rotations.from_axis_angle(about, share * twist), swing)
        pose.set(role, turn)
        for bone, own in pose.mapping.twist.get(role, ()):
            pose.set(role, rotations.multiply(rotations.from_axis_angle(about, own * twist), swing), bone)
    return turn


def reach(
    shoulder: Floats,
    old: Floats,
    target: Floats,
    elbow: Floats,
    lift: Floats,
    upper: float,
    fore: float,
) -> tuple[Floats, Floats]:
    """Directions `[T, 3]` of upper arm and forearm under which the wrist comes to ``target``.

    The elbow stays on its side. What is out of reach is pointed at with a stretched arm.

    Args:
        shoulder, old, target: `[T, 3]` where the arm begins, where its wrist is, where it shall be.
        elbow, lift: `[T, 3]` where the elbow is, and what moves it besides.
        upper, fore: lengths.
    """
    to_target = target - shoulder
    distance = np.linalg.norm(to_target, axis=-1, keepdims=True)
    near, far = abs(upper - fore) * 1.01 + 1e-6, (upper + fore) * 0.9999
    axis = unit(to_target)
    distance = np.clip(distance, near, far)
    turned = rotations.rotate(rotations.between(old - shoulder, to_target), elbow - shoulder)
    side = curves.reject(turned + lift, axis)
    size = np.linalg.norm(side, axis=-1, keepdims=True)
    side = np.where(size > 1e-9, side / np.maximum(size, 1e-9), rotations.perpendicular(axis))
    along = (upper**2 - fore**2 + distance**2) / (2 * distance)
    across = np.sqrt(np.maximum(upper**2 - along**2, 0.0))
    joint = along * axis + across * side
    return unit(joint), unit(distance * axis - joint)
