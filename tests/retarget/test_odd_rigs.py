# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigs that lack bones, have more of them, or stray tails; objects scaled, turned, mirrored; odd motions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from aqgt import rotations, skeleton
from aqgt.motion import Motion
from aqgt.retarget import Mapping, RetargetOptions, RigDescription, match, quality, read, solve
from aqgt.retarget.roles import part_of
from tests.retarget.kinematics import angles, posed_heads, posed_matrices, rehung
from tests.retarget.motions import FPS, RIG_NAMES, load_rig, rig_and_mapping, sample_motion, with_noise

AS_IS = RetargetOptions(keep_out=False)
JOINT = skeleton.JOINT_INDEX


@pytest.fixture(scope="module")
def motion() -> Motion:
    return sample_motion(3, 120)


def pruned(rig: RigDescription, mapping: Mapping, *roles: str) -> tuple[RigDescription, Mapping]:
    """The rig without the bones of some roles; their children hang on what carried them."""
    gone = {mapping.bones[role] for role in roles}
    bones = {bone["name"]: bone for bone in rig.to_json()["bones"]}

    def parent_of(name: str) -> Any:
        parent = bones[name]["parent"]
        return parent_of(parent) if parent in gone else parent

    kept = [{**bone, "parent": parent_of(name)} for name, bone in bones.items() if name not in gone]
    left = {role: bone for role, bone in mapping.bones.items() if role not in roles}
    return RigDescription.from_bones(kept), replace(mapping, bones=left)


def wanted(motion: Motion, start: str, end: str) -> np.ndarray:
    """Directions `[T, 3]` from joint to joint, in Blender's axes."""
    at = motion.positions().astype(np.float64)
    return (at[:, JOINT[end]] - at[:, JOINT[start]])[:, [0, 2, 1]] * [1, 1, -1]


def test_a_finger_of_two_bones_points_from_joint_to_joint(motion: Motion) -> None:
    rig, mapping = pruned(load_rig("mixamo"), match(load_rig("mixamo")), "left_index_3", "right_middle_2")
    heads = posed_heads(rig, solve(motion, rig, mapping, AS_IS))
    at = {role: heads[bone] for role, bone in mapping.bones.items()}
    first = at["left_index_2"] - at["left_index_1"]
    assert angles(first, wanted(motion, "left_index_1", "left_index_2")).max() < 0.1
    both = at["right_middle_3"] - at["right_middle_1"]
    assert angles(both, wanted(motion, "right_middle_1", "right_middle_3")).max() < 0.1
    back = read(rig, mapping, posed_matrices(rig, solve(motion, rig, mapping, AS_IS)), FPS)
    tip = wanted(back, "left_index_2", "left_index_4")
    assert angles(tip, wanted(motion, "left_index_2", "left_index_4")).max() < 1.0


def test_mittens_curl(motion: Motion) -> None:
    full = load_rig("mixamo")
    fingers = [f"{s}_{f}_{k}" for s in ("left", "right") for f in skeleton.FINGERS for k in (2, 3)]
    rig, mapping = pruned(full, match(full), *fingers)
    animation = solve(motion, rig, mapping, AS_IS)
    back = read(rig, mapping, posed_matrices(rig, animation), FPS)
    for finger in skeleton.FINGERS:
        ends = f"left_{finger}_1", f"left_{finger}_4"
        assert angles(wanted(back, *ends), wanted(motion, *ends)).max() < 1.0, finger


@pytest.mark.parametrize(
    "gone",
    [
        ("left_clavicle", "right_clavicle"),
        ("spine_1", "spine_2"),
        ("spine_1", "spine_2", "spine_3"),
        ("neck_1",),
        ("head",),
        ("hips",),
        ("left_hand",),
        ("right_upper_arm_1",),
    ],
    ids="-".join,
)
def test_missing_bones_hand_their_part_on(gone: tuple[str, ...], motion: Motion) -> None:
    rig, mapping = pruned(load_rig("mixamo"), match(load_rig("mixamo")), *gone)
    animation = solve(motion, rig, mapping, AS_IS)
    assert np.isfinite(animation.quaternions).all()
    errors = quality.direction_errors(motion, rig, mapping, animation)
    assert errors["left_upper_arm"].max < 0.1
    for name in ("left_forearm", "left_palm", "right_index_2"):
        if name in errors:
            assert errors[name].max < 3.0, name
    if gone == ("head",):
        assert "mixamorig:Neck" in animation.bones
        full = load_rig("mixamo")
        whole = solve(motion, full, match(full), AS_IS)
        turns = [
            quality.posed(r, m, a) for r, m, a in ((rig, mapping, animation), (full, match(full), whole))
        ]
        ends = [t.turn_of(t.bone(role)) for t, role in zip(turns, ("neck_1", "head"), strict=True)]
        assert np.degrees(rotations.angle_between(*ends)).max() < 0.5, "the neck ends in the head's turn"


@pytest.mark.parametrize("parts", [1, 2, 7])
def test_spines_of_any_length(parts: int, motion: Motion) -> None:
    full = load_rig("mixamo")
    rig, mapping = pruned(full, match(full), "spine_2", "spine_3")
    bones = {bone["name"]: bone for bone in rig.to_json()["bones"]}
    start = rig.heads[rig.index["mixamorig:Spine"]]
    way = rig.heads[rig.index["mixamorig:Neck"]] - start
    last, roles = "mixamorig:Spine", {"spine_1": "mixamorig:Spine"}
    for k in range(1, parts):
        rest = rig.rest[rig.index["mixamorig:Spine"]].copy()
        rest[:3, 3] = start + way * k / parts
        bones[f"s{k}"] = {"name": f"s{k}", "parent": last, "rest": rest, "tail": rest[:3, 3] + way / parts}
        last = roles[f"spine_{k + 1}"] = f"s{k}"
    for bone in bones.values():
        if bone["parent"] == "mixamorig:Spine" and bone["name"] not in roles.values():
            bone["parent"] = last
    long = RigDescription.from_bones(list(bones.values()))
    mapping = replace(mapping, bones={**mapping.bones, **roles})
    animation = solve(motion, long, mapping, AS_IS)
    assert set(roles.values()) <= set(animation.bones)
    errors = quality.direction_errors(motion, long, mapping, animation)
    assert errors["torso"].mean < 2.0
    assert errors["left_forearm"].max < 0.1


def test_tails_that_importers_let_stray_do_not_bend_fingers(motion: Motion) -> None:
    rig = load_rig("mixamo")
    mapping = match(rig)
    last = [rig.index[mapping.bones[f"left_{f}_3"]] for f in skeleton.FINGERS[1:]]
    heads, tails = rig.heads[last], rig.tails.copy()
    before = rig.heads[[rig.index[mapping.bones[f"left_{f}_2"]] for f in skeleton.FINGERS[1:]]]
    size = np.linalg.norm(tails[last] - heads, axis=-1, keepdims=True)
    tails[last] = heads + size * [0.0, 0.0, 1.0]
    astray = solve(motion, replace(rig, tails=tails), mapping, AS_IS)
    onwards = heads - before
    tails[last] = heads + size * onwards / np.linalg.norm(onwards, axis=-1, keepdims=True)
    straight = solve(motion, replace(rig, tails=tails), mapping, AS_IS)
    np.testing.assert_allclose(astray.quaternions, straight.quaternions, atol=1e-9)


def test_a_leaf_bone_marks_the_end_of_a_finger(motion: Motion) -> None:
    rig = load_rig("mixamo")
    mapping = match(rig)
    bones = rig.to_json()["bones"]
    bone = rig.index[mapping.bones["left_index_3"]]
    rest = rig.rest[bone].copy()
    rest[:3, 3] = rig.tails[bone]
    bones.append(
        {"name": "leaf", "parent": rig.names[bone], "rest": rest, "tail": rest[:3, 3] + [0, 0, 0.01]}
    )
    with_leaf = RigDescription.from_bones(bones)
    stray = with_leaf.tails.copy()
    stray[with_leaf.index[rig.names[bone]]] += [0.0, 0.0, 0.02]
    first = solve(motion, rig, mapping, AS_IS)
    second = solve(motion, replace(with_leaf, tails=stray), mapping, AS_IS)
    np.testing.assert_allclose(first.quaternions, second.quaternions, atol=1e-6)


@pytest.mark.parametrize("scale", [(0.01,) * 3, (2.0, 1.0, 0.5), (-1.0, 1.0, 1.0), (-1.0, -1.0, -1.0)])
def test_the_objects_own_transform_changes_no_rotation(scale: tuple, motion: Motion) -> None:
    """A mirrored object shows the mirrored motion, as it does with every action."""
    rig = load_rig("mixamo")
    world = np.eye(4)
    world[:3, :3] = rotations.to_matrix(rotations.from_euler([0.3, 1.0, -2.0])) * scale
    world[:3, 3] = 5.0
    moved = solve(motion, replace(rig, matrix_world=world), match(rig))
    np.testing.assert_array_equal(moved.quaternions, solve(motion, rig, match(rig)).quaternions)


@pytest.mark.parametrize("name", RIG_NAMES)
def test_controls_and_rehung_bones_are_solved_alike(name: str, motion: Motion) -> None:
    rig = load_rig(name)
    mapping = match(rig)
    first, second = (solve(motion, r, mapping, AS_IS) for r in (rig, rehung(rig, mapping)))
    assert set(first.bones) == set(second.bones)
    for place, bone in enumerate(first.bones):
        other = second.quaternions[:, second.bones.index(bone)]
        assert rotations.angle_between(first.quaternions[:, place], other).max() < 1e-5


@pytest.mark.parametrize("name", RIG_NAMES)
def test_bones_that_do_not_inherit_rotation(name: str, motion: Motion) -> None:
    rig, mapping = rig_and_mapping(name)
    free = np.ones(len(rig), dtype=bool)
    for role in ("left_upper_arm_1", "right_hand", "head", "left_index_2"):
        if role in mapping.bones:
            free[rig.index[mapping.bones[role]]] = False
    rig = replace(rig, inherit_rotation=free)
    heads = posed_heads(rig, solve(motion, rig, mapping, AS_IS))
    at = {role: heads[bone] for role, bone in mapping.bones.items()}
    for side in ("left", "right"):
        upper = at[f"{side}_forearm_1"] - at[f"{side}_upper_arm_1"]
        assert angles(upper, wanted(motion, f"{side}_shoulder", f"{side}_elbow")).max() < 0.1
        fore = at[f"{side}_hand"] - at[f"{side}_forearm_1"]
        assert angles(fore, wanted(motion, f"{side}_elbow", f"{side}_wrist")).max() < 0.1
        if f"{side}_index_3" in at:
            first = at[f"{side}_index_3"] - at[f"{side}_index_2"]
            assert angles(first, wanted(motion, f"{side}_index_2", f"{side}_index_3")).max() < 0.1


def behind_the_back(n_frames: int = 90) -> Motion:
    """Straight arms swing from the sides to behind the back, with a little noise."""
    positions = np.tile(skeleton.REFERENCE_REST, (n_frames, 1, 1))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        whole = [JOINT[f"{side}_elbow"], JOINT[f"{side}_wrist"]]
        whole += list(skeleton.LEFT_HAND_JOINTS if side == "left" else skeleton.RIGHT_HAND_JOINTS)
        shoulder = skeleton.REFERENCE_REST[JOINT[f"{side}_shoulder"]]
        down = rotations.from_axis_angle([0.0, 0.0, 1.0], sign * 1.2)
        back = rotations.from_axis_angle([0.0, 1.0, 0.0], -sign * np.linspace(0.0, 2.2, n_frames))
        turn = rotations.multiply(back, down)
        positions[:, whole] = shoulder + rotations.rotate(turn[:, None], positions[:, whole] - shoulder)
    return with_noise(Motion.from_positions(positions, FPS), 0.002)


def coincident() -> Motion:
    """Joints fall together for a third of the clip."""
    motion = sample_motion(4, 90)
    vectors = motion.bone_vectors.copy()
    vectors[30:60, [JOINT["left_elbow"], JOINT["right_wrist"], *skeleton.LEFT_HAND_JOINTS]] = 0.0
    return replace(motion, bone_vectors=vectors)


@pytest.mark.parametrize("name", RIG_NAMES)
@pytest.mark.parametrize("make", [behind_the_back, coincident])
def test_odd_motions_give_finite_continuous_rotations(name: str, make: Any) -> None:
    rig, mapping = rig_and_mapping(name)
    motion = make()
    for options in (AS_IS, RetargetOptions(keep_contact=True, smoothing="light")):
        animation = solve(motion, rig, mapping, options)
        q = animation.quaternions
        assert np.isfinite(q).all()
        np.testing.assert_allclose(np.linalg.norm(q, axis=-1), 1.0, atol=1e-9)
        assert np.sum(q[1:] * q[:-1], axis=-1).min() >= 0
    if make is behind_the_back:
        for side in ("left", "right"):
            steps = quality.twist_steps(rig, mapping, solve(motion, rig, mapping), f"{side}_upper_arm_1")
            assert steps.max() < 20.0


@pytest.mark.parametrize("name", RIG_NAMES)
def test_hips_and_legs_never_move_by_themselves(name: str, motion: Motion) -> None:
    rig, mapping = rig_and_mapping(name)
    role_of = {bone: role for role, bone in mapping.bones.items()}
    assert all(part_of(role_of[bone]) for bone in solve(motion, rig, mapping).bones if bone in role_of)
