# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion onto a rig: joint positions become bone rotations, whatever the rest pose, all frames at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations, skeleton
from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt.retarget import arms, fingers, hands, torso
from aqgt.retarget.animation import RigAnimation
from aqgt.retarget.arms import Arm
from aqgt.retarget.body import Body, body_of
from aqgt.retarget.contact import keep_together
from aqgt.retarget.depth import with_depth_gain
from aqgt.retarget.gaze import looking
from aqgt.retarget.keep_out import keep_out
from aqgt.retarget.mapping import Mapping
from aqgt.retarget.options import RetargetOptions
from aqgt.retarget.pose import Pose
from aqgt.retarget.rig import RigDescription
from aqgt.retarget.roles import part_of
from aqgt.retarget.source import Source
from aqgt.retarget.torso import median_rotation

Floats = NDArray[np.float64]


def solve(
    motion: Motion, rig: RigDescription, mapping: Mapping, options: RetargetOptions | None = None
) -> RigAnimation:
    """The rotations that make the rig move like the motion.

    Args:
        motion: one frame or more, any lengths, any frame rate.
        rig: the rest pose; it is never changed.
        mapping: what ``match`` returned.
        options: what to do besides.

    Raises:
        AqgtError: the motion has no frames, or the mapping names bones that the rig lacks.
    """
    options = options or RetargetOptions()
    if len(motion) == 0:
        raise AqgtError("The motion holds no frames.", "Generate or load a motion first.", "empty-motion")
    lacking = [bone for bone in mapping.bones.values() if bone not in rig.index]
    if lacking:
        raise AqgtError(
            f"The armature has no bone “{lacking[0]}”.",
            "Match the bone map with this armature again.",
            "stale-mapping",
        )
    motion = with_depth_gain(motion, options.depth_gain)
    if options.mirror:
        motion = motion.mirrored()
    if options.frame_rate is not None:
        motion = motion.resample(options.frame_rate)
    pose = Pose(rig, mapping, len(motion))
    _solve_pose(pose, Source(motion, options.smoothing), options)
    return _animation(pose, motion, options)


def _solve_pose(pose: Pose, source: Source, options: RetargetOptions) -> None:
    moves = options.parts
    chest = torso.chest_turn(pose, source)
    if "torso" in moves:
        torso.solve_spine(pose, chest)
    if "head" in moves and ("head" in pose or pose.mapping.chain("neck")):
        head = torso.head_turn(source, chest, options.head_neutral)
        if options.look_at is not None:
            head = looking(pose, options.look_at, chest, head, source.fps)
        torso.solve_head(pose, chest, head)
    sides = pose.mapping.sides()
    for side in sides:
        if f"{side}_arm" in moves:
            arms.solve_clavicle(pose, side, source.bone(skeleton.JOINT_INDEX[f"{side}_shoulder"]), chest)
    moving = {side: _arm(pose, side, source) for side in sides if f"{side}_arm" in moves}
    if options.keep_contact:
        keep_together(pose, source, moving)
    body = body_of(pose) if options.keep_out else None
    for side, arm in moving.items():
        _solve_arm(pose, side, arm, source, body, options)
    with_fingers = [side for side in sides if f"{side}_fingers" in moves]
    fingers.solve_fingers(pose, with_fingers, source, limit=options.limit_fingers)
    if options.hold_legs:
        _hold_legs(pose)


def _arm(pose: Pose, side: str, source: Source) -> Arm:
    joint = skeleton.JOINT_INDEX
    return Arm(
        arms.limb(pose, f"{side}_upper_arm", f"{side}_forearm_1"),
        arms.limb(pose, f"{side}_forearm", f"{side}_hand"),
        source.bone(joint[f"{side}_elbow"]),
        source.bone(joint[f"{side}_wrist"]),
    )


def _solve_arm(
    pose: Pose, side: str, arm: Arm, source: Source, body: Body | None, options: RetargetOptions
) -> None:
    if body is not None and f"{side}_hand" in pose:
        along, _, _ = hands.source_hand(source, side)
        lengths = (arm.upper_limb.length, arm.fore_limb.length, hands.hand_length(pose, side))
        arm.upper, arm.fore = keep_out(body, arm.shoulder(pose), arm.upper, arm.fore, along, lengths)
    elbow = arms.solve_upper_arm(
        pose, arm.upper_limb, arm.fore_limb.direction, arm.upper, arm.fore, source.fps
    )
    swing = arms.forearm_swing(elbow, arm.fore_limb, arm.fore)
    if f"{side}_hand" in pose and f"{side}_hand" in options.parts:
        hands.solve_hand(pose, side, arm.fore_limb, swing, source, limit_roll=options.limit_roll)
    else:
        for role in arm.fore_limb.roles:
            pose.set(role, swing)


def _hold_legs(pose: Pose) -> None:
    """Rest for the hips and every leg bone that is known."""
    held = sorted((pose.bone(role), role) for role in pose.bones if part_of(role) is None)
    for _, role in held:
        pose.set(role, pose.carrier(role))


def _animation(pose: Pose, motion: Motion, options: RetargetOptions) -> RigAnimation:
    order, local = pose.local_rotations()
    names = tuple(pose.rig.names[bone] for bone in order)
    for place, bone in enumerate(order):
        factor = options.intensity.get(part_of(pose.roles[bone]) or "", 1.0)
        if factor != 1.0:
            local[:, place] = _scale(local[:, place], factor)
    modes = tuple(pose.rig.rotation_modes[bone] for bone in order)
    return RigAnimation(names, motion.times, local, modes)


def _scale(q: Floats, factor: float) -> Floats:
    """Rotations `[T, 4]` moved away from (or towards) their middle by a factor."""
    middle = median_rotation(q)
    change = rotations.to_rotation_vector(rotations.multiply(rotations.conjugate(middle), q))
    return rotations.continuous(rotations.multiply(middle, rotations.from_rotation_vector(factor * change)))
