# SPDX-License-Identifier: GPL-3.0-or-later
"""The targets on recorded gestures, where these lie beside the checkout."""

from __future__ import annotations

import numpy as np
import pytest

from aqgt.retarget import RetargetOptions, match, quality, solve
from tests.retarget.motions import FULL_RIGS, load_rig, with_noise
from tests.retarget.recorded import recorded_motion

CLIPS = (
    "ChrBrad@Idle01_OfferBoth01",
    "ChrBrad@Idle01_BeatHighBt01",
    "ChrBrad@Idle03_DeicticLeft",
    "ChrConnor@IdleStand01_StopForwardBt01",
    "ChrGarza@IdleStand01_NegateForwardMidBt01",
)


@pytest.mark.parametrize("rig_name", FULL_RIGS)
@pytest.mark.parametrize("clip", CLIPS)
def test_targets_on_recorded_gestures(rig_name: str, clip: str) -> None:
    rig = load_rig(rig_name)
    mapping = match(rig)
    motion = recorded_motion(clip)
    animation = solve(motion, rig, mapping, RetargetOptions(keep_out=False))
    errors = quality.direction_errors(motion, rig, mapping, animation)
    for name, error in errors.items():
        if name.endswith(("arm",)):
            assert error.mean < 0.1
            assert error.max < 0.5, name
        elif name.endswith("hand"):
            assert error.max < 0.5, name
        elif name.endswith("palm"):
            assert error.max < 3.0, name
        elif name[-1].isdigit():
            assert error.max < 0.1, name
    assert errors["torso"].mean < 2.0
    assert max(depth.max() for depth in quality.penetration(rig, mapping, animation).values()) < 0.01


@pytest.mark.parametrize("clip", CLIPS)
def test_noise_adds_little_twist_on_recorded_gestures(clip: str) -> None:
    rig = load_rig("mixamo")
    mapping = match(rig)
    motion = recorded_motion(clip)
    noisy = with_noise(motion, 0.003)
    for role in ("left_upper_arm_1", "right_upper_arm_1"):
        clean = quality.twist_steps(rig, mapping, solve(motion, rig, mapping), role)
        rough = quality.twist_steps(rig, mapping, solve(noisy, rig, mapping), role)
        assert np.max(rough) < np.max(clean) + 15.0
