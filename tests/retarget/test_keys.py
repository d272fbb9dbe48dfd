# SPDX-License-Identifier: GPL-3.0-or-later
"""Key reduction keeps its bound in every rotation mode; additive curves give the animation back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aqgt import rotations
from aqgt.errors import AqgtError
from aqgt.retarget import PARTS, RetargetOptions, RigAnimation, as_additive, match, reduce_keys, solve
from tests.retarget.motions import load_rig, sample_motion, wander

MODES = ("QUATERNION", "XYZ", "ZYX", "AXIS_ANGLE")


def animation_in(mode: str, n_frames: int = 200) -> RigAnimation:
    rig = load_rig("mixamo")
    rig = replace(rig, rotation_modes=(mode,) * len(rig))
    return solve(sample_motion(2, n_frames), rig, match(rig))


def rotation_of(values: np.ndarray, mode: str) -> np.ndarray:
    if mode == "QUATERNION":
        return values / np.linalg.norm(values, axis=-1, keepdims=True)
    if mode == "AXIS_ANGLE":
        return rotations.from_axis_angle(values[:, 1:], values[:, 0])
    return rotations.from_euler(values, mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("degrees", [0.2, 1.0, 5.0])
def test_what_lies_between_the_keys_is_within_the_bound(mode: str, degrees: float) -> None:
    animation = animation_in(mode)
    frames = np.arange(len(animation))
    for place, (keys, channel) in enumerate(
        zip(reduce_keys(animation, degrees), animation.channels(), strict=True)
    ):
        assert keys[0] == 0
        assert (np.diff(keys) > 0).all()
        wanted = animation.quaternions[:, place]
        linear = np.stack([np.interp(frames, keys, v[keys]) for v in channel.values.T], axis=-1)
        assert np.degrees(rotations.angle_between(rotation_of(linear, mode), wanted)).max() <= degrees + 1e-6
        low = np.clip(np.searchsorted(keys, frames, side="right") - 1, 0, len(keys) - 1)
        high = np.minimum(low + 1, len(keys) - 1)
        share = (frames - keys[low]) / np.maximum(keys[high] - keys[low], 1)
        between = rotations.slerp(wanted[keys[low]], wanted[keys[high]], share)
        assert np.degrees(rotations.angle_between(between, wanted)).max() <= degrees + 1e-6


def test_a_wider_bound_needs_fewer_keys_and_rest_needs_one() -> None:
    animation = animation_in("QUATERNION")
    counts = [sum(map(len, reduce_keys(animation, degrees))) for degrees in (0.1, 1.0, 5.0)]
    assert counts[0] > 1.5 * counts[1] > 3 * counts[2]
    still = replace(
        animation, quaternions=np.broadcast_to(animation.quaternions[:1], animation.quaternions.shape)
    )
    assert [keys.tolist() for keys in reduce_keys(still, 0.1)] == [[0]] * len(still.bones)
    one = replace(animation, times=animation.times[:1], quaternions=animation.quaternions[:1])
    assert [keys.tolist() for keys in reduce_keys(one, 0.1)] == [[0]] * len(one.bones)


@pytest.mark.parametrize("degrees", [0.0, -1.0, float("nan")])
def test_no_bound_is_refused(degrees: float) -> None:
    with pytest.raises(AqgtError):
        reduce_keys(animation_in("QUATERNION", 3), degrees)


def a_base(animation: RigAnimation, mode: str) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    q = [rotations.from_rotation_vector(wander(rng, len(animation), 0.4)) for _ in animation.bones]
    moving = replace(animation, quaternions=np.stack(q, axis=1))
    values = {channel.bone: channel.values for channel in moving.channels()}
    values[animation.bones[0]] = values[animation.bones[0]][0]  # one stands still
    del values[animation.bones[1]]  # one is at rest
    return values


@pytest.mark.parametrize("mode", MODES)
def test_base_and_additive_curves_make_the_animation(mode: str) -> None:
    """Combined the way Blender's COMBINE does it: quaternions multiply, the others add up."""
    animation = animation_in(mode)
    base = a_base(animation, mode)
    added = as_additive(animation, base)
    rest = {"QUATERNION": [1, 0, 0, 0], "AXIS_ANGLE": [0, 0, 1, 0]}.get(mode, [0, 0, 0])
    for place, channel in enumerate(added.channels()):
        below = np.broadcast_to(base.get(channel.bone, np.array(rest, float)), channel.values.shape)
        if mode == "QUATERNION":
            whole = rotations.multiply(below, channel.values)
        else:
            whole = rotation_of(below + channel.values, mode)
        assert rotations.angle_between(whole, animation.quaternions[:, place]).max() < 1e-6
        assert np.abs(np.diff(channel.values, axis=0)).max() < 2.0
    below = np.stack([rotation_of(values, mode) for values in added.base], axis=1)
    whole = rotations.multiply(below, added.quaternions)
    assert rotations.angle_between(whole, animation.quaternions).max() < 1e-6


@pytest.mark.parametrize("mode", MODES)
def test_keys_of_additive_curves_keep_the_bound_of_the_whole(mode: str) -> None:
    animation = animation_in(mode, 90)
    base = a_base(animation, mode)
    added = as_additive(animation, base)
    frames = np.arange(len(added))
    for place, (keys, channel) in enumerate(zip(reduce_keys(added, 1.0), added.channels(), strict=True)):
        linear = np.stack([np.interp(frames, keys, v[keys]) for v in channel.values.T], axis=-1)
        if mode == "QUATERNION":
            whole = rotations.multiply(added.base[place], rotation_of(linear, mode))
        else:
            whole = rotation_of(added.base[place] + linear, mode)
        gap = rotations.angle_between(whole, animation.quaternions[:, place])
        assert np.degrees(gap).max() <= 1.0 + 1e-6


def test_base_values_of_the_wrong_shape_name_the_bone() -> None:
    animation = animation_in("QUATERNION", 5)
    with pytest.raises(AqgtError, match=animation.bones[2]):
        as_additive(animation, {animation.bones[2]: np.zeros((4, 3))})


def test_parts_left_out_need_no_base() -> None:
    rig = load_rig("mixamo")
    options = RetargetOptions(parts=frozenset(PARTS) - {"head"})
    animation = solve(sample_motion(2, 10), rig, match(rig), options)
    added = as_additive(animation, {})
    np.testing.assert_allclose(added.quaternions, animation.quaternions)
