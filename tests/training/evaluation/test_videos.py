# SPDX-License-Identifier: GPL-3.0-or-later
"""Videos of several motions, and the study that is made of them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import av
import numpy as np
import pytest
from typer.testing import CliRunner

from aqgt.annotations import Span
from aqgt.errors import AqgtError
from aqgt.formats.npz import write_npz
from aqgt_training.cli.app import app
from aqgt_training.evaluation.original_layout import write_original_layout
from aqgt_training.evaluation.side_by_side import Panel, write_side_by_side
from aqgt_training.evaluation.study import Stimulus, score_study, write_pairs
from tests.training.evaluation.motions import lifting, standing, track

SOUND = np.random.default_rng(0).normal(scale=0.1, size=16_000).astype(np.float32)


def _first_picture(path: Path) -> tuple[np.ndarray, int, bool]:
    with av.open(str(path)) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        return pictures[0], len(pictures), bool(container.streams.audio)


@pytest.mark.parametrize(("count", "size"), [(1, (400, 400)), (2, (400, 800)), (4, (800, 800))])
def test_panels_stand_side_by_side_or_two_by_two(tmp_path: Path, count: int, size: tuple[int, int]) -> None:
    panels = [Panel(f"{n}", lifting("left", n_frames=6, at=n)) for n in range(count)]
    write_side_by_side(tmp_path / "a.mp4", panels, SOUND, fps=10)
    picture, frames, sound = _first_picture(tmp_path / "a.mp4")
    assert (picture.shape[0] // 100 * 100 >= size[0] - 100, picture.shape[1]) == (True, size[1])
    assert frames == 4
    assert sound


def test_the_annotations_are_drawn_under_the_figure(tmp_path: Path) -> None:
    values = track("right", begin=0, stroke=1, arrival=5, end=6, n=8)
    for name, given in (("with", values), ("without", np.zeros_like(values))):
        panel = Panel("", lifting("right", n_frames=8), given)
        write_side_by_side(tmp_path / f"{name}.mp4", [panel], fps=5)
    one, other = (_first_picture(tmp_path / f"{name}.mp4")[0].astype(int) for name in ("with", "without"))
    changed = np.abs(one - other).max(axis=(1, 2)) > 40
    assert changed[386:].any()
    assert not changed[:380].any()


def test_what_cannot_be_drawn_is_refused(tmp_path: Path) -> None:
    for panels in ([], [Panel("", standing(2))] * 5):
        with pytest.raises(AqgtError, match="one to four motions"):
            write_side_by_side(tmp_path / "a.mp4", panels)
    with pytest.raises(AqgtError, match="no frames"):
        write_side_by_side(tmp_path / "a.mp4", [Panel("", standing(0))])
    with pytest.raises(AqgtError, match="0 frames"):
        write_original_layout(tmp_path / "a.mp4", standing(0), standing(2))
    assert not (tmp_path / "a.mp4").exists()


def test_the_command_line_draws_both_layouts(tmp_path: Path) -> None:
    spans = [Span(0.1, 0.3, "left", {"phrase": "beat"})]
    for name in ("one", "two"):
        write_npz(tmp_path / f"{name}.npz", lifting("left", n_frames=6, at=1), spans=spans)
    motions = [str(tmp_path / "one.npz"), str(tmp_path / "two.npz")]
    for layout, width in (("panels", 800), ("original", 1600)):
        output = tmp_path / f"{layout}.mp4"
        command = ["evaluate", "video", *motions, "-o", str(output), "--layout", layout]
        assert CliRunner().invoke(app, command).exit_code == 0
        assert _first_picture(output)[0].shape[1] == width
    picture = _first_picture(tmp_path / "original.mp4")[0]
    assert picture[:800, :800].max() > 200, "the human"
    assert picture[:800, 800:].max() > 200, "the generated one"
    assert picture[1700:].max() > 200, "the last channel's line"
    with pytest.raises(AqgtError, match="shows two motions, not 1"):
        CliRunner().invoke(
            app,
            ["evaluate", "video", motions[0], "-o", str(tmp_path / "x.mp4"), "--layout", "original"],
            catch_exceptions=False,
        )


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    stimuli = [
        Stimulus(name, lifting("left", at=n, n_frames=8), SOUND) for n, name in enumerate(("a", "b", "c"))
    ]
    write_pairs(stimuli, tmp_path, seconds=0.4, seed=3)
    return tmp_path


def _answer(folder: Path, choices: dict[str, str], name: str = "sheet.csv") -> Path:
    sheet = folder / name
    with sheet.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("rater", "pair", "choice"))
        writer.writerows(("r", pair, choice) for pair, choice in choices.items())
    return sheet


def test_pairs_have_one_sound_and_a_key_that_names_the_matched_one(pairs: Path) -> None:
    key = json.loads((pairs / "key.json").read_text())
    assert sorted(path.name for path in pairs.glob("*.mp4")) == [
        f"pair-{pair}-{letter}.mp4" for pair in ("01", "02", "03") for letter in "AB"
    ]
    assert sorted(entry["sound"] for entry in key.values()) == ["a", "b", "c"]
    assert all(entry["sound"] != entry["other"] for entry in key.values())
    assert (pairs / "answers.csv").read_text().splitlines() == ["rater,pair,choice", ",01,", ",02,", ",03,"]
    assert "matched" not in (pairs / "answers.csv").read_text()


def test_scores_count_the_matched_choices(pairs: Path) -> None:
    right = {pair: entry["matched"] for pair, entry in json.loads((pairs / "key.json").read_text()).items()}
    wrong = {pair: "AB"[letter == "A"] for pair, letter in right.items()}
    key = pairs / "key.json"
    assert score_study(key, [_answer(pairs, right)]).matched == 1
    assert score_study(key, [_answer(pairs, wrong)]).matched == 0
    both = [_answer(pairs, right, "1.csv"), _answer(pairs, {**wrong, "01": "equal", "02": ""}, "2.csv")]
    result = score_study(key, both)
    assert (result.answers, result.equal, result.raters, result.pairs) == (5, 1, 2, 3)
    assert result.matched == pytest.approx(3 / 4)
    assert result.low < 0.75 < result.high
    from_spreadsheet = _answer(pairs, {str(int(pair)): letter.lower() for pair, letter in right.items()})
    assert score_study(key, [from_spreadsheet]).matched == 1
    nobody = score_study(key, [pairs / "answers.csv"])
    assert np.isnan(nobody.matched)
    assert np.isnan(nobody.low)


def test_wrong_sheets_are_named(pairs: Path) -> None:
    key = pairs / "key.json"
    with pytest.raises(AqgtError, match="Line 2"):
        score_study(key, [_answer(pairs, {"01": "left"})])
    with pytest.raises(AqgtError, match="pair “09”"):
        score_study(key, [_answer(pairs, {"9": "A"})])
    (pairs / "bad.csv").write_text("x,y\n1,2\n")
    with pytest.raises(AqgtError, match="no answer sheet"):
        score_study(key, [pairs / "bad.csv"])
    with pytest.raises(AqgtError, match="no key"):
        score_study(pairs / "bad.csv", [])
    with pytest.raises(AqgtError, match="makes no mismatched pairs"):
        write_pairs([], pairs)
