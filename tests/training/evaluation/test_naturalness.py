# SPDX-License-Identifier: GPL-3.0-or-later
"""Resting, freezing, hands inside the body, and beats on accents, on motions whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from aqgt import skeleton
from aqgt.motion import Motion
from aqgt.words import Word
from aqgt_training.evaluation import naturalness
from tests.training.evaluation.motions import FPS, lifting, standing


def _shaking(n_frames: int = 60) -> Motion:
    vectors = standing(n_frames).bone_vectors.copy()
    for side in ("left", "right"):
        joint = skeleton.JOINT_INDEX[f"{side}_elbow"]
        vectors[:, joint, 0] += 0.02 * (-1.0) ** np.arange(n_frames)
    return Motion(FPS, vectors)


def test_shares_of_stillness() -> None:
    assert naturalness.frozen_share(standing()) == 1
    assert naturalness.resting_share(standing()) == 1
    assert naturalness.frozen_share(_shaking()) == 0
    assert naturalness.resting_share(_shaking()) == 0
    moved = naturalness.frozen_share(lifting("left", over=8))
    assert moved == pytest.approx(1 - 8 / 59, abs=1e-6)
    assert np.isnan(naturalness.frozen_share(standing(1)))
    assert np.isnan(naturalness.resting_share(standing(1)))


def test_rest_in_pauses_looks_at_long_pauses_alone() -> None:
    pause = [Word("a", 0.0, 0.8), Word("b", 3.0, 4.0)]
    assert naturalness.rest_in_pauses(standing(), pause) == 1
    assert naturalness.rest_in_pauses(_shaking(), pause) == 0
    assert np.isnan(naturalness.rest_in_pauses(standing(), [Word("a", 0.0, 1.0), Word("b", 1.7, 2.0)]))
    assert np.isnan(naturalness.rest_in_pauses(standing(), []))


def test_a_hand_in_the_belly_is_seen() -> None:
    assert naturalness.hands_inside_body(standing()) == 0
    vectors = standing(10).bone_vectors.copy()
    elbow, wrist = skeleton.JOINT_INDEX["right_elbow"], skeleton.JOINT_INDEX["right_wrist"]
    inside = np.array([0.0, -0.08, 0.0])  # of the pelvis: the middle of the belly
    shoulder = standing(10).positions()[0, skeleton.JOINT_INDEX["right_shoulder"]]
    half = (inside - shoulder) / 2
    vectors[5:, [elbow, wrist]] = half
    moved = Motion(FPS, vectors)
    assert naturalness.hands_inside_body(moved) == pytest.approx(0.5)


def test_arrivals_are_where_movements_end() -> None:
    (at,) = naturalness.arrivals(lifting("right", at=20, over=8))
    assert at == pytest.approx(28 / FPS, abs=1 / FPS)
    assert len(naturalness.arrivals(standing())) == 0


def test_beats_on_accents_are_better_than_chance_and_others_are_not() -> None:
    rng = np.random.default_rng(1)
    accents = [np.sort(rng.uniform(0, 20, 8)) for _ in range(6)]
    seconds = [20.0] * 6
    on = naturalness.beats_on_accents([a + 0.02 for a in accents], accents, seconds)
    off = naturalness.beats_on_accents([rng.uniform(0, 20, 8) for _ in range(6)], accents, seconds)
    assert on["p_value"] < 0.01
    assert on["score"] > 0.95
    assert off["p_value"] > 0.05
    assert off["score"] < on["score"]
    assert on["beats"] == 48
    alone = naturalness.beats_on_accents([accents[0]], [accents[0]], [20.0])
    assert alone["p_value"] < 0.05, "one clip is enough"


def test_without_beats_or_accents_there_is_no_score() -> None:
    for beats, accents in (([[]], [[1.0]]), ([[1.0]], [[]]), ([], [])):
        found = naturalness.beats_on_accents(beats, accents, [20.0] * len(beats))
        assert np.isnan(found["p_value"])
        assert found["beats"] == 0
