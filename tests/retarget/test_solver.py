# SPDX-License-Identifier: GPL-3.0-or-later
"""The solver's laws on rigs of three namings: right directions, rest and legs untouched, options."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aqgt import rotations, skeleton
from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt.retarget import PARTS, RetargetOptions, RigDescription, match, quality, solve
from aqgt.retarget.roles import part_of
from tests.retarget.kinematics import angles, posed_heads
from tests.retarget.motions import FPS, FULL_RIGS, load_rig, rig_and_mapping, sample_motion

AS_IS = RetargetOptions(keep_out=False)


@pytest.fixture(scope="module", params=FULL_RIGS)
def rig(request: pytest.FixtureRequest) -> RigDescription:
    return rig_and_mapping(request.param)[0]


@pytest.fixture(scope="module")
def motion() -> Motion:
    return sample_motion(3, 200)


def model_to_blender(vectors: np.ndarray) -> np.ndarray:
    x, y, z = np.moveaxis(vectors, -1, 0)
    return np.stack([x, z, -y], axis=-1)


def test_limbs_and_fingers_point_where_the_motion_points(rig: RigDescription, motion: Motion) -> None:
    mapping = match(rig)
    heads = posed_heads(rig, solve(motion, rig, mapping, AS_IS))
    joints = model_to_blender(motion.positions().astype(np.float64))
    joint = skeleton.JOINT_INDEX
    for side in ("left", "right"):
        segments = [
            ("upper_arm_1", "forearm_1", f"{side}_shoulder", f"{side}_elbow"),
            ("forearm_1", "hand", f"{side}_elbow", f"{side}_wrist"),
        ]
        for finger in skeleton.FINGERS:
            for k in (1, 2):
                segments.append(
                    (f"{finger}_{k}", f"{finger}_{k + 1}", f"{side}_{finger}_{k}", f"{side}_{finger}_{k + 1}")
                )
        for start, end, first, second in segments:
            reached = heads[mapping.bones[f"{side}_{end}"]] - heads[mapping.bones[f"{side}_{start}"]]
            wanted = joints[:, joint[second]] - joints[:, joint[first]]
            assert angles(reached, wanted).max() < 0.1, f"{side} {start}"


def test_hands_palms_torso_and_head_within_the_targets(rig: RigDescription, motion: Motion) -> None:
    mapping = match(rig)
    animation = solve(motion, rig, mapping, AS_IS)
    errors = quality.direction_errors(motion, rig, mapping, animation)
    for side in ("left", "right"):
        assert errors[f"{side}_hand"].max < 0.5
        assert errors[f"{side}_palm"].max < 3.0
    assert errors["torso"].mean < 2.0
    assert quality.head_error(motion, rig, mapping, animation).max < 0.5


def test_own_kinematics_agree_with_plain_matrices(rig: RigDescription, motion: Motion) -> None:
    mapping = match(rig)
    animation = solve(motion, rig, mapping)
    heads = posed_heads(rig, animation)
    for role, points in quality.positions_in_armature(rig, mapping, animation).items():
        # Kept descriptions are rounded to 1e-7, and errors add up along a chain.
        np.testing.assert_allclose(points, heads[mapping.bones[role]], atol=1e-5)


def test_thumbs_up_in_front_is_thumbs_up_on_the_rig(rig: RigDescription) -> None:
    """Elbows bent by 90°, forearms forward, thumbs up: a wrong sign anywhere would mirror the hands."""
    rest = skeleton.REFERENCE_REST
    joint = skeleton.JOINT_INDEX
    points = rest.copy()
    for side, sign in (("left", 1.0), ("right", -1.0)):
        shoulder, elbow, wrist = (joint[f"{side}_{n}"] for n in ("shoulder", "elbow", "wrist"))
        points[elbow] = points[shoulder] + [0, 0.285, 0]
        points[wrist] = points[elbow] + [0, 0, -0.255]
        for index in skeleton.LEFT_HAND_JOINTS if side == "left" else skeleton.RIGHT_HAND_JOINTS:
            along, down, across = (rest[index] - rest[wrist]) * [sign, 1, -1]
            points[index] = points[wrist] + [-sign * down, -across, -along]
    motion = Motion.from_positions(points[None], 30.0)
    mapping = match(rig)
    heads = posed_heads(rig, solve(motion, rig, mapping, AS_IS))

    def head(role: str) -> np.ndarray:
        return heads[mapping.bones[role]][0]

    for side in ("left", "right"):
        wrist = head(f"{side}_hand")
        assert np.argmin(head(f"{side}_middle_1") - wrist) == 1, "the hand points to the front, -y"
        assert head(f"{side}_index_1")[2] > head(f"{side}_little_1")[2] + 0.02, "index above little finger"
        assert head(f"{side}_thumb_3")[2] > head(f"{side}_index_1")[2], "the thumb is on top"
        assert wrist[1] < head(f"{side}_forearm_1")[1] - 0.1, "the forearm points to the front"
        assert np.sign(wrist[0]) == (1 if side == "left" else -1)


def test_only_mapped_bones_move_and_the_rest_is_kept(rig: RigDescription, motion: Motion) -> None:
    before = rig.to_json()
    mapping = match(rig)
    animation = solve(motion, rig, mapping)
    moving = set(animation.bones)
    assert moving == {bone for role, bone in mapping.bones.items() if part_of(role)}
    words = ("leg", "foot", "toe", "hips", "root", "pelvis")
    assert not [bone for bone in moving if any(word in bone.lower() for word in words)]
    assert rig.to_json() == before


def test_quaternions_are_unit_and_continuous(rig: RigDescription, motion: Motion) -> None:
    q = solve(motion, rig, match(rig)).quaternions
    np.testing.assert_allclose(np.linalg.norm(q, axis=-1), 1.0, atol=1e-9)
    assert np.sum(q[1:] * q[:-1], axis=-1).min() > 0


@pytest.mark.parametrize("name", FULL_RIGS)
def test_a_shrug_is_a_shrug_on_every_rest_pose(name: str) -> None:
    """Shoulders go up and down by 20°: the rig's rise as much, seen from the clavicle's root."""
    wave = np.radians(20.0) * np.sin(np.linspace(0, 4 * np.pi, 120))
    positions = np.tile(skeleton.REFERENCE_REST, (len(wave), 1, 1))
    thorax = skeleton.REFERENCE_REST[skeleton.THORAX]
    for side, sign in (("left", -1.0), ("right", 1.0)):
        arm = [skeleton.JOINT_INDEX[f"{side}_{n}"] for n in ("shoulder", "elbow", "wrist")]
        arm += list(skeleton.LEFT_HAND_JOINTS if side == "left" else skeleton.RIGHT_HAND_JOINTS)
        turn = rotations.from_axis_angle([0.0, 0.0, 1.0], sign * wave)
        start = positions[:, arm[0]] - thorax
        positions[:, arm] += (rotations.rotate(turn, start) - start)[:, None]
    rig, mapping = rig_and_mapping(name)
    heads = posed_heads(rig, solve(Motion.from_positions(positions, FPS), rig, mapping, AS_IS))
    for side in ("left", "right"):
        root, end = (heads[mapping.bones[f"{side}_{r}"]] for r in ("clavicle", "upper_arm_1"))
        reach = np.linalg.norm((end - root)[0])
        rise = np.degrees(np.arcsin(np.clip((end - root)[:, 2] / reach, -1, 1)))
        assert np.corrcoef(rise, wave)[0, 1] > 0.99
        assert np.ptp(rise) == pytest.approx(40.0, abs=6.0)


def test_the_rest_pose_does_not_matter(motion: Motion) -> None:
    """The same rig with its arms turned into another rest pose ends in the same place."""
    rig = load_rig("mixamo")
    mapping = match(rig)
    turned = with_rest_turned(rig, {"mixamorig:LeftArm": (0, -40, 0), "mixamorig:LeftHand": (20, 0, 35)})
    np.testing.assert_raises(AssertionError, np.testing.assert_allclose, turned.heads, rig.heads, atol=0.05)
    first = posed_heads(rig, solve(motion, rig, mapping, AS_IS))
    second = posed_heads(turned, solve(motion, turned, mapping, AS_IS))
    for name in rig.names:
        np.testing.assert_allclose(second[name], first[name], atol=2e-3, err_msg=name)


def with_rest_turned(rig: RigDescription, degrees: dict[str, tuple[float, float, float]]) -> RigDescription:
    """The rig with some bones, and all below them, turned at rest about armature axes."""
    rest, tails = rig.rest.copy(), rig.tails.copy()
    for name, angle in degrees.items():
        turn = np.eye(4)
        turn[:3, :3] = rotations.to_matrix(rotations.from_rotation_vector(np.radians(angle)))
        at = np.eye(4)
        at[:3, 3] = rest[rig.index[name], :3, 3]
        move = at @ turn @ np.linalg.inv(at)
        for bone in range(len(rig)):
            above = bone
            while above >= 0 and above != rig.index[name]:
                above = rig.parents[above]
            if above >= 0:
                rest[bone] = move @ rest[bone]
                tails[bone] = (move @ np.append(tails[bone], 1.0))[:3]
    return replace(rig, rest=rest, tails=tails)


@pytest.mark.parametrize("degrees", [(90, 0, 0), (0, 0, 90), (-90, 0, 180)])
def test_armatures_with_other_axes_give_the_same_rotations(motion: Motion, degrees: tuple) -> None:
    rig = load_rig("mixamo")
    mapping = match(rig)
    turn = np.eye(4)
    turn[:3, :3] = rotations.to_matrix(rotations.from_euler(np.radians(degrees)))
    scaled = turn.copy()
    scaled[:3, :3] *= 100
    heads = rig.rest @ np.diag([0, 0, 0, 1.0])
    rest = turn @ rig.rest
    rest[:, :3, 3] = (scaled @ heads)[:, :3, 3]
    other = replace(rig, rest=rest, tails=(scaled[:3, :3] @ rig.tails.T).T)
    first, second = solve(motion, rig, mapping), solve(motion, other, mapping)
    assert first.bones == second.bones
    assert rotations.angle_between(first.quaternions, second.quaternions).max() < 1e-4


def test_bones_that_do_not_inherit_rotation(motion: Motion) -> None:
    rig = load_rig("mixamo")
    mapping = match(rig)
    free = np.ones(len(rig), dtype=bool)
    free[[rig.index["mixamorig:LeftArm"], rig.index["mixamorig:Head"]]] = False
    other = replace(rig, inherit_rotation=free)
    errors = quality.direction_errors(motion, other, mapping, solve(motion, other, mapping, AS_IS))
    assert errors["left_upper_arm"].max < 0.1
    assert errors["left_index_2"].max < 0.1


def test_mirrored_motion_gives_the_mirrored_pose(motion: Motion) -> None:
    rig = load_rig("vroid")
    mapping = match(rig)
    plain = posed_heads(rig, solve(motion, rig, mapping))
    mirrored = posed_heads(rig, solve(motion, rig, mapping, RetargetOptions(mirror=True)))
    for role, bone in mapping.bones.items():
        other = role.replace("left_", "right_") if "left_" in role else role.replace("right_", "left_")
        expected = plain[mapping.bones[other]] * [-1, 1, 1]
        # The body is not quite symmetric itself: its rest joints differ by up to 1 cm.
        assert np.linalg.norm(mirrored[bone] - expected, axis=-1).max() < 0.02, role


@pytest.mark.parametrize("mode", ["XYZ", "ZXY", "YZX", "AXIS_ANGLE"])
def test_channels_in_every_rotation_mode_hold_the_same_rotations(motion: Motion, mode: str) -> None:
    rig = load_rig("mixamo")
    rig = replace(rig, rotation_modes=(mode,) * len(rig))
    animation = solve(motion, rig, match(rig))
    for channel, q in zip(animation.channels(), np.moveaxis(animation.quaternions, 1, 0), strict=True):
        if mode == "AXIS_ANGLE":
            assert channel.data_path.endswith(".rotation_axis_angle")
            back = rotations.from_axis_angle(channel.values[:, 1:], channel.values[:, 0])
        else:
            assert channel.data_path == f'pose.bones["{channel.bone}"].rotation_euler'
            back = rotations.from_euler(channel.values, mode)
        assert rotations.angle_between(back, q).max() < 1e-6
        assert np.abs(np.diff(channel.values, axis=0)).max() < np.pi


def test_data_paths_escape_bone_names() -> None:
    from aqgt.retarget import data_path

    assert data_path('a"b\\c') == 'pose.bones["a\\"b\\\\c"]'


def test_parts_left_out_get_no_curves_and_the_others_stay_right(motion: Motion) -> None:
    rig = load_rig("mixamo")
    mapping = match(rig)
    parts = frozenset(PARTS) - {"right_hand", "right_fingers", "torso", "head"}
    animation = solve(motion, rig, mapping, replace(AS_IS, parts=parts))
    role_of = {bone: role for role, bone in mapping.bones.items()}
    assert {part_of(role_of[bone]) for bone in animation.bones} == set(parts)
    errors = quality.direction_errors(motion, rig, mapping, animation)
    assert errors["right_forearm"].max < 0.1
    assert errors["left_palm"].max < 3.0


def test_intensity_scales_the_movement_about_its_middle(motion: Motion) -> None:
    rig = load_rig("mixamo")
    mapping = match(rig)
    place = solve(motion, rig, mapping).bones.index("mixamorig:Head")

    def excursion(factor: float) -> float:
        q = solve(motion, rig, mapping, RetargetOptions(intensity={"head": factor})).quaternions[:, place]
        return float(rotations.angle_between(q, q[:1]).max())

    assert excursion(0.0) < 1e-6
    assert excursion(0.5) == pytest.approx(excursion(1.0) / 2, rel=0.1)


def test_resampling_sets_times_and_keeps_the_pose(motion: Motion) -> None:
    rig = load_rig("mixamo")
    mapping = match(rig)
    plain = solve(motion, rig, mapping)
    finer = solve(motion, rig, mapping, RetargetOptions(fps=60.0))
    assert len(finer) == 2 * len(plain)
    np.testing.assert_allclose(np.diff(finer.times), 1 / 60)
    gap = rotations.angle_between(finer.quaternions[::2], plain.quaternions)
    assert np.degrees(gap).max() < 2.0


def test_a_rig_without_fingers_still_moves_its_arms(motion: Motion) -> None:
    full = load_rig("mixamo")
    bones = [
        b
        for b in full.to_json()["bones"]
        if not any(f in b["name"] for f in ("Index", "Thumb", "Middle", "Ring", "Pinky"))
    ]
    rig = RigDescription.from_bones(bones)
    mapping = match(rig)
    animation = solve(motion, rig, mapping, AS_IS)
    errors = quality.direction_errors(motion, rig, mapping, animation)
    assert errors["left_forearm"].max < 0.1
    assert "mixamorig:LeftHand" in animation.bones
    # The palm must be guessed then: still the right way round, within what rest poses differ by.
    with_fingers = solve(motion, full, match(full), AS_IS)
    turn = [a.quaternions[:, a.bones.index("mixamorig:LeftHand")] for a in (animation, with_fingers)]
    assert np.degrees(rotations.angle_between(*turn)).mean() < 60


def test_one_frame_and_degenerate_joints_give_finite_rotations() -> None:
    rig = load_rig("mixamo")
    mapping = match(rig)
    for motion in (
        Motion.from_positions(np.zeros((5, skeleton.N_JOINTS, 3)), 15.0),
        Motion.from_positions(skeleton.REFERENCE_REST[None], 15.0),
        Motion(15.0, np.tile([0.0, -1.0, 0.0], (4, skeleton.N_JOINTS, 1)).astype(np.float32)),
        Motion(15.0, np.tile([0.0, 0.0, 1.0], (4, skeleton.N_JOINTS, 1)).astype(np.float32)),
    ):
        animation = solve(motion, rig, mapping)
        assert np.isfinite(animation.quaternions).all()
        np.testing.assert_allclose(np.linalg.norm(animation.quaternions, axis=-1), 1.0, atol=1e-9)


def test_no_frames_or_a_stale_mapping_are_refused(motion: Motion) -> None:
    rig = load_rig("mixamo")
    mapping = match(rig)
    with pytest.raises(AqgtError, match="no frames"):
        solve(replace(motion, bone_vectors=motion.bone_vectors[:0]), rig, mapping)
    with pytest.raises(AqgtError, match="no bone"):
        solve(motion, load_rig("vroid"), mapping)


@pytest.mark.parametrize(
    "wrong",
    [{"smoothing": "much"}, {"parts": {"tail"}}, {"intensity": {"head": -1}}, {"head_neutral": "left"}],
)
def test_a_wrong_option_names_the_allowed_ones(wrong: dict) -> None:
    with pytest.raises(AqgtError) as caught:
        RetargetOptions(**wrong)
    assert caught.value.next_step
