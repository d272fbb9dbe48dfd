# SPDX-License-Identifier: GPL-3.0-or-later
"""Fingers: chains of shortest ways from the hand, inside what finger joints can do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aqgt import rotations, skeleton
from aqgt.retarget import curves
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

# Degrees of bend between which the plane of the thumb's first two bones comes to be believed.
_THUMB_PLANE_LOST, _THUMB_PLANE_FOUND = 10.0, 25.0
_THUMB_SECONDS = 0.1
_THUMB_FREE, _THUMB_END = np.radians(25.0), np.radians(40.0)


@dataclass(frozen=True)
class FingerBone:
    """One bone of a finger.

    Attributes:
        side, finger, role: whose it is.
        joints: the motion's joints that it leads from and to; where a rig has fewer bones, one stands for
            several phalanges.
        places: of the phalanges it stands for, 0 to 2.
        rest: `[3]` direction at rest, from joint to joint.
        before: the role that it bends against: the bone before, or the hand; None without either.
        frame: where it would point at rest if it were not bent, and the axis it bends about, `[3]` each;
            None where no hand tells.
    """

    side: str
    finger: str
    role: str
    joints: tuple[int, int]
    places: tuple[int, ...]
    rest: Floats
    before: str | None
    frame: tuple[Floats, Floats] | None


def finger_bones(pose: Pose, side: str) -> list[FingerBone]:
    """The finger bones that a side of the rig has, each finger from its root."""
    palm = rest_hand(pose, side)[1] if f"{side}_hand" in pose else None
    bones = []
    for finger in skeleton.FINGERS:
        joints = skeleton.finger_chain(side, finger)
        there = [place for place in range(3) if f"{side}_{finger}_{place + 1}" in pose]
        before = f"{side}_hand" if palm is not None else None
        for place, following in pairwise([*there, 3]):
            role = f"{side}_{finger}_{place + 1}"
            end = _end(pose, side, finger, place, following)
            frame = None
            if before is not None and palm is not None:
                straight = unit(pose.head(role) - pose.head(before))
                frame = straight, unit(rotations.cross(straight, reject(palm, straight)))
            bones.append(
                FingerBone(
                    side,
                    finger,
                    role,
                    (joints[place], joints[following]),
                    tuple(range(place, following)),
                    unit(end - pose.head(role)),
                    before,
                    frame,
                )
            )
            before = role
    return bones


def _end(pose: Pose, side: str, finger: str, place: int, following: int) -> Floats:
    """Where a finger bone ends at rest: at the next one's head, or at its own tip."""
    if following < 3:
        return pose.head(f"{side}_{finger}_{following + 1}")
    return finger_tip(pose, side, finger, place)


def finger_tip(pose: Pose, side: str, finger: str, place: int) -> Floats:
    """Rest position `[3]` of the tip of a finger whose last bone is at ``place``."""
    roles = [f"{side}_{finger}_{k}" for k in (1, 2, 3)]
    before = next((role for role in reversed(roles[:place]) if role in pose), None)
    return pose.tip(roles[place], before)


def solve_fingers(pose: Pose, sides: Sequence[str], source: Source, *, limit: bool = True) -> None:
    """Lead the fingers from the hand outwards, every bone the shortest way to its direction.

    Thumbs roll besides with the plane they bend in, against its middle in the clip.
    """
    chains: dict[tuple[str, str], list[FingerBone]] = {}
    for side in sides:
        for bone in finger_bones(pose, side):
            chains.setdefault((side, bone.finger), []).append(bone)
    for depth in range(3):
        row = [chain[depth] for chain in chains.values() if len(chain) > depth]
        if row:
            _solve_row(pose, row, source, first=depth == 0, limit=limit)


def _solve_row(pose: Pose, row: list[FingerBone], source: Source, *, first: bool, limit: bool) -> None:
    """Bones of different fingers, all that carries them solved; one column `[T, F]` each."""
    carrier = np.stack([pose.carrier(bone.role) for bone in row], axis=1)
    now = rotations.rotate(carrier, np.stack([bone.rest for bone in row]))
    wanted = np.stack([source.direction(*bone.joints) for bone in row], axis=1)
    if limit:
        for is_thumb in (False, True):
            places = [
                place
                for place, bone in enumerate(row)
                if bone.frame is not None and (bone.finger == "thumb") == is_thumb
            ]
            if places:
                chosen = [row[place] for place in places]
                bound = _inside_cones if is_thumb else _inside_hinges
                wanted[:, places] = bound(chosen, wanted[:, places], pose)
    turns = rotations.multiply(rotations.between(now, wanted), carrier)
    for place, bone in enumerate(row):
        turn = turns[:, place]
        if first and bone.finger == "thumb" and bone.places == (0,):
            axis = wanted[:, place]
            roll = thumb_roll(source, bone, rotations.rotate(turn, rotations.perpendicular(bone.rest)), axis)
            turn = rotations.multiply(rotations.from_axis_angle(axis, roll), turn)
        pose.set(bone.role, turn)


def thumb_roll(source: Source, bone: FingerBone, carried: Floats, axis: Floats) -> Floats:
    """Angle `[T]` about the thumb's first bone, small: how the plane of its bend turns over the clip.

    Rigs differ by tens of degrees in that plane at rest, so only the change against the middle is copied. A
    thumb may bend back, so planes count modulo half a turn.

    Args:
        source: the motion.
        bone: the first bone of a thumb.
        carried: `[T, 3]` some direction square to the bone that the shortest way carries along.
        axis: `[T, 3]` direction of the bone.
    """
    joints = skeleton.finger_chain(bone.side, "thumb")
    plane = rotations.cross(axis, source.direction(joints[1], joints[2]))
    bend = np.degrees(np.arcsin(np.clip(np.linalg.norm(plane, axis=-1), 0.0, 1.0)))
    weight = curves.smoothstep(bend, _THUMB_PLANE_LOST, _THUMB_PLANE_FOUND)
    if not weight.any():
        return np.zeros(len(weight))
    phase = np.exp(2j * curves.signed_angle(carried, plane, axis)) * weight
    middle = phase.sum()
    if abs(middle) < 0.2 * weight.sum():
        return np.zeros(len(weight))  # it bends every way: there is no middle to change against
    turned = phase * np.conj(middle / abs(middle)) + (1.0 - weight)  # where it is unseen: no roll
    smooth = curves.smooth(np.stack([turned.real, turned.imag], axis=-1), _THUMB_SECONDS, source.fps)
    return curves.soft_limit(0.5 * np.arctan2(smooth[:, 1], smooth[:, 0]), _THUMB_FREE, _THUMB_END)


def _inside_hinges(bones: list[FingerBone], wanted: Floats, pose: Pose) -> Floats:
    """Directions `[T, F, 3]` of finger bones brought inside their joints' limits."""
    ahead, hinge = _frames(bones, pose)
    bends, sides = zip(*(hinge_limits(bone.places) for bone in bones), strict=True)
    return inside_hinge(wanted, ahead, hinge, np.array(bends).T, np.array(sides))


def _inside_cones(bones: list[FingerBone], wanted: Floats, pose: Pose) -> Floats:
    """Directions `[T, F, 3]` of thumb bones brought inside their cones."""
    ahead, _ = _frames(bones, pose)
    return inside_cone(wanted, ahead, np.array([THUMB_LIMITS[bone.places[0]] for bone in bones]))


def _frames(bones: list[FingerBone], pose: Pose) -> tuple[Floats, Floats]:
    """Posed directions straight ahead and hinge axes, `[T, F, 3]` each."""
    frames = np.stack([np.stack(bone.frame) for bone in bones if bone.frame is not None])
    # Not what the bone inherits: a phalanx without inherited rotation still bends against the one before.
    turns = np.stack([pose.turn_of(pose.bone(bone.before)) for bone in bones if bone.before], axis=1)
    return rotations.rotate(turns, frames[:, 0]), rotations.rotate(turns, frames[:, 1])


def hinge_limits(places: tuple[int, ...]) -> tuple[tuple[float, float], float]:
    """Least and most bend, and tilt to either side, in degrees, of a bone for one or more phalanges.

    One for several points to the middle of what they bend.
    """
    low, high = BEND_LIMITS[places[0]]
    low += sum(BEND_LIMITS[place][0] for place in places[1:]) / 2
    high += sum(BEND_LIMITS[place][1] for place in places[1:]) / 2
    return (low, min(high, 170.0)), SIDE_LIMITS[places[0]]


def bend_and_side(direction: Floats, ahead: Floats, hinge: Floats) -> tuple[Floats, Floats]:
    """Degrees `[...]` by which a direction bends about the hinge from straight ahead, and tilts along it."""
    inwards = rotations.cross(hinge, ahead)
    bend = np.degrees(np.arctan2(np.sum(direction * inwards, axis=-1), np.sum(direction * ahead, axis=-1)))
    side = np.degrees(np.arcsin(np.clip(np.sum(direction * hinge, axis=-1), -1.0, 1.0)))
    # Bent past 180° rather than stretched back beyond what breaks the joint.
    return np.where(bend < -120.0, bend + 360.0, bend), side


def inside_hinge(
    direction: Floats,
    ahead: Floats,
    hinge: Floats,
    bends: ArrayLike,
    sides: ArrayLike,
) -> Floats:
    """Directions `[..., 3]` within a hinge's limits in degrees; those inside stay exactly as they are.

    Args:
        direction, ahead, hinge: `[..., 3]` unit vectors.
        bends: least and most bend, `[2]` or `[2, ...]`.
        sides: tilt to either side.
    """
    bend, side = bend_and_side(direction, ahead, hinge)
    bent, tilted = np.clip(bend, *np.asarray(bends)), np.clip(side, -np.asarray(sides), sides)
    phi, theta = np.radians(bent)[..., None], np.radians(tilted)[..., None]
    flat = np.cos(phi) * ahead + np.sin(phi) * rotations.cross(hinge, ahead)
    limited = np.cos(theta) * flat + np.sin(theta) * hinge
    return np.where(((bent == bend) & (tilted == side))[..., None], direction, limited)


def inside_cone(direction: Floats, ahead: Floats, degrees: float | Floats) -> Floats:
    """Directions `[..., 3]` at most so far from straight ahead; those inside stay exactly as they are."""
    edge = np.cos(np.radians(degrees))
    cosine = np.clip(np.sum(direction * ahead, axis=-1), -1.0, 1.0)
    aside = unit(reject(direction, ahead))
    limited = np.asarray(edge)[..., None] * ahead + np.asarray(np.sin(np.radians(degrees)))[..., None] * aside
    return np.where((cosine >= edge)[..., None], direction, unit(limited))
