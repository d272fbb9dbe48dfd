# SPDX-License-Identifier: GPL-3.0-or-later
"""What the published data code does, against its recorded inputs and outputs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aqgt import skeleton
from aqgt.generation.stitching import Stitcher
from aqgt.speech.beats import beat_features
from aqgt_training.corpora.published import annotations, poses, sound, words

SHARED = Path(os.environ.get("AQGT_SHARED") or Path(__file__).resolve().parents[5] / "shared")
FOLDER = SHARED / "vectors" / "evaluation"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"there is no folder {FOLDER}")


def arrays(name: str) -> Any:
    return np.load(FOLDER / f"{name}.npz", allow_pickle=False)


def texts(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def test_resampling() -> None:
    given = arrays("aqgt_resample")
    for seconds in given["durations"]:
        wanted = given[f"resampled_{seconds:.6f}"]
        np.testing.assert_allclose(poses.resample(given["x"], seconds), wanted, rtol=0, atol=1e-9)
    unchanged = given["x15"]
    assert poses.resample(unchanged, len(unchanged) / 15) is unchanged


def test_sound_of_fixed_length() -> None:
    given = arrays("aqgt_resample")
    np.testing.assert_array_equal(poses.fixed_length(np.arange(10.0), 14), given["fix_short"])
    np.testing.assert_array_equal(poses.fixed_length(np.arange(10.0), 7), given["fix_long"])


def test_every_step_from_tracker_to_bone_vectors() -> None:
    given = arrays("aqgt_skeleton")

    def same(found: Any, name: str) -> None:
        np.testing.assert_allclose(found, given[name], rtol=0, atol=1e-12)

    same(poses.normalised(given["raw59"]), "normalized59")
    same(poses.upper_body(given["normalized59"]), "upper53")
    vectors = skeleton.bone_vectors_from_positions(given["upper53"])
    same(vectors, "deboned")
    same(poses.with_fixed_lengths(vectors), "rescaled")
    final = poses.pose_from_tracker(given["raw59"])
    same(final, "final_pose")
    vectors = skeleton.bone_vectors_from_positions(final)
    same(vectors, "dir_vec")
    same(skeleton.positions_from_bone_vectors(vectors), "back")
    back = skeleton.positions_from_bone_vectors(vectors)
    same(back.reshape(1, len(back), -1), "dirvec_roundtrip_flat159")
    assert list(given["parents"]) == list(skeleton.PARENTS)


def test_points_and_scores_of_the_tracker() -> None:
    given = arrays("aqgt_skeleton")
    np.testing.assert_allclose(poses.from_halpe(given["halpe2d"]), given["halpe2d_to59"], atol=1e-12)
    scores = poses.from_halpe(given["halpe_scores"])
    np.testing.assert_allclose(scores, given["score59"], atol=1e-12)
    upper = poses.upper_body(scores)
    np.testing.assert_allclose(upper.ravel(), given["score53"], atol=1e-12)
    assert poses.well_seen(upper, 0.02) == given["score_ok_thr002"]
    assert poses.well_seen(upper, 0.95) == given["score_ok_thr095"]


def test_windows_joined() -> None:
    given = arrays("aqgt_stitching")
    joined = Stitcher(int(given["n_pre_poses"]), lengths=None)
    for window in given["windows"]:
        joined.push(window.reshape(1, len(window), -1, 3))
    found = joined.result()[0].reshape(given["stitched"].shape)
    np.testing.assert_allclose(found, given["stitched"], rtol=0, atol=1e-9)


def test_beats_of_windows() -> None:
    given = arrays("aqgt_proc_audio")
    np.testing.assert_allclose(sound.training_beats(given["audio"]), given["beat"], rtol=0, atol=1e-6)
    found = sound.training_beats(given["audio_36266"])
    np.testing.assert_allclose(found, given["beat_36266"], rtol=0, atol=1e-6)
    # The engine's own, which needs no librosa, sums in another order.
    found = beat_features(given["audio_36266"])
    np.testing.assert_array_equal(found[0], given["beat_36266"][0])
    np.testing.assert_allclose(found[1], given["beat_36266"][1], rtol=0, atol=1e-4)


def test_still_windows() -> None:
    given = arrays("motion_filters")
    for case in ("a", "b"):
        assert np.isclose(np.var(given[case]), given[f"{case}_var"], rtol=1e-12)
        assert poses.is_still(given[case]) == given[f"{case}_static"]


def test_movement_is_that_over_time() -> None:
    spread = np.random.default_rng(0).normal(size=(53, 3))
    assert not poses.is_still(np.repeat(spread[None], 34, axis=0))  # what the published filter overlooks
    assert poses.movement(np.repeat(spread[None], 34, axis=0)) < 1e-12


def test_texts_and_words_of_windows() -> None:
    given = texts("aqgt_text_subtitles")
    for text, wanted in given["normalize_string"].items():
        assert words.normalised(text) == wanted
    for case in given["cases"]:
        assert words.in_window(given["words"], case["start"], case["end"], case["fps"]) == case["out"]


MAPS = {
    "toEntityMap": "entity", "toPhaseMap": "phase_left", "toPhraseMap": "phrase_right",
    "toWristMap": "wrist_left", "toPositionMap": "position_speech",
    "toShapeMap": "shape_left", "toExtendMap": "extent_left",    "toPracticeMap": "practice_right",
}  # fmt: skip


@pytest.mark.parametrize("name", MAPS)
def test_numbers_of_labels(name: str) -> None:
    for label, wanted in texts("aqgt_annotation_maps")[name].items():
        assert annotations.value_of(MAPS[name], None if label == "None" else label) == wanted, label


def test_occurrence_and_frames_of_windows() -> None:
    given = texts("aqgt_annotation_maps")
    example = given["toOccurenceMap_example"]
    matrix = np.zeros((17, 34))
    first, last = example["non_null_frames"][0], example["non_null_frames"][-1]
    matrix[0, first : last + 1] = 5
    found = annotations.with_occurrence(matrix)[1]
    np.testing.assert_allclose(found, example["out"], atol=1e-6)
    assert annotations.frames_of_window(0, 34, 60) == given["resampled_get_anno_0_34_15_25"]
    assert annotations.frames_of_window(8, 42, 60) == given["resampled_get_anno_8_42_15_25"]
