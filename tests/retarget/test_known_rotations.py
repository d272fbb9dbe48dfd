# SPDX-License-Identifier: GPL-3.0-or-later
"""Pose a rig by known rotations, read its joints as if a tracker had, solve, compare the rotations."""

from __future__ import annotations

import numpy as np
import pytest

from aqgt import rotations, skeleton
from aqgt.motion import Motion
from aqgt.retarget import RetargetOptions, RigAnimation, RigDescription, match, solve
from aqgt.retarget.mapping import Mapping
from tests.retarget.kinematics import posed_heads
from tests.retarget.motions import FPS, load_rig, wander

N_FRAMES = 150


def known_animation(rig: RigDescription, mapping: Mapping, seed: int) -> RigAnimation:
    """Elbows hinge only, wrists and knuckles turn freely, fingers curl about one axis, the head turns."""
    rng = np.random.default_rng(seed)
    bones, quaternions = [], []

    def in_own_axes(bone: str, vectors: np.ndarray) -> np.ndarray:
        rest = rig.rest[rig.index[bone], :3, :3]
        return rotations.from_rotation_vector(vectors @ rest)

    for side in ("left", "right"):
        heads = {
            r: rig.heads[rig.index[mapping.bones[f"{side}_{r}"]]]
            for r in ("upper_arm_1", "forearm_1", "hand")
        }
        upper, fore = heads["forearm_1"] - heads["upper_arm_1"], heads["hand"] - heads["forearm_1"]
        hinge = np.cross(upper, fore) / np.linalg.norm(np.cross(upper, fore))
        bend = 0.5 * wander(rng, N_FRAMES, 1.0)[:, :1]
        for role, vectors in (
            ("upper_arm_1", wander(rng, N_FRAMES, 0.6)),
            ("forearm_1", hinge * bend),
            ("hand", wander(rng, N_FRAMES, 0.4) * 0.5),
        ):
            bone = mapping.bones[f"{side}_{role}"]
            bones.append(bone)
            quaternions.append(in_own_axes(bone, vectors))
        for finger in skeleton.FINGERS[1:]:
            bone = mapping.bones[f"{side}_{finger}_1"]
            bones.append(bone)
            along = rig.heads[rig.index[mapping.bones[f"{side}_{finger}_2"]]] - rig.heads[rig.index[bone]]
            square = np.cross(along, [0.3, 0.5, 0.8])
            angle = 0.4 * wander(rng, N_FRAMES, 1.0)[:, :1]
            quaternions.append(in_own_axes(bone, square / np.linalg.norm(square) * angle))
    order = np.argsort([rig.index[b] for b in bones])
    return RigAnimation(
        tuple(bones[i] for i in order),
        np.arange(N_FRAMES) / FPS,
        np.stack([quaternions[i] for i in order], axis=1),
        ("QUATERNION",) * len(bones),
    )


def motion_from_rig(rig: RigDescription, mapping: Mapping, animation: RigAnimation) -> Motion:
    """What a perfect tracker would see of the rig."""
    heads = posed_heads(rig, animation)
    joints = np.zeros((N_FRAMES, skeleton.N_JOINTS, 3))
    index = skeleton.JOINT_INDEX

    def put(joint: str, points: np.ndarray) -> None:
        joints[:, index[joint]] = points

    bones = mapping.bones
    put("pelvis", heads[bones["hips"]])
    put("spine", heads[bones["spine_2"]])
    put("thorax", heads[bones["neck_1"]])
    head = heads[bones["head"]]
    put("nose", head + [0, -0.09, 0.05])
    put("head_top", head + [0, 0, 0.18])
    for side in ("left", "right"):
        for joint, role in (
            ("shoulder", "upper_arm_1"),
            ("elbow", "forearm_1"),
            ("wrist", "hand"),
            ("hand", "hand"),
        ):
            put(f"{side}_{joint}", heads[bones[f"{side}_{role}"]])
        joints[:, index[f"{side}_hand"]] += [0, 0, 1e-4]
        for finger in skeleton.FINGERS:
            for k in (1, 2, 3):
                put(f"{side}_{finger}_{k}", heads[bones[f"{side}_{finger}_{k}"]])
            last = heads[bones[f"{side}_{finger}_3"]]
            put(f"{side}_{finger}_4", 2 * last - heads[bones[f"{side}_{finger}_2"]])
    return Motion.from_positions(np.stack([joints[..., 0], -joints[..., 2], joints[..., 1]], axis=-1), FPS)


@pytest.mark.parametrize("name", ["mixamo", "vroid"])
def test_known_rotations_come_back(name: str) -> None:
    rig = load_rig(name)
    mapping = match(rig)
    known = known_animation(rig, mapping, 4)
    motion = motion_from_rig(rig, mapping, known)
    solved = solve(motion, rig, mapping, RetargetOptions(keep_out=False))
    role_of = {bone: role for role, bone in mapping.bones.items()}
    for place, bone in enumerate(known.bones):
        found = solved.quaternions[:, solved.bones.index(bone)]
        gap = np.degrees(rotations.angle_between(found, known.quaternions[:, place]))
        role = role_of[bone].partition("_")[2]
        if role == "upper_arm_1":
            # The elbow's plane shows the twist, less what smoothing takes where it bends little.
            assert gap.mean() < 0.5, bone
        elif role not in ("forearm_1", "hand"):
            assert gap.max() < 0.1, bone
    # The forearm takes half of the wrist's roll on purpose; what both do together must be right.
    for side in ("left", "right"):
        pair = [mapping.bones[f"{side}_{r}"] for r in ("forearm_1", "hand")]
        assert np.degrees(chain_gap(rig, known, solved, pair).mean()) < 0.5, side


def chain_gap(rig: RigDescription, known: RigAnimation, solved: RigAnimation, pair: list[str]) -> np.ndarray:
    """Angle between what two bones in a row do together in one animation and in the other."""

    def together(animation: RigAnimation) -> np.ndarray:
        total = rotations.identity(N_FRAMES)
        for bone in pair:
            rest = rig.rest_rotations[rig.index[bone]]
            own = animation.quaternions[:, animation.bones.index(bone)]
            total = rotations.multiply(
                total, rotations.multiply(rotations.multiply(rest, own), rotations.conjugate(rest))
            )
        return total

    return rotations.angle_between(together(known), together(solved))


def test_the_rest_pose_itself_comes_back_as_no_rotation() -> None:
    rig = load_rig("mixamo")
    mapping = match(rig)
    still = RigAnimation((), np.arange(N_FRAMES) / FPS, np.zeros((N_FRAMES, 0, 4)), ())
    solved = solve(motion_from_rig(rig, mapping, still), rig, mapping)
    tips = {bone for role, bone in mapping.bones.items() if role[-2:] == "_3" and "spine" not in role}
    for place, bone in enumerate(solved.bones):
        if bone not in tips:  # tails are anybody's guess
            assert np.degrees(rotations.angle(solved.quaternions[:, place])).max() < 0.1, bone
