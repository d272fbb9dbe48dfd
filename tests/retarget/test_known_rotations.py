# SPDX-License-Identifier: GPL-3.0-or-later
"""Pose a rig by known rotations, read its joints as if a tracker had, solve, compare the rotations."""

from __future__ import annotations

import numpy as np
import pytest

from aqgt import rotations, skeleton
from aqgt.motion import Motion
from aqgt.retarget import RetargetOptions, RigAnimation, RigDescription, solve
from aqgt.retarget.mapping import Mapping
from tests.retarget.kinematics import angles, posed_heads
from tests.retarget.motions import FPS, FULL_RIGS, rig_and_mapping, wander

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
    put("spine", heads[bones.get("spine_2", bones["spine_1"])])
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


@pytest.mark.parametrize("name", FULL_RIGS)
def test_known_rotations_come_back(name: str) -> None:
    rig, mapping = rig_and_mapping(name)
    known = known_animation(rig, mapping, 4)
    motion = motion_from_rig(rig, mapping, known)
    solved = solve(motion, rig, mapping, RetargetOptions(keep_out=False))
    role_of = {bone: role for role, bone in mapping.bones.items()}
    for place, bone in enumerate(known.bones):
        if role_of[bone].split("_")[1] in skeleton.FINGERS:
            found = solved.quaternions[:, solved.bones.index(bone)]
            assert np.degrees(rotations.angle_between(found, known.quaternions[:, place])).max() < 0.1, bone
    for side in ("left", "right"):
        upper, fore = (
            [mapping.bones[r] for r in mapping.chain(f"{side}_{limb}")] for limb in ("upper_arm", "forearm")
        )
        # The elbow's plane shows the twist, less what smoothing takes where it bends little. The parts of a
        # split limb are not in line, and each twists about itself.
        allowed = 0.5 if len(upper) == 1 else 1.0
        if rest_bend(rig, mapping, side) < 12.0:
            allowed = 5.0  # a straight elbow at rest shows no plane: its axis is taken to face the front
        assert np.degrees(chain_gap(rig, known, solved, upper).mean()) < allowed, side
        # The forearm takes half of the wrist's roll on purpose; what both do together must be right.
        pair = [*fore, mapping.bones[f"{side}_hand"]]
        assert np.degrees(chain_gap(rig, known, solved, pair).mean()) < allowed, side


def rest_bend(rig: RigDescription, mapping: Mapping, side: str) -> float:
    """Degrees by which the elbow is bent at rest."""
    at = [rig.heads[rig.index[mapping.bones[f"{side}_{r}"]]] for r in ("upper_arm_1", "forearm_1", "hand")]
    return float(angles((at[1] - at[0])[None], (at[2] - at[1])[None])[0])


def chain_gap(rig: RigDescription, known: RigAnimation, solved: RigAnimation, pair: list[str]) -> np.ndarray:
    """Angle between what bones in a row do together in one animation and in the other."""

    def together(animation: RigAnimation) -> np.ndarray:
        total = rotations.identity(N_FRAMES)
        for bone in pair:
            rest = rig.rest_rotations[rig.index[bone]]
            own = rotations.identity(N_FRAMES)
            if bone in animation.bones:
                own = animation.quaternions[:, animation.bones.index(bone)]
            total = rotations.multiply(
                total, rotations.multiply(rotations.multiply(rest, own), rotations.conjugate(rest))
            )
        return total

    return rotations.angle_between(together(known), together(solved))


@pytest.mark.parametrize("name", FULL_RIGS)
def test_the_rest_pose_itself_comes_back_as_no_rotation(name: str) -> None:
    rig, mapping = rig_and_mapping(name)
    still = RigAnimation((), np.arange(N_FRAMES) / FPS, np.zeros((N_FRAMES, 0, 4)), ())
    solved = solve(motion_from_rig(rig, mapping, still), rig, mapping)
    tips = {bone for role, bone in mapping.bones.items() if role[-2:] == "_3" and "spine" not in role}
    for place, bone in enumerate(solved.bones):
        if bone not in tips:  # tails are anybody's guess
            assert np.degrees(rotations.angle(solved.quaternions[:, place])).max() < 0.1, bone
