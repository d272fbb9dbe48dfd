# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics: recorded values of the reference implementations, and cases one can work out by hand."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqgt.errors import AqgtError
from aqgt_training.evaluation import metrics

SHARED = Path(os.environ.get("AQGT_SHARED") or Path(__file__).resolve().parents[4] / "shared")
VECTORS = SHARED / "vectors"
recorded = pytest.mark.skipif(not VECTORS.is_dir(), reason=f"there is no folder {VECTORS}")
CLICK_RATE = 16000


def vectors(name: str) -> Any:
    return np.load(VECTORS / f"{name}.npz", allow_pickle=False)


def clicks(seconds: float, times: list[float]) -> np.ndarray:
    """Silence with short bursts of noise: their beginnings are the onsets."""
    sound = np.zeros(int(seconds * CLICK_RATE), np.float32)
    for index, time in enumerate(times):
        at = int(time * CLICK_RATE)
        burst = np.random.default_rng(index).standard_normal(800) * np.exp(-np.arange(800) / 200)
        sound[at : at + 800] += burst.astype(np.float32)[: len(sound) - at]
    return sound


class TestRecorded:
    pytestmark = recorded

    @pytest.mark.parametrize("case", ["a_full", "b_identical", "c_rankdef", "d_float32"])
    @pytest.mark.parametrize("source", ["trimodal", "aqgt", "ha2g", "genea"])
    def test_frechet_distance(self, case: str, source: str) -> None:
        z = vectors("evaluation/fgd_frechet")
        wanted = float(z[f"{case}_{source}_fgd"])
        found = metrics.frechet_distance(z[f"{case}_gen"], z[f"{case}_real"])
        assert found == pytest.approx(wanted, rel=1e-6, abs=1e-9)

    @pytest.mark.parametrize("case", ["a_full", "b_identical", "c_rankdef", "d_float32"])
    def test_paired_feature_distance(self, case: str) -> None:
        z = vectors("evaluation/fgd_frechet")
        found = metrics.paired_feature_distance(z[f"{case}_gen"], z[f"{case}_real"])
        assert found == pytest.approx(float(z[f"{case}_trimodal_featdist"]), rel=1e-6)

    @pytest.mark.parametrize("case", ["a", "b"])
    def test_diversity(self, case: str) -> None:
        z = vectors("evaluation/diversity")
        found = metrics.diversity(z[f"ha2g_{case}_feats"], z[f"ha2g_{case}_perm"])
        assert found == pytest.approx(float(z[f"ha2g_{case}_value"]), rel=1e-6)

    def test_diversity_of_many_permutations(self) -> None:
        z = vectors("evaluation/diversity")
        found = np.mean([metrics.diversity(z["aqgt_feats"], order) for order in z["aqgt_perms"]])
        assert found == pytest.approx(float(z["aqgt_value"]), rel=1e-6)

    def test_joint_error_and_acceleration_difference(self) -> None:
        z = vectors("evaluation/trimodal_pose_maje")
        pair = z["out_pose"], z["target_pose"]
        assert metrics.joint_error(*pair) == pytest.approx(float(z["joint_mae"]), rel=1e-6)
        assert metrics.acceleration_difference(*pair) == pytest.approx(float(z["accel_diff"]), rel=1e-6)

    def test_derivative_losses(self) -> None:
        z = vectors("model/losses")
        names = ("velocity", "acceleration", "jerk", "jounce", "crackle", "pop", "lock")
        wanted = [float(z[f"t_{name}_loss"]) for name in names]
        assert metrics.derivative_losses(z["out"], z["target"]) == pytest.approx(wanted, rel=1e-6)


class TestDistributions:
    def test_frechet_distance_of_shifted_and_scaled_features(self) -> None:
        rng = np.random.default_rng(0)
        features = np.linalg.qr(rng.standard_normal((200, 3)))[0] * math.sqrt(199)
        features -= features.mean(axis=0)
        cov = np.cov(features, rowvar=False)
        moved = 2 * features + [3.0, 0.0, 4.0]
        # Covariances Σ and 4Σ: the root of their product is 2Σ, so tr(Σ + 4Σ − 4Σ) is left.
        assert metrics.frechet_distance(moved, features) == pytest.approx(25 + np.trace(cov))

    @settings(max_examples=20, deadline=None)
    @given(st.integers(0, 2**32 - 1))
    def test_frechet_distance_is_symmetric_and_blind_to_order(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        a, b = rng.standard_normal((50, 4)), rng.standard_normal((60, 4)) @ rng.standard_normal((4, 4))
        value = metrics.frechet_distance(a, b)
        assert value == pytest.approx(metrics.frechet_distance(b, a), rel=1e-6, abs=1e-8)
        assert value == pytest.approx(metrics.frechet_distance(a[::-1], b), rel=1e-6, abs=1e-8)

    def test_l1_diversity(self) -> None:
        long = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 0.0], [2.0, 4.0]])
        # Means 1 and 1: |x − 1| sums to 4, |y − 1| to 1 + 1 + 1 + 3 = 6; one still frame adds none.
        assert metrics.l1_diversity([long, np.zeros((1, 2))]) == pytest.approx(10 / 5)

    def test_speed_histogram(self) -> None:
        still = np.zeros((3, 2, 3))
        moving = np.zeros((3, 1, 3))
        moving[1:, 0, 0] = [0.25, 10.25]  # 2.5 and 100 per second at 10 frames per second
        counts = metrics.speed_histogram([still, moving], fps=10)
        assert counts.shape == (49,)
        assert (counts[0], counts[2], counts.sum()) == (4, 1, 5)

    def test_hellinger_distance(self) -> None:
        assert metrics.hellinger_distance([1, 3], [10, 30]) == pytest.approx(0, abs=1e-7)
        assert metrics.hellinger_distance([1, 0], [0, 1]) == 1
        assert metrics.hellinger_distance([1, 1], [1, 0]) == pytest.approx(math.sqrt(1 - math.sqrt(0.5)))
        assert math.isnan(metrics.hellinger_distance([0, 0], [1, 0]))


class TestMotion:
    def test_jerk_and_acceleration_of_polynomials(self) -> None:
        t = np.arange(20)[:, None, None] / 30
        cubic = np.concatenate([t**3, 0 * t, 0 * t], axis=-1)  # third derivative 6
        square = np.concatenate([0 * t, 2 * t**2, 0 * t], axis=-1)  # second derivative 4, third 0
        assert metrics.mean_jerk([cubic, square], 30) == pytest.approx((3.0, 3.0), rel=1e-6)
        assert metrics.mean_acceleration([square], 30) == pytest.approx((4.0, 0.0), abs=1e-9)

    def test_joint_error_leaves_the_seed_out(self) -> None:
        a = np.zeros((2, 6, 3, 3))
        b = a.copy()
        b[:, :4] += 100
        b[:, 4:, 0, 0] += 0.9
        assert metrics.joint_error(a, b) == pytest.approx(0.1)
        assert metrics.joint_error(a, b, skip=0) > 60

    def test_srgr_by_hand(self) -> None:
        reference = np.zeros((2, 2, 3))
        generated = reference.copy()
        generated[0, 0] = [0.06, 0.06, 0.0]  # 0.12 by sum, 0.085 by length
        generated[1, 1] = [1.0, 0.0, 0.0]
        assert metrics.srgr(generated, reference, None) == 0.75
        assert metrics.srgr(generated, reference, None, norm="l1") == 0.5
        weighted = metrics.srgr(generated, reference, [0.165, 0.33])
        assert weighted == pytest.approx((1 + 1 + 2 + 0) / 4)


class TestBeats:
    PAIRS = ((0, 1),)

    def turning(self, beats: list[int], n: int = 34) -> np.ndarray:
        """Two bones whose angle grows evenly, but hardly at the frames ``beats``."""
        step = np.full(n, 0.08)  # the angle stays below π
        step[0] = 0.0
        step[beats] = 0.001
        angle = np.cumsum(step)
        second = np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=-1)
        first = np.broadcast_to([1.0, 0.0, 0.0], second.shape)
        return np.stack([first, 3 * second], axis=1)[None]

    def test_beat_consistency_falls_with_distance(self) -> None:
        sound = clicks(34 / 15, [0.5, 1.0, 1.5])[None]
        onsets = np.array([0.5, 1.0, 1.5])

        def value(beats: list[int]) -> float:
            return metrics.beat_consistency(self.turning(beats), sound, self.PAIRS, [0.03])

        near, far = value([8, 15, 22]), value([4, 11, 29])
        wanted = np.exp(-(np.abs(onsets - np.array([8, 15, 22]) / 15) ** 2) / 0.02).mean()
        assert near == pytest.approx(wanted, abs=0.1)  # onsets are found in steps of 32 ms
        assert far < 0.6 * near

    def test_windows_without_onsets_or_beats_don_t_count(self) -> None:
        sound, silence = clicks(34 / 15, [1.0]), np.zeros(int(34 / 15 * CLICK_RATE), np.float32)
        moving, even = self.turning([15]), self.turning([])
        alone = metrics.beat_consistency(moving, sound[None], self.PAIRS, [0.03])
        together = metrics.beat_consistency(
            np.concatenate([moving, moving, even]), np.stack([sound, silence, sound]), self.PAIRS, [0.03]
        )
        assert together == alone
        assert math.isnan(metrics.beat_consistency(even, sound[None], self.PAIRS, [0.03]))

    def test_small_dips_are_no_beats(self) -> None:
        sound = clicks(34 / 15, [1.0])[None]
        assert math.isnan(
            metrics.beat_consistency(self.turning([15]), sound, self.PAIRS, [0.03], threshold=1.1)
        )

    def test_beat_consistency_2024_by_hand(self) -> None:
        halt, n = 45, 90
        step = np.full(n, 0.02)
        step[halt - 1 : halt + 1] = 0.006
        positions = np.zeros((n, 2, 3))
        positions[:, 0, 0] = np.cumsum(step)
        sound = clicks(3.0, [halt / 30])

        def value(threshold: float) -> float:
            return metrics.beat_consistency_2024(
                positions, sound, [0.6, 1.0], [0, 1], threshold=threshold, order=7
            )

        assert value(0.1) == pytest.approx(0.5, abs=0.02)  # the still second joint has no beat: 0
        assert value(0.9) == 0.0  # the halt is slower than that

    def test_beat_alignment_2022_uses_the_assumed_rate(self) -> None:
        frames = int(0.5 * CLICK_RATE) // 512 + 1
        assumed = frames * 512 / 22050
        speed = np.full(45, 10.0)
        speed[round(assumed * 15)] = 1.0
        wrist = np.zeros((46, 3))
        wrist[1:, 1] = np.cumsum(speed)
        late = np.zeros((46, 3))
        late[1:, 1] = np.cumsum(np.where(np.arange(45) == 38, 1.0, 10.0))
        sound = clicks(3.0, [0.5])
        assert metrics.beat_alignment_2022(wrist, sound) > 0.9
        assert metrics.beat_alignment_2022(late, sound) < 0.05
        assert math.isnan(metrics.beat_alignment_2022(np.zeros((46, 3)), sound))


class TestBadInput:
    def test_nan_empty_and_odd_lengths_are_refused(self) -> None:
        good = np.zeros((2, 10, 3, 3))
        bad = good.copy()
        bad[0, 0, 0, 0] = np.nan
        for call in (
            lambda: metrics.joint_error(bad, good),
            lambda: metrics.joint_error(good, good[:, :9]),
            lambda: metrics.acceleration_difference(good[:0], good[:0]),
            lambda: metrics.frechet_distance(np.zeros((1, 3)), np.zeros((5, 3))),
            lambda: metrics.frechet_distance(np.zeros((5, 3)), np.zeros((5, 4))),
            lambda: metrics.paired_feature_distance(np.zeros((3, 2)), np.zeros((2, 2))),
            lambda: metrics.diversity(np.zeros((3, 2, 2)), [0, 1, 1]),
            lambda: metrics.l1_diversity([]),
            lambda: metrics.mean_jerk([np.zeros((3, 2, 3))], 30),
            lambda: metrics.speed_histogram([np.full((3, 2, 3), np.inf)], 30),
            lambda: metrics.srgr(good[0], good[0], [1.0]),
            lambda: metrics.derivative_losses(np.zeros((7, 2)), np.zeros((7, 2))),
            lambda: metrics.hellinger_distance([1, 2], [1, 2, 3]),
            lambda: metrics.beat_consistency(good, np.zeros((1, 100)), [(0, 1)], [1.0]),
            lambda: metrics.beat_consistency_2024(good[0], np.zeros(100), [1, 1], [0]),
        ):
            with pytest.raises(AqgtError):
                call()
