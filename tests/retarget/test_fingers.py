# SPDX-License-Identifier: GPL-3.0-or-later
"""Finger joints stay inside their limits under noise; hands that are inside stay exactly as they are."""

from __future__ import annotations

import numpy as np
import pytest

from aqgt import skeleton
from aqgt.retarget import RetargetOptions, match, quality, solve
from aqgt.retarget.curves import unit
from aqgt.retarget.fingers import THUMB_LIMITS, bend_and_side, inside_cone, inside_hinge
from tests.retarget.kinematics import angles, posed_heads
from tests.retarget.motions import load_rig, sample_motion, with_noise

AHEAD = np.array([[1.0, 0.0, 0.0]])
HINGE = np.array([[0.0, 0.0, 1.0]])


def at(bend: float, side: float) -> np.ndarray:
    b, s = np.radians([bend, side])
    return np.array([[np.cos(s) * np.cos(b), np.cos(s) * np.sin(b), np.sin(s)]])


@pytest.mark.parametrize(
    ("bend", "side", "bend_out", "side_out"),
    [(30, 5, 30, 5), (100, 5, 90, 5), (-40, 0, -10, 0), (170, 0, 90, 0), (-170, 0, 90, 0), (20, 50, 20, 15)],
)
def test_hinge_limits(bend: float, side: float, bend_out: float, side_out: float) -> None:
    limited = inside_hinge(at(bend, side), AHEAD, HINGE, (-10.0, 90.0), 15.0)
    got = bend_and_side(limited, AHEAD, HINGE)
    assert got[0][0] == pytest.approx(bend_out, abs=1e-6)
    assert got[1][0] == pytest.approx(side_out, abs=1e-6)


def test_cone_limits() -> None:
    assert angles(inside_cone(at(120, 0), AHEAD, 80.0), AHEAD)[0] == pytest.approx(80)
    np.testing.assert_array_equal(inside_cone(at(60, 0), AHEAD, 80.0), at(60, 0))


def test_noisy_fingers_end_inside_and_bend_inwards() -> None:
    """20 % of a phalanx as noise, as generated motion has it: without limits fingers break backwards."""
    rig = load_rig("mixamo")
    mapping = match(rig)
    noisy = with_noise(sample_motion(9, 200), 0.006)
    worst = {}
    for limit in (False, True):
        heads = posed_heads(rig, solve(noisy, rig, mapping, RetargetOptions(limit_fingers=limit)))
        worst[limit] = max(
            backward_bend(heads, mapping.bones, side, finger)
            for side in ("left", "right")
            for finger in skeleton.FINGERS[1:]
        )
    assert worst[False] > 40
    assert worst[True] < 35  # the limit of 22° back and 16° aside, together


def backward_bend(heads: dict[str, np.ndarray], bones: dict[str, str], side: str, finger: str) -> float:
    """The most degrees by which a middle joint is bent towards the back of the hand."""
    at = [heads[bones[f"{side}_{finger}_{k}"]] for k in (1, 2, 3)]
    first, second = unit(at[1] - at[0]), unit(at[2] - at[1])
    wrist = heads[bones[f"{side}_hand"]]
    across = heads[bones[f"{side}_index_1"]] - heads[bones[f"{side}_little_1"]]
    palm = np.cross(at[0] - wrist, across) * (1.0 if side == "left" else -1.0)
    palm_wards = np.sum(second * unit(palm - np.sum(palm * first, -1, keepdims=True) * first), axis=-1)
    bend = np.degrees(np.arctan2(palm_wards, np.sum(first * second, axis=-1)))
    return float(-np.where(np.abs(bend) < 120, bend, 0.0).min())


def test_thumbs_stay_in_their_cone() -> None:
    rig = load_rig("vroid")
    mapping = match(rig)
    heads = posed_heads(rig, solve(with_noise(sample_motion(9, 100), 0.01), rig, mapping))
    at = [heads[mapping.bones[f"left_thumb_{k}"]] for k in (1, 2, 3)]
    assert angles(at[1] - at[0], at[2] - at[1]).max() < THUMB_LIMITS[1] + 0.1


def test_fingers_inside_their_limits_stay_exactly() -> None:
    rig = load_rig("mixamo")
    mapping = match(rig)
    motion = sample_motion(10, 120)
    limited = solve(motion, rig, mapping)
    free = solve(motion, rig, mapping, RetargetOptions(limit_fingers=False))
    np.testing.assert_array_equal(limited.quaternions, free.quaternions)
    assert quality.direction_errors(motion, rig, mapping, limited)["left_index_2"].max < 0.1
