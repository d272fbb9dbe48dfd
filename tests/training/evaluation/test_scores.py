# SPDX-License-Identifier: GPL-3.0-or-later
"""Intervals, Fréchet distances of sets, and figures of clips."""

from __future__ import annotations

import json

import numpy as np
import pytest

from aqgt.errors import AqgtError
from aqgt_training.evaluation.comparison import compare, differences
from aqgt_training.evaluation.intervals import binomial_interval, bootstrapped, mean_figure, ratio_figure
from aqgt_training.evaluation.scores import as_plain, clip_figures, frechet_figures
from aqgt_training.evaluation.sets import fitted
from tests.training.evaluation.motions import lifting, standing
from tests.training.tiny_corpus import tiny_clip


def test_intervals_hold_the_value_and_shrink_with_the_clips() -> None:
    rng = np.random.default_rng(0)
    few, many = mean_figure(rng.normal(size=10)), mean_figure(rng.normal(size=1000))
    assert few.low < few.value < few.high
    assert many.high - many.low < 0.3 * (few.high - few.low)
    assert mean_figure(np.full(5, 2.0)) == mean_figure(np.full(5, 2.0))


def test_one_clip_has_no_interval_and_none_no_value() -> None:
    one = mean_figure([3.0])
    assert one.value == 3.0
    assert np.isnan(one.low)
    assert np.isnan(mean_figure([]).value)
    assert np.isnan(bootstrapped(lambda chosen: 0.0, 0).value), "never a silent 0"
    assert mean_figure([1.0, np.nan, 3.0]).value == 2.0
    assert np.isnan(ratio_figure([0.0, 0.0], [0.0, 0.0]).value)


def test_ratio_is_sum_over_sum() -> None:
    assert ratio_figure([1.0, 9.0], [2.0, 3.0]).value == 2.0


def test_binomial_interval_is_wilsons() -> None:
    assert binomial_interval(8, 10) == pytest.approx((0.490, 0.943), abs=1e-3)
    assert binomial_interval(0, 10)[0] == 0
    assert np.isnan(binomial_interval(0, 0)[0])


def test_frechet_floor_and_shift() -> None:
    rng = np.random.default_rng(0)
    real = [rng.normal(size=(20, 4)) for _ in range(10)]
    same = frechet_figures(real, real)
    moved = frechet_figures([each + 1.0 for each in real], real)
    assert same["frechet"].value == pytest.approx(0, abs=1e-6)
    assert same["frechet_halves"].value > 0, "halves differ, so the floor is not 0"
    assert moved["frechet"].value == pytest.approx(4.0, abs=1e-6)
    assert moved["frechet_halves"].value == pytest.approx(4.0, rel=0.3)


def test_too_few_windows_have_no_frechet_distance() -> None:
    real = [np.random.default_rng(0).normal(size=(3, 8)) for _ in range(2)]
    assert np.isnan(frechet_figures(real, real)["frechet"].value)
    assert np.isnan(frechet_figures(real[:1], real[:1])["frechet_halves"].value)
    assert np.isnan(frechet_figures([], [])["frechet"].value)
    with pytest.raises(AqgtError, match="2 and 1 clips"):
        frechet_figures(real, real[:1])


def test_figures_of_a_clip() -> None:
    clip = tiny_clip("one", "val", 0, 4)
    rest = standing(1).bone_vectors[0]
    row = clip_figures(standing(60), lifting("left"), clip, rest)
    assert row["speed"] == pytest.approx(0, abs=1e-5)
    assert row["frozen"] == 1
    assert row["wrist_error"] == pytest.approx(row["still_error"], rel=1e-4)
    with pytest.raises(AqgtError, match="59 and 60 frames"):
        clip_figures(standing(59), standing(60), clip, rest)
    with pytest.raises(AqgtError, match="a jerk needs 4"):
        clip_figures(standing(3), standing(3), clip, rest)


def test_a_motion_is_brought_to_its_clip_or_refused() -> None:
    clip = tiny_clip("one", "val", 0, 4)
    assert len(fitted(standing(61), clip)) == 60
    assert len(fitted(standing(58), clip)) == 60
    with pytest.raises(AqgtError, match="has 30 frames; the clip has 60"):
        fitted(standing(30), clip)


def test_json_has_null_where_there_is_no_value() -> None:
    plain = as_plain({"a": float("nan"), "b": [np.float32(1.5), np.inf], "c": mean_figure([])})
    assert json.loads(json.dumps(plain, allow_nan=False)) == {
        "a": None,
        "b": [1.5, None],
        "c": {"value": None, "low": None, "high": None, "n": 0},
    }


def test_comparison_marks_what_differs_by_more_than_its_interval() -> None:
    def figures(value: float, corpus: str = "x") -> dict:
        figure = {"value": value, "low": value - 0.1, "high": value + 0.1, "n": 5}
        return {"sets": {"annotated": {"speed_ratio": figure}}, "variety": value, "corpus_sha256": corpus}

    near, far = compare(figures(1.0), figures(1.1)), compare(figures(1.0), figures(1.5, "y"))
    rows = {row[0]: row[1:] for row in near.rows}
    assert rows["sets.annotated.speed_ratio"] == ("1.000", "1.100", "+0.100", "")
    assert {row[0]: row[-1] for row in far.rows} == {"sets.annotated.speed_ratio": "*", "variety": ""}
    assert "Not made on the same: corpus sha256: x and y" in far.note
    assert differences(figures(1.0), figures(2.0)) == []
