# SPDX-License-Identifier: GPL-3.0-or-later
"""Continuity of twist: noise, straight elbows, palms that can't be seen; and rotations recovered exactly."""

from __future__ import annotations

import numpy as np
import pytest

from aqgt import rotations, skeleton
from aqgt.motion import Motion
from aqgt.retarget import RetargetOptions, curves, match, quality, solve
from tests.retarget.motions import FPS, RIG_NAMES, load_rig, rig_and_mapping, sample_motion, with_noise

AS_IS = RetargetOptions(keep_out=False)
UPPER_ARMS = ("left_upper_arm_1", "right_upper_arm_1")


def with_bend(motion: Motion, degrees: float) -> Motion:
    """The same arms with every elbow bent by one angle, in the plane it bent in."""
    positions = motion.positions().astype(np.float64)
    joint = skeleton.JOINT_INDEX
    for side in ("left", "right"):
        shoulder, elbow, wrist = (positions[:, joint[f"{side}_{n}"]] for n in ("shoulder", "elbow", "wrist"))
        upper, fore = curves.unit(elbow - shoulder), wrist - elbow
        axis = curves.unit(np.cross(upper, fore))
        bent = rotations.rotate(
            rotations.from_axis_angle(axis, np.full(len(axis), np.radians(degrees))), upper
        )
        move = np.linalg.norm(fore, axis=-1, keepdims=True) * bent - fore
        hand = skeleton.LEFT_HAND_JOINTS if side == "left" else skeleton.RIGHT_HAND_JOINTS
        positions[:, [joint[f"{side}_wrist"], *hand]] += move[:, None]
    return Motion.from_positions(positions, motion.fps)


@pytest.mark.parametrize("bend", [0.0, 1.0, 2.0, 4.0, 6.0, 8.0, 10.0, 20.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_noise_adds_little_twist_however_straight_the_elbow(bend: float, seed: int) -> None:
    rig = load_rig("mixamo")
    mapping = match(rig)
    clean = with_bend(sample_motion(seed, 300), bend)
    noisy = with_noise(clean, 0.003, seed + 10)
    for role in UPPER_ARMS:
        before = quality.twist_steps(rig, mapping, solve(clean, rig, mapping, AS_IS), role).max()
        after = quality.twist_steps(rig, mapping, solve(noisy, rig, mapping, AS_IS), role).max()
        assert after < before + 15.0, f"{role}: {before:.1f} -> {after:.1f} degrees per frame"


@pytest.mark.parametrize("name", RIG_NAMES)
@pytest.mark.parametrize("bend", [0.0, 2.0, 6.0, 20.0])
def test_noise_adds_little_twist_on_every_rig(name: str, bend: float) -> None:
    rig, mapping = rig_and_mapping(name)
    clean = with_bend(sample_motion(1, 200), bend)
    noisy = with_noise(clean, 0.003, 11)
    for role in UPPER_ARMS:
        before = quality.twist_steps(rig, mapping, solve(clean, rig, mapping, AS_IS), role).max()
        after = quality.twist_steps(rig, mapping, solve(noisy, rig, mapping, AS_IS), role).max()
        assert after < before + 15.0, f"{role}: {before:.1f} -> {after:.1f} degrees per frame"


def test_elbows_that_pass_through_straight_do_not_flip() -> None:
    """The elbow opens, overstretches by 3° as noise would have it, and closes again."""
    rig = load_rig("mixamo")
    mapping = match(rig)
    rest = skeleton.REFERENCE_REST
    bend = np.radians(60 * np.abs(np.linspace(-1, 1, 121)) - 3)
    positions = np.tile(rest, (len(bend), 1, 1))
    joint = skeleton.JOINT_INDEX
    elbow = rest[joint["left_elbow"]]
    hand = [joint["left_wrist"], *skeleton.LEFT_HAND_JOINTS]
    turn = rotations.from_axis_angle(np.array([0.0, 1.0, 0.0]), bend)
    positions[:, hand] = elbow + rotations.rotate(turn[:, None], rest[hand] - elbow)
    animation = solve(Motion.from_positions(positions, FPS), rig, mapping, AS_IS)
    assert quality.twist_steps(rig, mapping, animation, "left_upper_arm_1").max() < 1.0
    assert quality.twist_steps(rig, mapping, animation, "left_hand").max() < 3.0


def test_hands_without_a_visible_palm_do_not_flip() -> None:
    """All knuckles in one place for half the clip, with noise: the roll is held, not guessed anew."""
    rig = load_rig("mixamo")
    mapping = match(rig)
    motion = sample_motion(5, 240)
    positions = motion.positions().astype(np.float64)
    joint = skeleton.JOINT_INDEX
    for side in ("left", "right"):
        knuckles = [joint[f"{side}_{f}_1"] for f in skeleton.FINGERS[1:]]
        positions[60:180, knuckles] = positions[60:180, knuckles].mean(axis=1, keepdims=True)
    animation = solve(with_noise(Motion.from_positions(positions, FPS), 0.001), rig, mapping, AS_IS)
    for side in ("left", "right"):
        # 30° per frame is the limit of the roll itself; swinging the hand adds to it.
        assert quality.joint_steps(animation, mapping.bones[f"{side}_forearm_1"]).max() < 25
        assert quality.joint_steps(animation, mapping.bones[f"{side}_hand"]).max() < 40


def test_impossible_rolls_are_limited_and_possible_ones_left_alone() -> None:
    rig = load_rig("mixamo")
    mapping = match(rig)
    motion = sample_motion(6, 120)
    free, limited = (
        solve(motion, rig, mapping, RetargetOptions(keep_out=False, limit_roll=limit))
        for limit in (False, True)
    )
    assert rotations.angle_between(free.quaternions, limited.quaternions).max() < 1e-6
    wrung = wring(motion, np.radians(170))
    free, limited = (
        quality.direction_errors(
            wrung, rig, mapping, solve(wrung, rig, mapping, RetargetOptions(keep_out=False, limit_roll=limit))
        )
        for limit in (False, True)
    )
    assert free["left_palm"].max < 3.0
    assert limited["left_palm"].max > 20.0
    assert limited["left_hand"].max < 0.5


def wring(motion: Motion, angle: float) -> Motion:
    """Left hands turned about their own direction."""
    positions = motion.positions().astype(np.float64)
    joint = skeleton.JOINT_INDEX
    wrist = positions[:, joint["left_wrist"]]
    along = curves.unit(
        (positions[:, joint["left_middle_1"]] + positions[:, joint["left_ring_1"]]) / 2 - wrist
    )
    turn = rotations.from_axis_angle(along, np.full(len(along), angle))
    hand = list(skeleton.LEFT_HAND_JOINTS)
    positions[:, hand] = wrist[:, None] + rotations.rotate(turn[:, None], positions[:, hand] - wrist[:, None])
    return Motion.from_positions(positions, motion.fps)


@pytest.mark.parametrize("smoothing", ["light", "strong"])
def test_smoothing_calms_noise_without_lag(smoothing: str) -> None:
    rig = load_rig("mixamo")
    mapping = match(rig)
    motion = sample_motion(7, 300)
    plain = solve(motion, rig, mapping, AS_IS)
    noisy = with_noise(motion, 0.005)
    place = plain.bones.index("mixamorig:LeftHandIndex2")

    def calm(animation) -> np.ndarray:
        return np.degrees(
            rotations.angle_between(animation.quaternions[1:, place], animation.quaternions[:-1, place])
        )

    rough = solve(noisy, rig, mapping, AS_IS)
    smooth = solve(noisy, rig, mapping, RetargetOptions(keep_out=False, smoothing=smoothing))
    assert calm(smooth).mean() < calm(rough).mean() / 2
    # No lag: the smoothed clean clip fits the clean clip best at a shift of 0 frames.
    smooth = solve(motion, rig, mapping, RetargetOptions(keep_out=False, smoothing=smoothing)).quaternions
    gaps = [
        rotations.angle_between(
            smooth[10:-10], plain.quaternions[10 + shift : len(smooth) - 10 + shift]
        ).mean()
        for shift in (-2, -1, 0, 1, 2)
    ]
    assert int(np.argmin(gaps)) == 2
