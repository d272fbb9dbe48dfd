# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows, stitching and presets by themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aqgt.annotations import CHANNEL_BY_KEY
from aqgt.errors import AqgtError
from aqgt.generation.presets import load_preset, preset_names, preset_of, read_preset
from aqgt.generation.stitching import Lengths, Stitcher, become, ease_from
from aqgt.generation.windows import frames_of, window_starts
from aqgt.models.rest_pose import rest_pose
from aqgt.skeleton import HUMAN_LENGTHS


@pytest.mark.parametrize(
    ("n_frames", "starts"), [(1, [0]), (34, [0]), (35, [0, 30]), (64, [0, 30]), (65, [0, 30, 60])]
)
def test_windows_cover_the_clip_and_no_more(n_frames: int, starts: list[int]) -> None:
    assert window_starts(n_frames, 34, 4) == starts


def test_frames_beyond_the_ends_repeat() -> None:
    assert frames_of(np.arange(5), -2, 4).tolist() == [0, 0, 0, 1]
    assert frames_of(np.arange(5), 3, 4).tolist() == [3, 4, 4, 4]


def test_cross_fade_by_fifths() -> None:
    stitcher = Stitcher(4, None)
    stitcher.push(np.zeros((1, 34, 53, 3)))
    block = stitcher.push(np.ones((1, 34, 53, 3)))
    assert block[0, :4, 5, 0] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    result = stitcher.result()
    assert result.shape == (1, 64, 53, 3)
    assert (result[:, :30] == 0).all()
    assert (result[:, 34:] == 1).all()


def test_stitched_bones_keep_their_lengths() -> None:
    rng = np.random.default_rng(0)
    stitcher = Stitcher(4, Lengths(HUMAN_LENGTHS, rest_pose()))
    for _ in range(3):
        stitcher.push(rng.standard_normal((2, 34, 53, 3)))
    norms = np.linalg.norm(stitcher.result(), axis=-1)
    assert norms[..., 1:] == pytest.approx(np.broadcast_to(HUMAN_LENGTHS[1:], norms[..., 1:].shape), rel=1e-4)
    assert (norms[..., 0] == 0).all()


def test_bone_without_direction_takes_the_rest_pose() -> None:
    assert Lengths(HUMAN_LENGTHS, rest_pose()).apply(np.zeros((53, 3))) == pytest.approx(
        rest_pose(), abs=1e-6
    )


def test_motion_eases_from_one_and_into_another() -> None:
    motion = np.zeros((1, 20, 53, 3))
    eased = ease_from(motion, np.ones((1, 53, 3)), 8)[0, :, 0, 0]
    assert eased[0] > 0.9
    assert (np.diff(eased[:9]) < 0).all()
    assert (eased[8:] == 0).all()
    blended = become(motion, np.ones((10, 53, 3)), 10, None)[0, :, 0, 0]
    assert (blended[:10] == 0).all()
    assert (np.diff(blended[9:]) > 0).all()
    assert blended[-1] > 0.9


def test_a_motion_becomes_another_in_pieces_as_in_one() -> None:
    random = np.random.default_rng(0)
    motion, target = random.normal(size=(1, 20, 53, 3)), random.normal(size=(10, 53, 3))
    lengths = Lengths(np.linspace(0.1, 1, 53), rest_pose())
    whole = become(motion, target, 6, lengths)
    pieces = [become(motion[:, at : at + 4], target, 6 - at, lengths) for at in range(0, 20, 4)]
    assert np.array_equal(np.concatenate(pieces, axis=1), whole)
    assert np.array_equal(whole[:, :6], motion[:, :6])
    assert np.array_equal(whole[:, 16:], motion[:, 16:])


def test_shipped_presets_are_valid() -> None:
    assert {"original", "always-iconic", "always-deictic"} <= set(preset_names())
    for name in preset_names():
        load_preset(name)


def test_always_iconic_sets_every_frame_of_both_hands() -> None:
    before = np.full((17, 5), -1, dtype=np.float32)
    after = load_preset("always-iconic").apply(before)
    assert (after[[4, 5]] == 2).all()
    assert (after[[2, 3]] == 2).all()
    assert (np.delete(after, [2, 3, 4, 5], axis=0) == -1).all()
    assert (before == -1).all(), "the given matrix stays as it is"


def test_rule_replaces_the_named_labels_only(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("rules:\n  - {channels: [extent_left], from: [small, nothing], to: large}\n")
    row = CHANNEL_BY_KEY["extent_left"].index
    values = np.full((17, 4), -1, dtype=np.float32)
    values[row] = [2, 3, 0, -1]
    assert read_preset(path).apply(values)[row].tolist() == [4, 3, 4, -1]


@pytest.mark.parametrize(
    "text",
    [
        "rule: []",
        "rules: [{channels: [foot], to: beat}]",
        "rules: [{channels: [phrase], to: waltz}]",
        "text: maybe",
    ],
)
def test_wrong_presets_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(text)
    with pytest.raises(AqgtError):
        read_preset(path)


def test_a_request_may_bring_its_own_preset() -> None:
    given = {"title": "Mine", "rules": ({"channels": ("extent_left",), "from": ("small",), "to": "large"},)}
    values = np.full((17, 2), 2, dtype=np.float32)
    assert preset_of(given).apply(values)[CHANNEL_BY_KEY["extent_left"].index].tolist() == [4, 4]
    assert preset_of("always-beat") == load_preset("always-beat")
    with pytest.raises(AqgtError, match="Mine"):
        preset_of({**given, "volume": "loud"})
    with pytest.raises(AqgtError, match="foot"):
        preset_of({"rules": [{"channels": ["foot"], "to": "beat"}]})


def test_unknown_preset_names_those_there_are() -> None:
    with pytest.raises(AqgtError, match="always-iconic"):
        load_preset("nosuch")
