# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether annotations are followed, on motions whose answer is known."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from aqgt import skeleton
from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt_training.corpora.form_labels import extent_label, position_label
from aqgt_training.evaluation import motion_statistics as statistics
from aqgt_training.evaluation.control import control_of, is_on_side, summary_of
from aqgt_training.evaluation.form_classifier import (
    Forest,
    recognition,
    strokes_of,
)
from aqgt_training.evaluation.gestures import asked_gestures
from tests.training.evaluation.motions import FPS, lifting, standing, track


def test_a_gesture_has_its_times_and_labels() -> None:
    (gesture,) = asked_gestures(track("right", extent="small", phrase="deictic"))
    assert (gesture.side, gesture.begin, gesture.stroke, gesture.arrival, gesture.end) == (
        "right",
        15,
        20,
        28,
        40,
    )
    assert gesture.labels["extent"] == "small"
    assert gesture.labels["phrase"] == "deictic"
    assert "position" not in gesture.labels
    assert gesture.alone


def test_a_preparation_or_stroke_after_a_hold_is_another_gesture() -> None:
    both = track("left", end=36)
    both[2, 36:44] = 1
    both[2, 44:50] = 2
    assert [g.begin for g in asked_gestures(both)] == [15, 36]
    both[2, 36:44] = 4
    assert [g.stroke for g in asked_gestures(both)] == [20, 44]
    both[3, 15:20] = 1
    both[3, 20:22] = 2
    assert [g.alone for g in asked_gestures(both) if g.side == "left"] == [False, True]
    without_stroke = np.where(both == 2, 1, both)
    assert asked_gestures(without_stroke) == []


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_asked_for_hand_is_right_and_the_other_wrong(side: str) -> None:
    other = "left" if side == "right" else "right"
    asked, reference = track(side), lifting(side)
    assert control_of(reference, reference, asked).side == [True]
    assert control_of(lifting(other), reference, asked).side == [False]
    assert control_of(standing(), reference, asked).side == [False], "nothing moves, so nothing is right"


def test_the_peak_of_a_later_movement_is_that_much_off() -> None:
    reference = lifting("right", at=18, over=2)
    later = lifting("right", at=23, over=2)
    result = control_of(later, reference, track("right"))
    assert result.peak_error == [pytest.approx(5 / FPS, abs=1.01 / FPS)]
    assert control_of(reference, reference, track("right")).peak_error == [0.0]


def test_extent_and_position_are_those_of_the_corpus_labels() -> None:
    motion = lifting("right")
    path = statistics.wrist_track(motion, "right")
    reach = float(np.linalg.norm(path[15:40] - path[0], axis=1).max())
    place = position_label(motion.positions()[28], "right")
    asked = track("right", extent=extent_label(reach), position=place)
    result = control_of(motion, motion, asked)
    assert result.extent == [True]
    assert result.position == [True]
    assert result.excursion[0][1] == pytest.approx(reach, abs=1e-6)
    wrong = {"small": "large", "medium": "large", "large": "small"}[extent_label(reach)]
    assert control_of(motion, motion, track("right", extent=wrong)).extent == [False]


def test_sides_are_those_of_the_speaker() -> None:
    pose = standing().positions()[0].astype(float)
    knuckle = skeleton.JOINT_INDEX["left_middle_1"]
    assert is_on_side(pose, "left", "left")
    assert not is_on_side(pose, "left", "right")
    assert not is_on_side(pose, "left", "on-top")
    pose[knuckle] = pose[skeleton.THORAX] + (-0.05, -0.02, 0)
    assert is_on_side(pose, "left", "right")
    assert is_on_side(pose, "left", "on-top")


def test_motions_of_other_lengths_are_refused() -> None:
    with pytest.raises(AqgtError, match="60, 59 and 60 frames"):
        control_of(standing(60), standing(59), track("left"))


def test_without_gestures_there_is_no_share() -> None:
    nothing = np.full((17, 60), -1.0, dtype=np.float32)
    summary = summary_of([control_of(standing(), standing(), nothing)])
    assert np.isnan(summary["side_right"])
    assert np.isnan(summary["peak_error_median"])
    assert summary["side_count"] == 0
    assert np.isnan(summary_of([])["extent_right"])


@pytest.mark.parametrize("kind", ["random", "extra"])
def test_a_classifier_knows_what_it_was_shown_and_nothing_else(kind: Literal["random", "extra"]) -> None:
    rng = np.random.default_rng(0)
    looks = np.concatenate([rng.normal(m, 0.3, (30, 4)) for m in (-1, 1)])
    labels = ["a"] * 30 + ["b"] * 30
    classifier = Forest(looks, labels, kind)
    assert recognition(classifier, looks, labels)["accuracy"] > 0.95
    swapped = recognition(classifier, looks, labels[::-1])
    assert swapped["accuracy"] < 0.05
    assert swapped["commonest"] == 0.5
    assert recognition(classifier, looks, ["unheard of"] * 60)["count"] == 0
    shuffled = recognition(classifier, rng.permutation(looks), labels)["accuracy"]
    assert 0.2 < shuffled < 0.8
    assert Forest(looks, labels, kind).predict(looks) == classifier.predict(looks), "it repeats"


def test_a_classifier_needs_two_labels() -> None:
    with pytest.raises(AqgtError, match="Only 1 label"):
        Forest(np.zeros((9, 2)), ["a"] * 8 + ["b"])


def test_strokes_of_mirrored_motions_look_the_same() -> None:
    right = lifting("right")
    mirrored = right.mirrored().with_lengths(right.lengths)
    one = strokes_of([right], [right], [track("right", phrase="beat")])
    other = strokes_of([mirrored], [mirrored], [track("left", phrase="beat")])
    assert one.labels["phrase"] == ["beat"]
    for family in ("phrase", "shape"):
        np.testing.assert_allclose(one.looks[family], other.looks[family], atol=1e-4)


def test_a_motion_with_nan_is_refused() -> None:
    vectors = standing().bone_vectors.copy()
    vectors[3, 7, 1] = np.nan
    with pytest.raises(AqgtError, match="NaN"):
        Motion(FPS, vectors)
