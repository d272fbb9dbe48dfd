# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion onto a rig: joint positions become bone rotations, whatever the rest pose, all frames at once."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations, skeleton
from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt.retarget import arms, fingers, hands, torso
from aqgt.retarget.animation import RigAnimation
from aqgt.retarget.body import Body, body_of
from aqgt.retarget.mapping import Mapping
from aqgt.retarget.keep_out import keep_out
from aqgt.retarget.pose import Pose
from aqgt.retarget.rig import RigDescription
from aqgt.retarget.roles import PARTS, part_of
from aqgt.retarget.source import SMOOTHING_SECONDS, Source
from aqgt.retarget.torso import median_rotation

Floats = NDArray[np.float64]

HEAD_NEUTRALS = ("median", "reference")


@dataclass(frozen=True)
class RetargetOptions:
    """What a user may choose.

    Attributes:
        parts: the parts that move (see ``roles.PARTS``); bones of the others get no curves.
        intensity: part to factor ≥ 0; scales how far it moves from its middle pose in the clip, 1 = as is.
        mirror: exchange left and right.
        smoothing: ``none``, ``light`` or ``strong``; symmetric in time, so nothing comes late.
        fps: frame rate of the result; None keeps the motion's.
        head_neutral: what counts as looking ahead: the clip's ``median``, or the ``reference`` skeleton.
        limit_roll: keep forearm and wrist within what a human can turn.
        limit_fingers: keep finger joints within what they can bend.
        keep_out: bend the arms where hands or elbows would lie in torso or head.
    """

    parts: frozenset[str] = frozenset(PARTS)
    intensity: MappingType[str, float] = field(default_factory=dict)
    mirror: bool = False
    smoothing: str = "none"
    fps: float | None = None
    head_neutral: str = "median"
    limit_roll: bool = True
    limit_fingers: bool = True
    keep_out: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", frozenset(self.parts))
        unknown = sorted((set(self.parts) | set(self.intensity)) - set(PARTS))
        if unknown:
            raise _bad_option(f"“{unknown[0]}” is no part of the body.", PARTS)
        if self.smoothing not in SMOOTHING_SECONDS:
            raise _bad_option(f"“{self.smoothing}” is no smoothing.", tuple(SMOOTHING_SECONDS))
        if self.head_neutral not in HEAD_NEUTRALS:
            raise _bad_option(f"“{self.head_neutral}” is no neutral of the head.", HEAD_NEUTRALS)
        if not all(np.isfinite(f) and f >= 0 for f in self.intensity.values()):
            raise AqgtError(
                "An intensity is not a number of 0 or more.", "Give 1 for the motion as it is.", "bad-option"
            )


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
    if options.mirror:
        motion = motion.mirrored()
    if options.fps is not None:
        motion = motion.resample(options.fps)
    pose = Pose(rig, mapping, len(motion))
    _solve_pose(pose, Source(motion, options.smoothing), options)
    return _animation(pose, motion, options)


def _solve_pose(pose: Pose, source: Source, options: RetargetOptions) -> None:
    moves = options.parts
    chest = torso.chest_turn(pose, source)
    if "torso" in moves:
        torso.solve_spine(pose, chest)
    if "head" in moves:
        torso.solve_head(pose, chest, torso.head_turn(source, chest, options.head_neutral))
    sides = pose.mapping.sides()
    for side in sides:
        if f"{side}_arm" in moves:
            arms.solve_clavicle(pose, side, source.bone(skeleton.JOINT_INDEX[f"{side}_shoulder"]), chest)
    body = body_of(pose) if options.keep_out else None
    for side in sides:
        if f"{side}_arm" in moves:
            _solve_arm(pose, side, source, body, options)
        if f"{side}_fingers" in moves:
            fingers.solve_fingers(pose, side, source, limit=options.limit_fingers)


def _solve_arm(pose: Pose, side: str, source: Source, body: Body | None, options: RetargetOptions) -> None:
    upper_limb = arms.limb(pose, f"{side}_upper_arm", f"{side}_forearm_1")
    fore_limb = arms.limb(pose, f"{side}_forearm", f"{side}_hand")
    upper, fore = (source.bone(skeleton.JOINT_INDEX[f"{side}_{joint}"]) for joint in ("elbow", "wrist"))
    if body is not None and f"{side}_hand" in pose:
        along, _, _ = hands.source_hand(source, side)
        lengths = (upper_limb.length, fore_limb.length, hands.hand_length(pose, side))
        upper, fore = keep_out(body, pose.position(upper_limb.roles[0]), upper, fore, along, lengths)
    elbow = arms.solve_upper_arm(pose, upper_limb, fore_limb.direction, upper, fore, source.fps)
    swing = arms.forearm_swing(elbow, fore_limb, fore)
    if f"{side}_hand" in pose and f"{side}_hand" in options.parts:
        hands.solve_hand(pose, side, fore_limb, swing, source, limit_roll=options.limit_roll)
    else:
        for role in fore_limb.roles:
            pose.set(role, swing)


def _animation(pose: Pose, motion: Motion, options: RetargetOptions) -> RigAnimation:
    order, local = pose.local_rotations()
    names = tuple(pose.rig.names[bone] for bone in order)
    role_of = {bone: role for role, bone in pose.bones.items()}
    for place, name in enumerate(names):
        factor = options.intensity.get(part_of(role_of[name]) or "", 1.0)
        if factor != 1.0:
            local[:, place] = _scale(local[:, place], factor)
    modes = tuple(pose.rig.rotation_modes[bone] for bone in order)
    return RigAnimation(names, motion.times, local, modes)


def _scale(q: Floats, factor: float) -> Floats:
    """Rotations `[T, 4]` moved away from (or towards) their middle by a factor."""
    middle = median_rotation(q)
    change = rotations.to_rotation_vector(rotations.multiply(rotations.conjugate(middle), q))
    return rotations.continuous(rotations.multiply(middle, rotations.from_rotation_vector(factor * change)))


def _bad_option(sentence: str, allowed: tuple[str, ...]) -> AqgtError:
    return AqgtError(sentence, f"Pick one of {', '.join(allowed)}.", "bad-option")
