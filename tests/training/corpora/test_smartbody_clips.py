# SPDX-License-Identifier: GPL-3.0-or-later
"""The gesture clips from SmartBody's own files equal the arrays that the corpus was made of."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from aqgt import resources
from aqgt.errors import AqgtError
from aqgt_training.corpora.compose_config import ComposeConfig
from aqgt_training.corpora.gesture_clips import read_gesture_clips
from aqgt_training.corpora.smartbody_clips import find_motions, read_clips, write_clips

SHARED = Path(os.environ.get("AQGT_SHARED") or Path(__file__).resolve().parents[4] / "shared")
FOLDER = SHARED / "data" / "gestures"
RAW = FOLDER / "raw"
needs_shared = pytest.mark.skipif(not RAW.is_dir(), reason=f"there is no folder {RAW}")

CLIP = "ChrBrad@Idle01_MeLf01"
SCRIPT = """
def setup():
    gestureMap.addGestureMapping("ChrBrad@Idle01_MeLf01", "DEICTIC", "ME", "LEFT_HAND", "", "ChrBrad@Idle01")
    print "a line of Python 2's that is no Python 3"
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The five clips where the repository has them; one of them is in both sets."""
    first = tmp_path / "smartbody/data/behaviorsets/Gestures/motions"
    second = tmp_path / "smartbody/data/behaviorsets/Gestures2/motions"
    first.mkdir(parents=True)
    second.mkdir(parents=True)
    (first.parent / "skeletons").mkdir()
    shutil.copy(RAW / "ChrBrad.sk", first.parent / "skeletons" / "ChrBrad.sk")
    for path in RAW.glob("*.skm"):
        shutil.copy(path, first)
    shutil.copy(RAW / f"{CLIP}.skm", second)
    script = SCRIPT.replace("    print", "    # print")
    (tmp_path / "smartbody/data/behaviorsets/BehaviorSetGestures.py").write_text(script)
    return tmp_path / "smartbody"


@needs_shared
def test_positions_marks_and_names_equal_the_arrays() -> None:
    wanted = {
        entry["name"]: entry for entry in json.loads((FOLDER / "smartbody_meta.json").read_text())["clips"]
    }
    with np.load(FOLDER / "smartbody_positions_30fps.npz") as arrays:
        clips = list(read_clips(RAW))
        assert len(clips) == 5
        for entry, positions in clips:
            mine = wanted[entry["name"]]
            assert (entry["fps"], entry["frames"]) == (mine["fps"], mine["frames"])
            assert entry["marks"] == pytest.approx(mine["marks"], abs=1e-6)
            np.testing.assert_allclose(positions, arrays[entry["name"]], atol=1e-3)


@needs_shared
def test_a_checkout_gives_clips_that_can_be_composed(repository: Path, tmp_path: Path) -> None:
    names = [place.name for place in find_motions(repository)]
    assert names[-1] == f"{CLIP}@G2"
    assert len(names) == 6
    manifest = write_clips(repository, tmp_path / "out", find_motions(repository))
    assert manifest["clips"] == 6
    assert manifest["sets"] == {"Gestures": 5, "Gestures2": 1}
    assert len(manifest["sha256"]) == 7
    written, direct = read_gesture_clips(tmp_path / "out"), read_gesture_clips(repository)
    assert [clip.name for clip in written] == [clip.name for clip in direct]
    for a, b in zip(written, direct, strict=True):
        np.testing.assert_array_equal(a.directions, b.directions)
    meta = json.loads((tmp_path / "out" / "smartbody_meta.json").read_text())
    labelled = {entry["name"]: entry["labels"] for entry in meta["clips"]}
    assert labelled[CLIP] == [
        {"lexeme": "DEICTIC", "type": "ME", "hand": "LEFT_HAND", "style": "", "posture": "ChrBrad@Idle01"}
    ]


@needs_shared
def test_a_script_is_never_run_and_a_broken_one_tells_nothing(repository: Path) -> None:
    (repository / "data/behaviorsets/BehaviorSetGestures.py").write_text(SCRIPT)
    assert all(not place.labels for place in find_motions(repository))


def test_a_folder_without_motions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AqgtError, match="no SmartBody motions"):
        find_motions(tmp_path)
    (tmp_path / "ChrX@Idle01_A.skm").write_text("SkMotion\n")
    with pytest.raises(AqgtError, match=r"no skeleton ChrX\.sk"):
        find_motions(tmp_path)


def test_the_sources_of_a_config_may_lie_anywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = resources.data_path("configs", "corpora", "composed.yaml")
    monkeypatch.delenv("AQGT_SOURCES", raising=False)
    assert ComposeConfig.read(file).gestures.parts[-3:] == ("shared", "data", "gestures")
    monkeypatch.setenv("AQGT_SOURCES", str(tmp_path))
    config = ComposeConfig.read(file)
    assert config.gestures == tmp_path / "gestures"
    assert config.texts[0] == tmp_path / "text" / "state_union.zip"
    own = tmp_path / "own.yaml"
    own.write_text("gestures: clips\ntexts: [a.txt]\n")
    assert ComposeConfig.read(own).gestures == tmp_path / "clips"
