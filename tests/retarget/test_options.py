# SPDX-License-Identifier: GPL-3.0-or-later
"""Options beside the plain solve: gaze, depth, legs, frame rates, the body's thickness."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aqgt import rotations, skeleton
from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt.retarget import (
    PARTS,
    LookAt,
    RetargetOptions,
    RigDescription,
    estimate_depth_gain,
    match,
    quality,
    solve,
)
from aqgt.retarget.depth import with_depth_gain
from tests.retarget.kinematics import angles, posed_heads, posed_matrices
from tests.retarget.motions import load_rig, sample_motion, with_noise
from tests.retarget.test_keep_out import folded_motion


@pytest.fixture(scope="module")
def rig() -> RigDescription:
    return load_rig("mixamo")


@pytest.fixture(scope="module")
def motion() -> Motion:
    return sample_motion(3, 90)


def facing(rig: RigDescription, motion: Motion, look: LookAt | None) -> tuple[np.ndarray, np.ndarray]:
    """Where the face points `[T, 3]` and where the head's joint is, in armature space."""
    mapping = match(rig)
    pose = posed_matrices(rig, solve(motion, rig, mapping, RetargetOptions(look_at=look)))
    head = rig.index[mapping.bones["head"]]
    turn = pose[:, head, :3, :3] @ rig.rest[head, :3, :3].T
    return turn @ np.array([0.0, -1.0, 0.0]), pose[:, head, :3, 3]


def test_the_head_looks_at_a_point_in_reach(rig: RigDescription, motion: Motion) -> None:
    target = np.array([0.5, -2.0, 1.8])
    front, head = facing(rig, motion, LookAt(target))
    # The eyes lie some centimetres before and above the joint.
    assert angles(front, target - head).max() < 5.0
    half, _ = facing(rig, motion, LookAt(target, blend=0.5))
    free, _ = facing(rig, motion, None)
    assert angles(half, front).mean() < 0.75 * angles(free, front).mean()
    none, _ = facing(rig, motion, LookAt(target, blend=0.0))
    np.testing.assert_allclose(none, free, atol=1e-9)


def test_a_direction_track_is_followed_and_its_last_value_held(rig: RigDescription, motion: Motion) -> None:
    angle = np.linspace(-0.6, 0.6, 31)
    track = np.stack([np.sin(angle), -np.cos(angle), np.zeros(31)], axis=-1)
    front, _ = facing(rig, motion, LookAt(track, is_direction=True, fps=15.0))
    shown = np.repeat(track, 2, axis=0)[:61]
    assert angles(front[:61:2], shown[::2]).max() < 1.0
    assert angles(front[62:], np.broadcast_to(track[-1], front[62:].shape)).max() < 1.0


def test_what_lies_out_of_reach_is_looked_towards_within_the_limits(rig: RigDescription) -> None:
    still = Motion.from_positions(np.tile(skeleton.REFERENCE_REST, (5, 1, 1)), 30.0)
    front, _ = facing(rig, still, LookAt([5.0, 5.0, 1.5], max_yaw=50.0, max_pitch=20.0))
    yaw = np.degrees(np.arctan2(front[:, 0], -front[:, 1]))
    np.testing.assert_allclose(yaw, 50.0, atol=3.0)
    front, _ = facing(rig, still, LookAt([0.0, -0.5, 9.0], max_yaw=50.0, max_pitch=20.0))
    np.testing.assert_allclose(np.degrees(np.arcsin(front[:, 2])), 20.0, atol=3.0)


@pytest.mark.parametrize(
    "wrong", [{"target": [0, 1]}, {"target": [0, 1, np.nan]}, {"target": [0, 1, 0], "blend": 2.0},
              {"target": [0, 1, 0], "max_yaw": -5.0}],
)  # fmt: skip
def test_a_look_that_makes_no_sense_is_refused(wrong: dict) -> None:
    with pytest.raises(AqgtError) as caught:
        LookAt(**wrong)
    assert caught.value.next_step


@pytest.mark.parametrize("gain", [0.5, 0.7, 1.4, 2.0])
def test_the_depth_gain_is_found_and_undone(gain: float) -> None:
    motion = sample_motion(5, 300)
    squeezed = motion.positions().astype(np.float64) / [1.0, 1.0, gain]
    flat = Motion.from_positions(squeezed, motion.fps)
    for lengths in (None, skeleton.REFERENCE_LENGTHS):
        assert estimate_depth_gain(flat, lengths) == pytest.approx(gain, rel=0.02)
        assert estimate_depth_gain(with_noise(flat, 0.005), lengths) == pytest.approx(gain, rel=0.15)
    undone = with_depth_gain(flat, gain)
    wanted, got = motion.bone_vectors[:, 1:], undone.bone_vectors[:, 1:]
    # Directions come back but for float32; lengths stay as they were given.
    assert angles(wanted, got).max() < 0.1
    np.testing.assert_allclose(
        np.linalg.norm(got, axis=-1), np.linalg.norm(flat.bone_vectors[:, 1:], axis=-1), rtol=1e-4
    )


def test_depth_that_cannot_be_judged_is_left_alone() -> None:
    motion = sample_motion(5, 60)
    assert estimate_depth_gain(motion) == pytest.approx(1.0, abs=1e-3)
    assert estimate_depth_gain(replace(motion, bone_vectors=motion.bone_vectors[:0])) == 1.0
    one = replace(motion, bone_vectors=np.repeat(motion.bone_vectors[:1], 30, axis=0))
    assert estimate_depth_gain(one) == 1.0


def test_the_option_scales_depth(rig: RigDescription, motion: Motion) -> None:
    mapping = match(rig)
    options = RetargetOptions(keep_out=False, depth_gain=1.5)
    errors = quality.direction_errors(
        with_depth_gain(motion, 1.5), rig, mapping, solve(motion, rig, mapping, options)
    )
    assert errors["left_forearm"].max < 0.1
    assert errors["left_index_2"].max < 0.1


def test_held_legs_are_keyed_at_rest(motion: Motion) -> None:
    rig = load_rig("mixamo")
    mapping = match(rig)
    mapping = replace(mapping, bones={**mapping.bones, "left_thigh_1": "mixamorig:LeftUpLeg"})
    free = solve(motion, rig, mapping)
    held = solve(motion, rig, mapping, RetargetOptions(hold_legs=True))
    added = set(held.bones) - set(free.bones)
    assert {"mixamorig:Hips", "mixamorig:LeftUpLeg"} <= added
    for bone in added:
        q = held.quaternions[:, held.bones.index(bone)]
        np.testing.assert_allclose(np.abs(q), np.tile([1.0, 0, 0, 0], (len(q), 1)), atol=1e-12)
    for place, bone in enumerate(free.bones):
        np.testing.assert_array_equal(held.quaternions[:, held.bones.index(bone)], free.quaternions[:, place])


def test_the_frame_rate_has_a_base(rig: RigDescription, motion: Motion) -> None:
    animation = solve(motion, rig, match(rig), RetargetOptions(fps=24.0, fps_base=1.001))
    np.testing.assert_allclose(np.diff(animation.times), 1.001 / 24.0)
    assert len(animation) == round(motion.duration * 24.0 / 1.001)


@pytest.mark.parametrize("wrong", [{"depth_gain": 0.0}, {"depth_gain": float("nan")}, {"fps_base": 0.0}])
def test_wrong_numbers_are_refused(wrong: dict) -> None:
    with pytest.raises(AqgtError) as caught:
        RetargetOptions(**wrong)
    assert caught.value.next_step


@pytest.mark.parametrize("part", PARTS)
def test_each_part_can_move_alone(part: str, rig: RigDescription, motion: Motion) -> None:
    from aqgt.retarget.roles import part_of

    mapping = match(rig)
    role_of = {bone: role for role, bone in mapping.bones.items()}
    animation = solve(motion, rig, mapping, RetargetOptions(parts=frozenset({part})))
    moved = {part_of(role_of[bone]) for bone in animation.bones}
    assert moved == {part} or (part.endswith("hand") and moved == set())
    assert np.isfinite(animation.quaternions).all()


def barrel(rig: RigDescription, width: float, depth: float) -> RigDescription:
    """The rig with a barrel of a body, its points given to the spine."""
    around = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    rings = [
        np.stack([width * np.cos(around), depth * np.sin(around) - 0.02, np.full(40, z)], axis=-1)
        for z in np.linspace(0.95, 1.5, 25)
    ]
    points = np.concatenate(rings)
    return rig.with_skin(points, ["mixamorig:Spine1"] * len(points))


def test_a_thicker_body_keeps_hands_further_out(rig: RigDescription) -> None:
    mapping = match(rig)
    motion = folded_motion(1.6, 1.4)
    stout = barrel(rig, 0.15, 0.19)
    depth = quality.penetration(stout, mapping, solve(motion, stout, mapping))
    # Upper arms have no room beside such a belly; hands have.
    assert max(depth[f"{side}_hand"].max() for side in ("left", "right")) < 0.01
    # Measured without the solver's own body: the wrist's distance from the barrel's wall.
    for described, outside in ((rig, False), (stout, True)):
        wrist = posed_heads(rig, solve(motion, described, mapping))[mapping.bones["left_hand"]]
        wall = np.hypot(wrist[:, 0] / 0.15, (wrist[:, 1] + 0.02) / 0.19)
        level = (wrist[:, 2] > 1.0) & (wrist[:, 2] < 1.4)
        assert level.any()
        assert (wall[level].min() > 0.95) == outside


def test_skin_of_unknown_bones_is_left_out_and_of_none_refused(rig: RigDescription) -> None:
    points = np.zeros((3, 3))
    assert len(rig.with_skin(points, ["mixamorig:Spine", "nobody", "mixamorig:Head"]).skin) == 2
    with pytest.raises(AqgtError):
        replace(rig, skin=points, skin_bones=np.array([0, 1, 99]))
    with pytest.raises(AqgtError):
        replace(rig, skin=points, skin_bones=np.array([0]))


def test_gaze_turns_the_neck_of_a_rig_without_a_head(motion: Motion) -> None:
    rig = load_rig("mixamo")
    mapping = match(rig)
    mapping = replace(mapping, bones={r: b for r, b in mapping.bones.items() if r != "head"})
    look = LookAt([0.7, -1.0, 0.0], is_direction=True)
    animation = solve(motion, rig, mapping, RetargetOptions(look_at=look))
    neck = animation.quaternions[:, animation.bones.index("mixamorig:Neck")]
    assert np.degrees(rotations.angle(neck)).mean() > 10
