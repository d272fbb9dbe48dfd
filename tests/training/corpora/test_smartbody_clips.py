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
from aqgt_training.corpora.smartbody_clips import (
    find_motions,
    joint_names,
    read_clips,
    skeleton_names,
    write_clips,
)
from aqgt_training.corpora.smartbody_names import own_names

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


def _neuron_skeleton() -> dict[str, tuple[str, tuple[float, float, float]]]:
    """Joint → parent and offset in centimetres: a figure in a T-pose."""
    found = {
        "Hips": ("reference", (0.0, 95.0, 0.0)),
        "Spine": ("Hips", (0.0, 14.0, 0.0)),
        "Spine1": ("Spine", (0.0, 10.0, 0.0)),
        "Spine2": ("Spine1", (0.0, 10.0, 0.0)),
        "Neck": ("Spine2", (0.0, 20.0, 0.0)),
        "Head": ("Neck", (0.0, 9.0, 0.0)),
    }
    for side, x in (("Left", 1.0), ("Right", -1.0)):
        found[f"{side}Shoulder"] = ("Spine2", (x * 3, 17.0, 0.0))
        found[f"{side}Arm"] = (f"{side}Shoulder", (x * 13, 0.0, 0.0))
        found[f"{side}ForeArm"] = (f"{side}Arm", (x * 27, 0.0, 0.0))
        found[f"{side}Hand"] = (f"{side}ForeArm", (x * 26, 0.0, 0.0))
        for z, finger in enumerate(("Thumb", "Index", "Middle", "Ring", "Pinky")):
            found[f"{side}Hand{finger}1"] = (f"{side}Hand", (x * 8, 0.0, 3.0 - z))
            found[f"{side}Hand{finger}2"] = (f"{side}Hand{finger}1", (x * 4, 0.0, 0.0))
            found[f"{side}Hand{finger}3"] = (f"{side}Hand{finger}2", (x * 2, 0.0, 0.0))
    return found


def _neuron_repository(folder: Path, yaw: float, bend: float) -> Path:
    """A motion, 24 frames per second: the performer stands turned by ``yaw`` and bends the left elbow up."""
    skeleton = _neuron_skeleton()

    def block(name: str, depth: int) -> list[str]:
        x, y, z = skeleton[name][1] if name in skeleton else (0.0, 0.0, 0.0)
        inner = [
            line for child, (parent, _) in skeleton.items() if parent == name for line in block(child, 1)
        ]
        inner = inner or ["End Site", "{", "OFFSET 0 1 0", "}"]
        kind = "JOINT" if depth else "ROOT"
        channels = "CHANNELS 3 Zrotation Xrotation Yrotation"
        return [f"{kind} {name}", "{", f"OFFSET {x} {y} {z}", channels, *inner, "}"]

    still = " ".join(["0"] * 3 * (1 + len(skeleton)))
    sets = folder / "data/behaviorsets/PNGestures"
    (sets / "skeletons").mkdir(parents=True)
    (sets / "motions").mkdir()
    lines = ["HIERARCHY", *block("reference", 0), "MOTION", "Frames: 1", "Frame Time: 0.04", still]
    (sets / "skeletons/pnskeleton.bvh").write_text("\n".join(lines) + "\n")
    frames = [f"kt {i / 24:.6f} fr 5 0 0 0 {yaw} 0 0 0 {bend * i / 24}" for i in range(25)]
    head = ["SkMotion", "channels 5", "Hips XPos", "Hips YPos", "Hips ZPos", "Hips Quat", "LeftForeArm Quat"]
    (sets / "motions/stop2.skm").write_text("\n".join([*head, f"frames {len(frames)}", *frames]) + "\n")
    return folder


def test_the_second_performer_has_a_skeleton_of_her_own(tmp_path: Path) -> None:
    ((entry, positions),) = list(read_clips(_neuron_repository(tmp_path, yaw=-0.9, bend=1.2)))
    assert (entry["name"], entry["set"], entry["frames"]) == ("PN@stop2", "PNGestures", 31)
    at = dict(zip(joint_names(), np.moveaxis(positions, 1, 0), strict=True))
    # metres, turned to the front: the left hand lies towards +x whichever way the performer stood
    np.testing.assert_allclose(at["JtShoulderLf"] - at["JtShoulderRt"], [[0.32, 0, 0]] * 31, atol=1e-6)
    np.testing.assert_allclose(at["NoseProxy"] - at["JtSkullA"], [[0, 0.03, 0.10]] * 31, atol=1e-6)
    forearm = at["JtWristLf"] - at["JtElbowLf"]
    wanted = 0.26 * np.stack([np.cos(1.2 * np.linspace(0, 1, 31)), np.sin(1.2 * np.linspace(0, 1, 31))], -1)
    np.testing.assert_allclose(forearm[:, :2], wanted, atol=2e-4)  # linear between frames 1/24 s apart
    np.testing.assert_allclose(at["JtForearmTwistALf"] - at["JtElbowLf"], forearm / 2, atol=1e-6)
    # a finger's tip goes 0.8 of the phalanx before on, along the turned forearm
    np.testing.assert_allclose(at["IndexTipLf"] - at["JtIndexCLf"], forearm * (0.016 / 0.26), atol=1e-6)


def test_names_of_another_skeleton_cover_all_joints_of_the_clips() -> None:
    for kind in ("perception_neuron", "common"):
        joints, between = own_names(skeleton_names(kind))
        tips = {name for name in joint_names() if "Tip" in name or "Proxy" in name}
        assert set(joints) | set(between) | tips == set(joint_names())
