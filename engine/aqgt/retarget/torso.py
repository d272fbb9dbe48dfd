# SPDX-License-Identifier: GPL-3.0-or-later
"""Spine, neck and head."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations, skeleton
from aqgt.retarget.curves import hold_directions, unit
from aqgt.retarget.pose import FRONT, LEFT, UP, Pose, from_model_axes
from aqgt.retarget.source import Source

Floats = NDArray[np.float64]

# The chest's turn is spread with its lean; what is left after that, the chain leans as a whole.
_SPREAD_ROUNDS, _WHOLE_ROUNDS = 2, 2


def trunk_ends(pose: Pose) -> tuple[Floats, Floats] | None:
    """Rest positions of the pelvis and the base of the neck; None if the rig shows neither."""
    bottom = next((pose.head(role) for role in ("hips", "spine_1") if role in pose), None)
    top = next((pose.head(role) for role in ("neck_1", "head") if role in pose), None)
    if top is None:
        shoulders = [pose.head(role) for role in ("left_upper_arm_1", "right_upper_arm_1") if role in pose]
        top = np.mean(shoulders, axis=0) if shoulders else None
    if bottom is None or top is None or np.linalg.norm(top - bottom) < 1e-9:
        return None
    return bottom, top


def rest_shoulder_line(pose: Pose) -> Floats:
    """Unit vector from the right shoulder to the left one at rest."""
    if "left_upper_arm_1" in pose and "right_upper_arm_1" in pose:
        return unit(pose.head("left_upper_arm_1") - pose.head("right_upper_arm_1"))
    return LEFT


def chest_turn(pose: Pose, source: Source) -> Floats:
    """How the chest is turned `[T, 4]`: pelvis → neck exactly, the shoulder line as near as may be."""
    ends = trunk_ends(pose)
    rest_up = unit(ends[1] - ends[0]) if ends else UP
    up = source.direction(skeleton.PELVIS, skeleton.THORAX)
    return rotations.from_frames(rest_up, rest_shoulder_line(pose), up, source.shoulder_line())


def solve_spine(pose: Pose, chest: Floats) -> None:
    """Spread the chest's turn evenly over the spine bones, then lean all so that pelvis → neck is right."""
    chain = pose.mapping.chain("spine")
    ends = trunk_ends(pose)
    if not chain or ends is None:
        return
    joints = np.stack([ends[0], *(pose.head(role) for role in chain), ends[1]])
    segments = np.diff(joints, axis=0)
    wanted = rotations.rotate(chest, unit(ends[1] - ends[0]))
    shares = np.arange(1, len(chain) + 1) / len(chain)
    whole = chest
    for _ in range(_SPREAD_ROUNDS):
        parts = rotations.power(whole[:, None], shares)
        whole = rotations.multiply(_lean(parts, segments, wanted), whole)
    parts = rotations.power(whole[:, None], shares)
    for _ in range(_WHOLE_ROUNDS):
        parts = rotations.multiply(_lean(parts, segments, wanted)[:, None], parts)
    for place, role in enumerate(chain):
        pose.set(role, parts[:, place])


def _lean(parts: Floats, segments: Floats, wanted: Floats) -> Floats:
    """The turn `[T, 4]` still lacking from where the chain of parts `[T, K, 4]` ends to where it should."""
    reached = segments[0] + rotations.rotate(parts, segments[1:]).sum(axis=1)
    return rotations.between(reached, wanted)


def head_frame(to_nose: Floats, to_top: Floats) -> Floats:
    """Orientation `[..., 4]` of a head given neck → nose and nose → top `[..., 3]`.

    Nose → top lies wholly in the head, so it counts exactly; the neck only decides which way is sideways.
    """
    sideways = rotations.cross(to_top, to_nose)
    if sideways.ndim == 2:
        sideways = hold_directions(sideways, LEFT)
    return rotations.from_frames(unit(UP + FRONT * -0.7), LEFT, to_top, sideways)


def reference_head_frame() -> Floats:
    """The frame `[4]` of a head that looks straight ahead in the reference skeleton."""
    vectors = from_model_axes(skeleton.bone_vectors_from_positions(skeleton.REFERENCE_REST))
    return head_frame(vectors[skeleton.NOSE], vectors[skeleton.HEAD_TOP])


def head_turn(source: Source, chest: Floats, neutral: str) -> Floats:
    """How the head is turned `[T, 4]` from looking straight ahead.

    Trackers disagree on where nose and top lie, so only the change against a neutral is copied: against the
    clip's median (relative to the chest), or against the reference skeleton's head.
    """
    frame = head_frame(source.bone(skeleton.NOSE), source.bone(skeleton.HEAD_TOP))
    if neutral == "reference":
        return rotations.multiply(frame, rotations.conjugate(reference_head_frame()))
    in_chest = rotations.multiply(rotations.conjugate(chest), frame)
    change = rotations.multiply(in_chest, rotations.conjugate(median_rotation(in_chest)))
    return rotations.multiply(chest, change)


def median_rotation(q: Floats) -> Floats:
    """The middle `[4]` of rotations over time `[T, 4]`, robust against a few wild frames."""
    return rotations.normalize(np.median(_same_sign(q), axis=0))


def _same_sign(q: Floats) -> Floats:
    """Quaternions `[T, 4]` with signs towards their main direction, so that they can be averaged."""
    _, axes = np.linalg.eigh(q.T @ q)
    return np.where((q @ axes[:, -1])[:, None] < 0, -q, q)


def solve_head(pose: Pose, chest: Floats, head: Floats) -> None:
    """Give neck bones a growing share of the head's turn against the chest, and the head all of it."""
    chain = pose.mapping.chain("neck")
    n_parts = len(chain) + ("head" in pose)  # without a head bone the neck ends in its turn
    for place, role in enumerate(chain):
        pose.set(role, rotations.slerp(chest, head, (place + 1) / n_parts))
    if "head" in pose:
        pose.set("head", head)
