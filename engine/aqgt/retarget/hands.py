# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands: direction, palm, and the roll they share with the forearm."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations, skeleton
from aqgt.retarget import curves
from aqgt.retarget.arms import Limb, rest_hinge, set_twisted
from aqgt.retarget.curves import unit
from aqgt.retarget.pose import FRONT, Pose
from aqgt.retarget.source import Source

Floats = NDArray[np.float64]

# Degrees between the rays to the index and the little knuckle: where they fall together there is no palm.
_PALM_LOST, _PALM_FOUND = 5.0, 8.0
_ROLL_SPEED = np.radians(900.0)  # per second; real hands turn with up to 630
# Forearm and wrist together turn about ±100° from the thumb-up position; more is noise.
_ROLL_FREE, _ROLL_END = np.radians(115.0), np.radians(140.0)


def palm_sign(side: str) -> float:
    """The palm's normal, pointing out of the palm, is this times index ray × little ray."""
    return -1.0 if side == "left" else 1.0


def rest_hand(pose: Pose, side: str) -> tuple[Floats, Floats]:
    """Rest direction `[3]` of the hand (wrist → middle and ring knuckles) and normal of its palm."""
    role = f"{side}_hand"
    wrist = pose.head(role)
    knuckles = {f: pose.head(f"{side}_{f}_1") for f in skeleton.FINGERS[1:] if f"{side}_{f}_1" in pose}
    middle = [knuckles[f] for f in ("middle", "ring") if f in knuckles] or list(knuckles.values())
    along = unit((np.mean(middle, axis=0) if middle else pose.tail(role)) - wrist)
    outer = [knuckles[f] for f in skeleton.FINGERS[1:] if f in knuckles]
    normal = np.zeros(3)
    if len(outer) >= 2:
        normal = palm_sign(side) * rotations.cross(unit(outer[0] - wrist), unit(outer[-1] - wrist))
    if np.linalg.norm(normal) < 1e-3:
        # No knuckles to tell: at rest palms face down (arms level) or the body (arms hanging).
        normal = -palm_sign(side) * rotations.cross(along, FRONT)
    return along, unit(curves.reject(normal, along))


def hand_length(pose: Pose, side: str) -> float:
    """Wrist → middle and ring knuckles at rest; a third of the forearm where there are no fingers."""
    wrist = pose.head(f"{side}_hand")
    knuckles = [pose.head(f"{side}_{f}_1") for f in ("middle", "ring") if f"{side}_{f}_1" in pose]
    if knuckles:
        return float(np.linalg.norm(np.mean(knuckles, axis=0) - wrist))
    return float(np.linalg.norm(wrist - pose.head(f"{side}_forearm_1"))) / 3


def source_hand(source: Source, side: str) -> tuple[Floats, Floats, Floats]:
    """Direction and palm normal `[T, 3]` of the motion's hand, and the degrees `[T]` between its rays."""
    joint = skeleton.JOINT_INDEX
    wrist = source.positions[:, joint[f"{side}_wrist"]]
    first = {f: source.positions[:, joint[f"{side}_{f}_1"]] for f in skeleton.FINGERS[1:]}
    along = curves.hold_directions((first["middle"] + first["ring"]) / 2 - wrist, np.array([0.0, 0.0, -1.0]))
    normal = palm_sign(side) * rotations.cross(unit(first["index"] - wrist), unit(first["little"] - wrist))
    normal = curves.reject(normal, along)
    spread = np.degrees(np.arcsin(np.clip(np.linalg.norm(normal, axis=-1), 0.0, 1.0)))
    return along, normal, spread


def solve_hand(pose: Pose, side: str, part: Limb, fore_swing: Floats, source: Source,
               *, limit_roll: bool = True) -> None:  # fmt: skip
    """Turn the hand to its direction and palm, and give the forearm its share of the roll."""
    along_rest, palm_rest = rest_hand(pose, side)
    along, normal, spread = source_hand(source, side)
    swing = rotations.multiply(rotations.between(rotations.rotate(fore_swing, along_rest), along), fore_swing)
    palm = rotations.rotate(swing, palm_rest)
    good = curves.confident(spread, _PALM_LOST, _PALM_FOUND)
    roll = curves.bridge(curves.signed_angle(palm, normal, along), good)
    roll = curves.recentre(curves.limit_speed(roll, _ROLL_SPEED, source.fps))
    if limit_roll:
        middle = thumb_up_roll(pose, side, part)
        roll = middle + curves.soft_limit(curves.recentre(roll - middle), _ROLL_FREE, _ROLL_END)
    shares = [(k + 1) / (len(part.roles) + 1) for k in range(len(part.roles))]
    if any(pose.mapping.twist.get(role) for role in part.roles):
        shares = [0.0] * len(part.roles)  # the twist bones beside the limb take it
    set_twisted(pose, part, fore_swing, roll, shares)
    pose.set(f"{side}_hand", rotations.multiply(rotations.from_axis_angle(along, roll), swing))


def thumb_up_roll(pose: Pose, side: str, part: Limb) -> float:
    """The roll from rest to the middle of what a forearm can turn: the palm faces along the elbow's axis."""
    along_rest, palm_rest = rest_hand(pose, side)
    upper = unit(pose.head(f"{side}_forearm_1") - pose.head(f"{side}_upper_arm_1"))
    hinge = rest_hinge(upper, part.direction)
    to_fore = rotations.between(along_rest, part.direction)
    middle = -palm_sign(side) * hinge
    return float(curves.signed_angle(rotations.rotate(to_fore, palm_rest), middle, part.direction))
