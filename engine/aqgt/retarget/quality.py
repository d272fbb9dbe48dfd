# SPDX-License-Identifier: GPL-3.0-or-later
"""How well an animated rig follows its motion: directions, palms, twist steps, hands inside the body."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations, skeleton
from aqgt.motion import Motion
from aqgt.retarget import hands, torso
from aqgt.retarget.animation import RigAnimation
from aqgt.retarget.body import body_of
from aqgt.retarget.curves import reject, unit
from aqgt.retarget.keep_out import ELBOW, hand_points
from aqgt.retarget.mapping import Mapping
from aqgt.retarget.pose import Pose
from aqgt.retarget.rig import RigDescription
from aqgt.retarget.roles import SIDES
from aqgt.retarget.source import Source

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Error:
    """Angles in degrees over all frames."""

    mean: float
    max: float


def posed(rig: RigDescription, mapping: Mapping, animation: RigAnimation) -> Pose:
    """The rig under the animation, by forward kinematics: positions and turns in character axes."""
    pose = Pose(rig, mapping, len(animation))
    to_armature = rotations.from_matrix(pose.axes)
    for place, name in enumerate(animation.bones):
        bone = rig.index[name]
        rest = rotations.multiply(rotations.conjugate(to_armature), rig.rest_rotations[bone])
        own = rotations.multiply(
            rotations.multiply(rest, animation.quaternions[:, place]), rotations.conjugate(rest)
        )
        # The rig's order puts parents first, so what is inherited is known here.
        pose.turns[bone] = rotations.multiply(pose.inherited(bone), own)
    return pose


def positions_in_armature(
    rig: RigDescription, mapping: Mapping, animation: RigAnimation
) -> dict[str, Floats]:
    """Posed heads `[T, 3]` in armature space by role."""
    pose = posed(rig, mapping, animation)
    return {role: pose.position(role) @ pose.axes.T for role in mapping.bones}


def direction_errors(
    motion: Motion, rig: RigDescription, mapping: Mapping, animation: RigAnimation
) -> dict[str, Error]:
    """Errors by segment: ``torso``, ``shoulder_line``, then per side ``upper_arm``, ``forearm``, ``hand``,
    ``palm`` and each finger bone but the last, whose end no joint marks (``left_index_1`` …).

    Every direction is taken from joint to joint, as the rest pose's bone axes are anybody's guess.
    """
    pose, source = posed(rig, mapping, animation), Source(motion)
    pairs: dict[str, tuple[Floats, Floats]] = {}
    if "hips" in pose and "neck_1" in pose:
        trunk = pose.position("neck_1") - pose.position("hips")
        pairs["torso"] = (trunk, source.direction(skeleton.PELVIS, skeleton.THORAX))
    if all(f"{side}_upper_arm_1" in pose for side in SIDES):
        line = pose.position("left_upper_arm_1") - pose.position("right_upper_arm_1")
        pairs["shoulder_line"] = (line, source.shoulder_line())
    for side in mapping.sides():
        pairs.update(_arm_pairs(pose, source, side))
    return {name: _error(*pair) for name, pair in pairs.items()}


def _arm_pairs(pose: Pose, source: Source, side: str) -> dict[str, tuple[Floats, Floats]]:
    joint = skeleton.JOINT_INDEX
    ends = [f"{side}_upper_arm_1", f"{side}_forearm_1", f"{side}_hand"]
    at = [pose.position(role) for role in ends if role in pose]
    pairs = {f"{side}_upper_arm": (at[1] - at[0], source.bone(joint[f"{side}_elbow"]))}
    if len(at) < 3:
        return pairs
    pairs[f"{side}_forearm"] = (at[2] - at[1], source.bone(joint[f"{side}_wrist"]))
    if all(f"{side}_{finger}_1" in pose for finger in skeleton.FINGERS[1:]):
        along, palm, _ = hands.source_hand(source, side)
        knuckle = {f: pose.position(f"{side}_{f}_1") - at[2] for f in skeleton.FINGERS[1:]}
        pairs[f"{side}_hand"] = (knuckle["middle"] + knuckle["ring"], along)
        normal = hands.palm_sign(side) * rotations.cross(unit(knuckle["index"]), unit(knuckle["little"]))
        pairs[f"{side}_palm"] = (reject(normal, unit(knuckle["middle"] + knuckle["ring"])), palm)
    for finger in skeleton.FINGERS:
        chain = skeleton.finger_chain(side, finger)
        for k in (1, 2):
            roles = f"{side}_{finger}_{k}", f"{side}_{finger}_{k + 1}"
            if all(role in pose for role in roles):
                segment = pose.position(roles[1]) - pose.position(roles[0])
                pairs[roles[0]] = (segment, source.direction(chain[k - 1], chain[k]))
    return pairs


def _error(reached: Floats, wanted: Floats) -> Error:
    reached, wanted = unit(reached), unit(wanted)
    angle = 2 * np.arctan2(
        np.linalg.norm(reached - wanted, axis=-1), np.linalg.norm(reached + wanted, axis=-1)
    )
    return Error(float(np.degrees(angle.mean())), float(np.degrees(angle.max())))


def twist_steps(rig: RigDescription, mapping: Mapping, animation: RigAnimation, role: str) -> Floats:
    """Degrees `[T - 1]` by which a bone twists about itself from frame to frame, its swing taken out."""
    pose = posed(rig, mapping, animation)
    bone = pose.bone(role)
    turn = pose.turn_of(bone)
    axis = rotations.rotate(turn, unit(pose.tails[bone] - pose.heads[bone]))
    carried = rotations.multiply(rotations.between(axis[:-1], axis[1:]), turn[:-1])
    step = rotations.multiply(turn[1:], rotations.conjugate(carried))
    return np.degrees(rotations.angle(step))


def joint_steps(animation: RigAnimation, bone: str) -> Floats:
    """Degrees `[T - 1]` by which a bone's own rotation changes from frame to frame."""
    q = animation.quaternions[:, animation.bones.index(bone)]
    return np.degrees(rotations.angle_between(q[1:], q[:-1]))


def head_error(motion: Motion, rig: RigDescription, mapping: Mapping, animation: RigAnimation) -> Error:
    """How far the head's turn is from the motion's, against its middle in the clip, seen from the chest."""
    pose, source = posed(rig, mapping, animation), Source(motion)
    chest = torso.chest_turn(pose, source)
    wanted = rotations.multiply(rotations.conjugate(chest), torso.head_turn(source, chest, "median"))
    reached = rotations.multiply(rotations.conjugate(chest), pose.turn_of(pose.bone("head")))
    angle = np.degrees(rotations.angle_between(wanted, reached))
    return Error(float(angle.mean()), float(angle.max()))


def penetration(rig: RigDescription, mapping: Mapping, animation: RigAnimation) -> dict[str, Floats]:
    """How deep `[T]` ``left_hand``, ``left_elbow``, … lie in torso or head, in metres of an adult.

    The flesh of hand and elbow counts; a rig without a torso to speak of gives an empty result.
    """
    pose = posed(rig, mapping, animation)
    body = body_of(pose)
    depths: dict[str, Floats] = {}
    if body is None:
        return depths
    for side in mapping.sides():
        depths[f"{side}_elbow"] = body.depth(pose.position(f"{side}_forearm_1"), ELBOW)
        if f"{side}_hand" not in pose:
            continue
        along_rest, _ = hands.rest_hand(pose, side)
        along = rotations.rotate(pose.turn_of(pose.bone(f"{side}_hand")), along_rest)
        points = hand_points(pose.position(f"{side}_hand"), along, hands.hand_length(pose, side))
        depths[f"{side}_hand"] = np.max([body.depth(point, radius) for point, radius in points], axis=0)
    return depths
