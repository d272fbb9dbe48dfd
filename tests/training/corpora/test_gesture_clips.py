# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading gesture recordings: hands, marks, mirror images, held-out names; SmartBody's own files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aqgt import rotations, skeleton
from aqgt.errors import AqgtError
from aqgt_training.corpora.form_labels import extent_label, measure_hand, wrist_path
from aqgt_training.corpora.gesture_clips import (
    GestureClip,
    bare_name,
    held_out,
    kind_of,
    read_gesture_clips,
    wrist_paths,
)
from aqgt_training.corpora.limbs import SIDES, put_arm, take_arm
from aqgt_training.corpora.smartbody_files import joint_positions, read_motion, read_skeleton
from tests.training.corpora.recordings import CLIPS, MARKS, rising_arms, write_recordings

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "gestures"
needs_shared = pytest.mark.skipif(not SHARED.exists(), reason=f"needs the gesture clips in {SHARED}")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[GestureClip]:
    return read_gesture_clips(write_recordings(tmp_path_factory.mktemp("clips")))


def test_hands_come_from_the_motion_and_exclusions_are_left_out(clips: list[GestureClip]) -> None:
    sides = {
        name: "both" if len(hands) == 2 else hands[0] for name, hands, _ in CLIPS if "ToIdle" not in name
    }
    assert {clip.name: clip.side for clip in clips if not clip.name.endswith("~")} == sides


def test_directions_keep_the_recorded_pose(clips: list[GestureClip]) -> None:
    """The pelvis-to-neck line points up, the nose to the front, the left hand lies on the left."""
    clip = clips[0]
    np.testing.assert_allclose(np.linalg.norm(clip.directions[:, 1:], axis=-1), 1.0, atol=1e-5)
    positions = skeleton.positions_from_bone_vectors(clip.bone_vectors)
    assert (positions[:, skeleton.THORAX, 1] < 0).all()
    assert (positions[:, skeleton.NOSE, 2] < positions[:, skeleton.THORAX, 2]).all()
    assert (positions[:, skeleton.LEFT_WRIST, 0] > 0).all()
    assert (positions[:, skeleton.RIGHT_WRIST, 0] < 0).all()


def test_marks_are_in_order_and_the_hand_is_away_at_the_emphasis(clips: list[GestureClip]) -> None:
    for clip in clips:
        m = clip.marks
        assert m.onset < m.stroke_start < m.emphasis < m.stroke_end <= m.relax
        assert m.emphasis == pytest.approx(MARKS["emphasis"])
        path = wrist_paths(clip.directions)["left" if clip.side == "left" else "right"]
        away = np.linalg.norm(path - path[0], axis=-1)
        assert away[int(m.emphasis * 30)] > 0.9 * away.max()
        assert away[int(m.relax * 30)] > 0.8 * away.max()


def test_mirroring_twice_gives_the_clip(clips: list[GestureClip]) -> None:
    for clip in clips[:4]:
        once, twice = clip.mirrored(), clip.mirrored().mirrored()
        np.testing.assert_allclose(twice.directions, clip.directions)
        assert (twice.side, twice.kind) == (clip.side, clip.kind)
        np.testing.assert_allclose(
            wrist_paths(once.directions)["left"] * [-1, 1, 1],
            wrist_paths(clip.directions)["right"],
            atol=1e-6,
        )


def test_held_out_bases_never_take_all_of_a_kind(clips: list[GestureClip]) -> None:
    held = held_out(clips, 0.5, seed=1)
    for kind in {clip.kind for clip in clips}:
        bases = {clip.base for clip in clips if clip.kind == kind and not clip.name.endswith("~")}
        assert bases - held


@pytest.mark.parametrize(
    ("name", "bare", "kind"),
    [
        ("ChrBrad@Idle01_BeatHighBt02@G2", "BeatHighBt", "beat"),
        ("ChrConnor@IdleStand01_NegateLeftMidRt01", "NegateLeftMidRt", "negation"),
        ("PN@bigger_intense2", "bigger", "big"),
        ("SBM@LHandOnHip_RArm_SweepRight", "SweepRight", "motion"),
        ("ChrBrad@Idle01_ToIdle02", "ToIdle", None),
        ("ChrBrad@Idle03", "", None),
    ],
)
def test_names_say_the_kind(name: str, bare: str, kind: str | None) -> None:
    assert bare_name(name) == bare
    assert kind_of(bare) == kind


def test_higher_arms_measure_as_larger_extent() -> None:
    reach = []
    for degrees in (20, 60, 110):
        points = rising_arms(("right",), degrees)
        order = ["JtShoulderRt", "JtElbowRt", "JtWristRt"]
        path = points[order[2]] - points[order[0]]
        reach.append(float(np.linalg.norm(path - path[0], axis=-1).max()) / skeleton.METRES_PER_UNIT)
    labels = [extent_label(value) for value in reach]
    assert reach == sorted(reach)
    assert labels[0] == "small"


def test_measured_labels_mirror(clips: list[GestureClip]) -> None:
    swap = {"left": "right", "right": "left"}
    for clip in [c for c in clips if c.side == "right"][:4]:
        labels = []
        for one, side in ((clip, "right"), (clip.mirrored(), "left")):
            positions = skeleton.positions_from_bone_vectors(one.bone_vectors)
            rest = wrist_path(positions, side)[0]
            labels.append(measure_hand(positions, side, 36, rest, slice(0, 60)))
        assert labels[0] == {**labels[1], "position": swap.get(labels[1]["position"], labels[1]["position"])}


def test_taking_an_arm_apart_and_together_changes_nothing(clips: list[GestureClip]) -> None:
    for clip in clips[:3]:
        rebuilt = clip.directions.astype(np.float64).copy()
        for side in SIDES:
            put_arm(rebuilt, side, take_arm(clip.directions, side))
        np.testing.assert_allclose(rebuilt, clip.directions, atol=1e-6)


def test_a_folder_without_clips_is_named(tmp_path: Path) -> None:
    with pytest.raises(AqgtError, match="no gesture clips"):
        read_gesture_clips(tmp_path)


SKELETON = """
set_name tiny
skeleton
root A
{ offset 0 1 0
  prerot axis 0 0 1 ang 90
  channel XPos 0 free
  channel Quat
  joint B
  { offset 1 0 0
    prerot axis 0 0 0 ang 0
    channel Quat
    joint JtSkullA
    { offset 0 2 0
      prerot axis 0 0 0 ang 0
    }
  }
}
end
"""
MOTION = """SkMotion
name "tiny"
channels 3
A XPos
B Quat
Unknown Quat
frames 2
kt 0.0 fr 0 0 0 0 9 9 9
kt 0.5 fr 3 0 0 1.5707963 9 9 9
emphasis time: 0.25
"""


def test_forward_kinematics_of_a_tiny_skeleton(tmp_path: Path) -> None:
    (tmp_path / "tiny.sk").write_text(SKELETON)
    (tmp_path / "tiny.skm").write_text(MOTION)
    motion = read_motion(tmp_path / "tiny.skm")
    assert motion.marks == {"emphasis": 0.25}
    found = joint_positions(read_skeleton(tmp_path / "tiny.sk"), motion).positions
    # A is turned by 90 degrees: its x points up. B turns by another 90 degrees in the second frame.
    np.testing.assert_allclose(found["A"], [[0, 1, 0], [3, 1, 0]], atol=1e-6)
    np.testing.assert_allclose(found["B"], [[0, 2, 0], [3, 2, 0]], atol=1e-6)
    np.testing.assert_allclose(found["JtSkullA"], [[-2, 2, 0], [3, 0, 0]], atol=1e-6)
    turn = rotations.from_axis_angle(np.array([0.0, 0.0, 1.0]), np.pi / 2)
    expected = found["JtSkullA"][1] + rotations.rotate(turn, np.array([0, 0.03, 0.10]))
    np.testing.assert_allclose(found["NoseProxy"][1], expected, atol=1e-6)


@pytest.mark.parametrize("text", ["", "channels 1\nA Quat\nkt 0 fr 1 2\n"])
def test_an_incomplete_motion_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "broken.skm").write_text(text)
    with pytest.raises(AqgtError, match="no complete"):
        read_motion(tmp_path / "broken.skm")


@needs_shared
def test_raw_clips_equal_the_arrays() -> None:
    import json

    meta = json.loads((SHARED / "smartbody_meta.json").read_text())
    raw = read_skeleton(SHARED / "raw" / "ChrBrad.sk")
    with np.load(SHARED / "smartbody_positions_30fps.npz") as arrays:
        files = sorted((SHARED / "raw").glob("*.skm"))
        assert files
        for file in files:
            motion = read_motion(file)
            found = joint_positions(raw, motion).positions
            for index, joint in enumerate(meta["joints"]):
                np.testing.assert_allclose(found[joint], arrays[motion.name][:, index], atol=1e-3)
