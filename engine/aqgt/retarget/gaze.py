# SPDX-License-Identifier: GPL-3.0-or-later
"""The head turned towards a target, blended over its own motion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations
from aqgt.retarget.curves import unit
from aqgt.retarget.options import LookAt
from aqgt.retarget.pose import FRONT, LEFT, UP, Pose

Floats = NDArray[np.float64]

# Where the eyes are, from the head's joint, in shares of the distance between the shoulder joints.
_EYES_UP, _EYES_FORWARD = 0.25, 0.25
_ROUNDS = 2  # the eyes move with the head they turn


def looking(pose: Pose, look: LookAt, chest: Floats, head: Floats, fps: float) -> Floats:
    """The head's turn `[T, 4]`: ``head`` led towards the target by the blend, within the limits.

    Yaw and pitch are measured from the chest, without roll. Where the target is out of reach, the head goes
    as far as it may.

    Args:
        pose: torso solved.
        look: target, blend and limits.
        chest: `[T, 4]` turn of the chest.
        head: `[T, 4]` turn of the head in the motion.
        fps: frame rate of the result.
    """
    target = _track(look.target, look.fps, fps, pose.n_frames) @ pose.axes
    blend = _track(np.atleast_1d(look.blend)[:, None], look.fps, fps, pose.n_frames)[:, 0]
    role = "head" if "head" in pose else pose.mapping.chain("neck")[-1]
    joint, eyes = pose.position(role), _eyes(pose)
    turn = head
    for _ in range(1 if look.is_direction else _ROUNDS):
        direction = target if look.is_direction else target - joint - rotations.rotate(turn, eyes)
        turn = rotations.slerp(head, rotations.multiply(chest, _aim(direction, chest, look)), blend)
    return turn


def _aim(direction: Floats, chest: Floats, look: LookAt) -> Floats:
    """The turn `[T, 4]` within the chest that makes FRONT point along ``direction``, limited."""
    seen = unit(rotations.rotate(rotations.conjugate(chest), direction))
    seen = np.where(np.linalg.norm(seen, axis=-1, keepdims=True) > 0, seen, FRONT)
    yaw = np.unwrap(np.arctan2(seen @ LEFT, seen @ FRONT))
    # Behind the back both ways are as far: the head waits on the side it is on.
    yaw = np.clip(yaw, -np.radians(look.max_yaw), np.radians(look.max_yaw))
    pitch = np.arcsin(np.clip(seen @ UP, -1.0, 1.0))
    pitch = np.clip(pitch, -np.radians(look.max_pitch), np.radians(look.max_pitch))
    return rotations.multiply(
        rotations.from_axis_angle(np.broadcast_to(UP, seen.shape), yaw),
        rotations.from_axis_angle(np.broadcast_to(-LEFT, seen.shape), pitch),
    )


def _eyes(pose: Pose) -> Floats:
    """Offset `[3]` of the eyes from the head's joint at rest."""
    if not all(f"{side}_upper_arm_1" in pose for side in ("left", "right")):
        return np.zeros(3)
    width = float(np.linalg.norm(pose.head("left_upper_arm_1") - pose.head("right_upper_arm_1")))
    return width * (_EYES_UP * UP + _EYES_FORWARD * FRONT)


def _track(values: Floats, own_fps: float | None, fps: float, n_frames: int) -> Floats:
    """A track `[N, C]` at the frames of the result `[T, C]`, its last value held."""
    at = np.arange(n_frames) * ((own_fps or fps) / fps)
    known = np.arange(len(values))
    return np.stack([np.interp(at, known, column) for column in values.T], axis=-1)
