# SPDX-License-Identifier: GPL-3.0-or-later
"""Skin around twisting limbs, simulated by linear blend skinning: no candy wrappers where roll is shared."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from aqgt import rotations
from aqgt.retarget import Mapping, RetargetOptions, RigAnimation, RigDescription, match, solve
from aqgt.retarget.curves import unit
from tests.retarget.kinematics import posed_matrices
from tests.retarget.motions import FPS, load_rig
from tests.retarget.test_known_rotations import N_FRAMES, motion_from_rig

AS_IS = RetargetOptions(keep_out=False, limit_roll=False)


def with_twist_bones(rig: RigDescription, mapping: Mapping) -> tuple[RigDescription, Mapping]:
    """Twist bones beside the left upper arm (shares 1/3, 2/3) and forearm (1/2), as many game rigs have."""
    bones = rig.to_json()["bones"]
    twist = {}
    for role, end, shares in (
        ("left_upper_arm_1", "left_forearm_1", (1 / 3, 2 / 3)),
        ("left_forearm_1", "left_hand", (1 / 2,)),
    ):
        limb, last = (rig.index[mapping.bones[r]] for r in (role, end))
        way = rig.heads[last] - rig.heads[limb]
        made = []
        for share in shares:
            rest = rig.rest[limb].copy()
            rest[:3, 3] += share * way
            name = f"{rig.names[limb]}Twist{share:.2f}"
            tail = rest[:3, 3] + 0.2 * way
            bones.append({"name": name, "parent": rig.names[limb], "rest": rest, "tail": tail})
            made.append((name, share))
        twist[role] = tuple(made)
    return RigDescription.from_bones(bones), replace(mapping, twist=twist)


def turned(rig: RigDescription, mapping: Mapping, role: str, end: str, degrees: float) -> RigAnimation:
    """The rest pose with one bone turned about the line from its head to another's, by and by."""
    bone = mapping.bones[role]
    axis = unit(rig.heads[rig.index[mapping.bones[end]]] - rig.heads[rig.index[bone]])
    own = rig.rest[rig.index[bone], :3, :3].T @ axis
    angle = np.radians(degrees) * np.linspace(0, 1, N_FRAMES)
    q = rotations.from_axis_angle(np.tile(own, (N_FRAMES, 1)), angle)
    return RigAnimation((bone,), np.arange(N_FRAMES) / FPS, q[:, None], ("QUATERNION",))


def thinnest(rig: RigDescription, animation: RigAnimation, chain: list[str], axis: np.ndarray) -> float:
    """Least radius of rings of skin between each two bones in a row, half to each, against rest."""
    pose = posed_matrices(rig, animation)[-1]
    skinning = {b: pose[rig.index[b]] @ np.linalg.inv(rig.rest[rig.index[b]]) for b in chain}
    around = rotations.from_axis_angle(np.tile(axis, (24, 1)), np.linspace(0, 2 * np.pi, 24, endpoint=False))
    ring = 0.04 * rotations.rotate(around, rotations.perpendicular(axis))
    least = 1.0
    for first, second in pairwise(chain):
        points = np.concatenate([rig.heads[rig.index[second]] + ring, np.ones((24, 1))[:, :1]], axis=1)
        moved = points @ (0.5 * skinning[first] + 0.5 * skinning[second]).T
        moved = moved[:, :3] - moved[:, :3].mean(axis=0)
        least = min(least, float(np.linalg.norm(moved, axis=-1).min() / 0.04))
    return least


def rolled(kind: str) -> tuple[RigDescription, Mapping]:
    rig = load_rig("makehuman" if kind == "split" else "mixamo")
    mapping = match(rig)
    return with_twist_bones(rig, mapping) if kind == "twist bones" else (rig, mapping)


def limb_chain(mapping: Mapping, before: str, limb: str, after: str | None) -> list[str]:
    """Bones along a limb, in the order in which the skin passes from one to the next."""
    parts = [mapping.bones[role] for role in mapping.chain(limb)]
    beside = [bone for role in mapping.chain(limb) for bone, _ in mapping.twist.get(role, ())]
    chain = parts + beside if after else beside + parts
    return [mapping.bones[before], *chain, *([mapping.bones[after]] if after else [])]


@pytest.mark.parametrize("kind", ["shared", "split", "twist bones"])
@pytest.mark.parametrize("degrees", [90.0, -90.0])
def test_a_rolled_wrist_keeps_the_forearm_round(kind: str, degrees: float) -> None:
    rig, mapping = rolled(kind)
    known = turned(rig, mapping, "left_hand", "left_middle_1", degrees)
    animation = solve(motion_from_rig(rig, mapping, known), rig, mapping, AS_IS)
    last = mapping.chain("left_upper_arm")[-1]
    chain = limb_chain(mapping, last, "left_forearm", "left_hand")
    axis = unit(
        rig.heads[rig.index[mapping.bones["left_hand"]]]
        - rig.heads[rig.index[mapping.bones["left_forearm_1"]]]
    )
    assert thinnest(rig, known, chain, axis) < 0.75, "with all roll in the hand the skin collapses"
    assert thinnest(rig, animation, chain, axis) >= 0.9


@pytest.mark.parametrize("kind", ["split", "twist bones"])
@pytest.mark.parametrize("degrees", [80.0, -80.0])
def test_a_twisted_upper_arm_keeps_the_shoulder_round(kind: str, degrees: float) -> None:
    rig, mapping = rolled(kind)
    known = turned(rig, mapping, "left_upper_arm_1", "left_forearm_1", degrees)
    animation = solve(motion_from_rig(rig, mapping, known), rig, mapping, AS_IS)
    chain = limb_chain(mapping, "left_clavicle", "left_upper_arm", None)
    axis = unit(
        rig.heads[rig.index[mapping.bones["left_forearm_1"]]]
        - rig.heads[rig.index[mapping.bones["left_upper_arm_1"]]]
    )
    assert thinnest(rig, known, chain, axis) < 0.8
    assert thinnest(rig, animation, chain, axis) >= 0.9


def test_twist_bones_move_with_their_part_alone() -> None:
    rig, mapping = rolled("twist bones")
    known = turned(rig, mapping, "left_hand", "left_middle_1", 60.0)
    motion = motion_from_rig(rig, mapping, known)
    beside = {bone for bones in mapping.twist.values() for bone, _ in bones}
    assert beside <= set(solve(motion, rig, mapping).bones)
    without = mapping.without(lambda role: role.startswith("left_"))
    assert not beside & set(solve(motion, rig, without).bones)
    # Limbs and hand stand where they stood without twist bones.
    plain = load_rig("mixamo")
    first = posed_matrices(rig, solve(motion, rig, mapping, AS_IS))
    second = posed_matrices(plain, solve(motion, plain, match(plain), AS_IS))
    for role, bone in match(plain).bones.items():
        np.testing.assert_allclose(
            first[:, rig.index[bone], :3, 3], second[:, plain.index[bone], :3, 3], atol=1e-6, err_msg=role
        )
