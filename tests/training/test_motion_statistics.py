# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of the hands against motions whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from aqgt import skeleton
from aqgt.motion import Motion
from aqgt_training.evaluation import motion_statistics as statistics


def _moving_right_hand(distance: float = 0.06, at: int = 10, n_frames: int = 30) -> Motion:
    """Still, but for the right forearm, which shifts sideways by ``distance`` from one frame to the next."""
    vectors = np.repeat(skeleton.bone_vectors_from_positions(skeleton.REFERENCE_REST)[None], n_frames, 0)
    vectors = vectors / skeleton.METRES_PER_UNIT
    vectors[at:, skeleton.RIGHT_WRIST, 1] += distance
    return Motion(15, vectors.astype(np.float32))


def test_excursion_sees_only_the_hand_that_moves() -> None:
    motion = _moving_right_hand()
    assert statistics.excursion(motion, "right", 0, 2) == pytest.approx(0.06, abs=1e-5)
    assert statistics.excursion(motion, "left", 0, 2) == pytest.approx(0, abs=1e-6)
    assert statistics.excursion(motion, "right", 0, 0.5) == pytest.approx(0, abs=1e-6)


def test_peak_speed_is_where_the_step_is() -> None:
    motion = _moving_right_hand()
    assert statistics.peak_time(motion, "right", 0, 2) == pytest.approx(9 / 15)
    assert statistics.speed(motion, "right").max() == pytest.approx(0.06 * 15, rel=1e-4)


def test_error_is_symmetric_and_zero_with_itself() -> None:
    one, other = _moving_right_hand(), _moving_right_hand(0.1)
    assert statistics.wrist_error(one, one) == 0
    assert statistics.wrist_error(one, other) == pytest.approx(statistics.wrist_error(other, one))
    assert statistics.wrist_error(one, other) == pytest.approx(0.04 * 20 / 30 / 2, rel=1e-3)


def test_a_still_motion_has_no_derivatives() -> None:
    still = _moving_right_hand(0.0)
    assert statistics.mean_derivatives(still) == pytest.approx(
        {"speed": 0, "acceleration": 0, "jerk": 0}, abs=1e-4
    )
