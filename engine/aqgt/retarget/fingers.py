# SPDX-License-Identifier: GPL-3.0-or-later
"""Fingers: chains of shortest ways from the hand, inside what finger joints can do."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations, skeleton
from aqgt.retarget.curves import reject, unit
from aqgt.retarget.hands import rest_hand
from aqgt.retarget.pose import Pose
from aqgt.retarget.source import Source

Floats = NDArray[np.float64]

# Degrees per joint, knuckle first: stretched back to bent, and to either side. Somewhat wider than anatomy,
# such that recorded hands pass unchanged; noise in short phalanges easily makes more.
BEND_LIMITS = ((-50.0, 115.0), (-22.0, 115.0), (-22.0, 95.0))
SIDE_LIMITS = (40.0, 16.0, 12.0)
THUMB_LIMITS = (180.0, 80.0, 110.0)
"""The thumb's saddle joint has no one hinge: its joints get a cone instead."""


def solve_fingers(pose: Pose, side: str, source: Source, *, limit: bool = True) -> None:
    """Lead each finger from the hand outwards, every bone the shortest way to its direction."""
    palm = rest_hand(pose, side)[1] if f"{side}_hand" in pose else None
    for finger in skeleton.FINGERS:
        joints = skeleton.finger_chain(side, finger)
        roles = [f"{side}_{finger}_{k}" for k in (1, 2, 3)]
        for place, role in enumerate(roles):
            if role not in pose:
                continue
            end = pose.head(roles[place + 1]) if place < 2 and roles[place + 1] in pose else pose.tail(role)
            carrier = pose.carrier(role)
            now = rotations.rotate(carrier, unit(end - pose.head(role)))
            wanted = source.direction(joints[place], joints[place + 1])
            before = f"{side}_hand" if place == 0 else roles[place - 1]
            if limit and palm is not None and before in pose:
                straight = unit(pose.head(role) - pose.head(before))
                wanted = _limited(finger, place, wanted, carrier, straight, palm)
            pose.set(role, rotations.multiply(rotations.between(now, wanted), carrier))


def _limited(
    finger: str, place: int, wanted: Floats, carrier: Floats, straight: Floats, palm: Floats
) -> Floats:
    """The direction `[T, 3]` brought inside the joint's limits; ``straight`` and ``palm`` `[3]` at rest."""
    ahead = rotations.rotate(carrier, straight)
    if finger == "thumb":
        return inside_cone(wanted, ahead, THUMB_LIMITS[place])
    hinge = rotations.rotate(carrier, unit(np.cross(straight, reject(palm, straight))))
    return inside_hinge(wanted, ahead, hinge, BEND_LIMITS[place], SIDE_LIMITS[place])


def bend_and_side(direction: Floats, ahead: Floats, hinge: Floats) -> tuple[Floats, Floats]:
    """Degrees `[T]` by which a direction is bent about the hinge from straight ahead, and tilted along it."""
    inwards = np.cross(hinge, ahead)
    bend = np.degrees(np.arctan2(np.sum(direction * inwards, axis=-1), np.sum(direction * ahead, axis=-1)))
    side = np.degrees(np.arcsin(np.clip(np.sum(direction * hinge, axis=-1), -1.0, 1.0)))
    # Bent past 180° rather than stretched back beyond what breaks the joint.
    return np.where(bend < -120.0, bend + 360.0, bend), side


def inside_hinge(
    direction: Floats, ahead: Floats, hinge: Floats, bends: tuple[float, float], sides: float
) -> Floats:
    """Directions `[T, 3]` within a hinge's limits in degrees; those inside stay exactly as they are."""
    bend, side = bend_and_side(direction, ahead, hinge)
    bent, tilted = np.clip(bend, *bends), np.clip(side, -sides, sides)
    phi, theta = np.radians(bent)[:, None], np.radians(tilted)[:, None]
    flat = np.cos(phi) * ahead + np.sin(phi) * np.cross(hinge, ahead)
    limited = np.cos(theta) * flat + np.sin(theta) * hinge
    return np.where(((bent == bend) & (tilted == side))[:, None], direction, limited)


def inside_cone(direction: Floats, ahead: Floats, degrees: float) -> Floats:
    """Directions `[T, 3]` at most so far from straight ahead; those inside stay exactly as they are."""
    cosine = np.clip(np.sum(direction * ahead, axis=-1), -1.0, 1.0)
    aside = unit(reject(direction, ahead))
    edge = np.cos(np.radians(degrees)) * ahead + np.sin(np.radians(degrees)) * aside
    return np.where((cosine >= np.cos(np.radians(degrees)))[:, None], direction, unit(edge))
