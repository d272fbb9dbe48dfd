# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of other tools: BVH, SMPL-X and joint arrays become our motion, with sound and words beside."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from aqgt import rotations, skeleton
from aqgt.errors import AqgtError
from aqgt.formats.bvh import write_bvh
from aqgt.formats.npz import write_npz
from aqgt.formats.smplx import write_smplx
from aqgt.formats.words_json import write_words
from aqgt.models.rest_pose import rest_pose
from aqgt.motion import Motion
from aqgt.speech.audio import write_wav
from aqgt.words import Word
from aqgt_training.corpora.clip_lmdb import ClipReader
from aqgt_training.corpora.import_motion import MotionOptions, facing_front, read_motion_file
from aqgt_training.corpora.importing import ImportOptions, find_recordings, import_recordings
from aqgt_training.corpora.joint_arrays import SkeletonMap, load_skeleton_map
from aqgt_training.corpora.splits import SplitRule

LEFT_ARM = [skeleton.LEFT_ELBOW, skeleton.LEFT_WRIST]
MIXAMO = {
    "pelvis": "Hips", "spine": "Spine1", "thorax": "Neck", "neck": "Neck1", "nose": "Head",
    "head_top": "HeadTop_End",
} | {
    f"{side}_{ours}": f"{side.capitalize()}{theirs}"
    for side in ("left", "right")
    for ours, theirs in zip(
        ("clavicle", "shoulder", "elbow", "wrist"), ("Shoulder", "Arm", "ForeArm", "Hand"), strict=True
    )
}  # fmt: skip


@pytest.fixture(scope="module")
def motion() -> Motion:
    """Both arms swing forward and up, one more than the other, and the fingers close."""
    n_frames = 40
    phase = np.sin(np.linspace(0, np.pi, n_frames))[:, None, None]
    vectors = np.repeat(rest_pose()[None], n_frames, axis=0)
    for side, size in (("left", 1.0), ("right", 0.5)):
        for name in ("elbow", "wrist", "hand", *(f"{f}_{k}" for f in skeleton.FINGERS for k in (1, 2, 3, 4))):
            joint = skeleton.JOINT_INDEX[f"{side}_{name}"]
            angle = -size * (1.2 if name == "elbow" else 1.8)
            turn = rotations.from_axis_angle([1.0, 0.0, 0.0], angle * phase[:, 0, 0])
            vectors[:, joint] = rotations.rotate(turn, vectors[:, joint])
    return Motion(30, vectors.astype(np.float32), skeleton.HUMAN_LENGTHS)


def degrees_apart(a: Motion, b: Motion, joints: list[int] | slice = slice(1, None)) -> np.ndarray:
    dots = np.einsum("tjc,tjc->tj", a.directions()[:, joints], b.directions()[:, joints])
    return np.degrees(np.arccos(np.clip(dots, -1, 1)))


def test_our_own_files_come_back(motion: Motion, tmp_path: Path) -> None:
    write_bvh(tmp_path / "a.bvh", motion)
    write_npz(tmp_path / "b.npz", motion)
    for name in ("a.bvh", "b.npz"):
        found = read_motion_file(tmp_path / name, MotionOptions())
        assert found.fps == 30
        assert degrees_apart(found, motion).max() < 0.2
        np.testing.assert_allclose(found.lengths, skeleton.HUMAN_LENGTHS)


def test_smplx_comes_back(motion: Motion, tmp_path: Path) -> None:
    write_smplx(tmp_path / "a.npz", motion)
    found = read_motion_file(tmp_path / "a.npz", MotionOptions())
    assert found.fps == 30
    limbs = [joint for joint, name in enumerate(skeleton.JOINT_NAMES) if name.startswith(("left", "right"))]
    assert degrees_apart(found, motion, limbs).max() < 2
    assert degrees_apart(found, motion).max() < 6  # the spine has more joints there


def test_bvh_of_another_skeleton_is_recognised_by_its_names(motion: Motion, tmp_path: Path) -> None:
    write_bvh(tmp_path / "own.bvh", motion)
    lines = []
    for line in (tmp_path / "own.bvh").read_text().splitlines():
        words = line.split()
        if words and words[0] in ("ROOT", "JOINT"):
            name = MIXAMO.get(words[1], words[1])
            for side in ("left", "right"):
                for finger in skeleton.FINGERS:
                    name = name.replace(
                        f"{side}_{finger}_",
                        f"{side.capitalize()}Hand{finger.replace('little', 'pinky').capitalize()}",
                    )
            line = line.replace(words[1], f"mixamorig:{name}")
        lines.append(line)
    (tmp_path / "other.bvh").write_text("\n".join(lines) + "\n")
    found = read_motion_file(tmp_path / "other.bvh", MotionOptions())
    assert degrees_apart(found, motion, LEFT_ARM).max() < 3
    index = [skeleton.JOINT_INDEX[f"left_index_{k}"] for k in (2, 3)]
    assert degrees_apart(found, motion, index).max() < 10


def test_joint_arrays_in_any_axes_and_order(motion: Motion, tmp_path: Path) -> None:
    order = np.random.default_rng(0).permutation(skeleton.N_JOINTS)
    names = [skeleton.JOINT_NAMES[joint] for joint in order]
    lines = [
        'title = "z up, facing -y"',
        'left = "+x"',
        'up = "+z"',
        'front = "-y"',
        f"names = {names}",
        "fps = 30",
        "[joints]",
    ]
    lines += [f'{name} = "{name}"' for name in skeleton.JOINT_NAMES]
    (tmp_path / "map.toml").write_text("\n".join(lines).replace("'", '"'))
    positions = motion.positions()[:, order]
    turned = np.stack([positions[..., 0], positions[..., 2], -positions[..., 1]], axis=-1) * 170 + 12
    np.save(tmp_path / "a.npy", turned)
    np.savez(tmp_path / "b.npz", joints=turned, fps=60)
    skeleton_map = load_skeleton_map(tmp_path / "map.toml")
    for name, fps in (("a.npy", 30), ("b.npz", 60)):
        found = read_motion_file(tmp_path / name, MotionOptions(skeleton_map))
        assert found.fps == fps
        assert degrees_apart(found, motion).max() < 0.3


@pytest.mark.parametrize("name", ["aqgt53", "tracker59", "trimodal10"])
def test_maps_of_the_project_keep_the_arms(name: str, motion: Motion, tmp_path: Path) -> None:
    skeleton_map = load_skeleton_map(name)
    indices = skeleton_map.indices()
    array = np.zeros((len(motion), 60, 3))
    for joint, theirs in indices.items():
        array[:, theirs] = motion.positions()[:, [skeleton.JOINT_INDEX[joint]]]
    np.save(tmp_path / "a.npy", array)
    found = read_motion_file(tmp_path / "a.npy", MotionOptions(skeleton_map, fps=15))
    assert (
        degrees_apart(
            found,
            motion,
            [
                skeleton.JOINT_INDEX[joint]
                for joint in indices
                if "shoulder" in joint or "elbow" in joint or "wrist" in joint
            ],
        ).max()
        < 0.5
    )
    # What a map lacks goes straight on from the forearm.
    hand = degrees_apart(found, found, [skeleton.LEFT_HAND])
    assert np.isfinite(hand).all()
    fingers = found.directions()[:, skeleton.JOINT_INDEX["left_middle_2"]]
    forearm = found.directions()[:, skeleton.LEFT_WRIST]
    if name == "trimodal10":
        assert (np.einsum("tc,tc->t", fingers, forearm) > 0.99).all()


def test_speakers_are_turned_to_the_viewer(motion: Motion) -> None:
    turn = rotations.from_axis_angle([0.0, 1.0, 0.0], 2.0)
    away = Motion(30, rotations.rotate(turn, motion.bone_vectors).astype(np.float32), motion.lengths)
    assert degrees_apart(facing_front(away), facing_front(motion)).max() < 0.2
    assert degrees_apart(facing_front(motion), motion).max() < 2


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"joints": {"thorax": 0}}, "are missing"),
        ({"left": "+q"}, "no axis"),
        ({"left": "+y"}, "three different"),
        ({"joints": {"tail": 0}}, "no joint"),
    ],
)
def test_wrong_maps_are_refused(changes: dict, problem: str) -> None:
    whole = load_skeleton_map("trimodal10").model_dump()
    changed = SkeletonMap.model_validate(whole | changes)
    with pytest.raises(AqgtError, match=problem):
        _ = changed.indices(), changed.axes()


@pytest.fixture
def recordings(motion: Motion, tmp_path: Path) -> Path:
    """Laid out as BEAT2 is: motion, sound and words in folders of their own."""
    for folder in ("motion", "sound", "words"):
        (tmp_path / "data" / folder).mkdir(parents=True)
    for name in ("1_anna_0", "1_anna_1", "2_ben_0"):
        write_smplx(tmp_path / "data" / "motion" / f"{name}.npz", motion)
        write_wav(tmp_path / "data" / "sound" / f"{name}.wav", np.full(16_000, 0.5, np.float32))
        write_words(
            tmp_path / "data" / "words" / f"{name}.json", [Word("hello", 0.1, 0.4), Word("late", 5, 6)]
        )
    return tmp_path / "data"


def test_recordings_become_clips_with_sound_and_words(recordings: Path, tmp_path: Path) -> None:
    (recordings / "motion" / "broken.bvh").write_text("HIERARCHY")
    shutil.copy(recordings / "motion" / "2_ben_0.npz", recordings / "motion" / "silent.npz")
    options = ImportOptions(speaker=r"_([a-z]+)_", splits=SplitRule({"train": 0.5, "val": 0.5}, seed=4))
    manifest = import_recordings(find_recordings(recordings), tmp_path / "out", options)
    assert manifest["clips"] == 3
    assert manifest["info"]["skipped"].keys() == {"broken", "silent"}
    assert "no sound" in manifest["info"]["skipped"]["silent"]
    with ClipReader(tmp_path / "out") as reader:
        clips = {clip.name: clip for clip in reader}
    assert clips["1_anna_0"].speaker == clips["1_anna_1"].speaker != clips["2_ben_0"].speaker
    clip = clips["2_ben_0"]
    assert [word.text for word in clip.words] == ["hello"]
    assert len(clip.audio) == round(clip.duration * 16_000)
    np.testing.assert_allclose(clip.samples()[100:15_000], 0.5, atol=1e-3)
    assert (clip.samples()[17_000:] == 0).all()


def test_an_import_goes_on(recordings: Path, tmp_path: Path) -> None:
    found = find_recordings(recordings)
    import_recordings(found[:1], tmp_path / "out", ImportOptions())
    seen: list[str] = []
    manifest = import_recordings(
        found, tmp_path / "out", ImportOptions(), resume=True, progress=lambda name, _: seen.append(name)
    )
    assert (manifest["clips"], len(seen)) == (3, 3)
    assert manifest["sha256"] == import_recordings(found, tmp_path / "new", ImportOptions())["sha256"]


def test_speakers_keep_their_numbers_when_others_come_before_them(recordings: Path, tmp_path: Path) -> None:
    options = ImportOptions(speaker=r"_([a-z]+)_")
    import_recordings(
        [each for each in find_recordings(recordings) if "ben" in each.name], tmp_path / "out", options
    )
    import_recordings(find_recordings(recordings), tmp_path / "out", options, resume=True)
    with ClipReader(tmp_path / "out") as reader:
        speakers = {clip.name: clip.speaker for clip in reader}
        assert reader.manifest["info"]["speakers"] == {"ben": 0, "anna": 1}
    assert speakers == {"1_anna_0": 1, "1_anna_1": 1, "2_ben_0": 0}


def test_nothing_to_import(tmp_path: Path) -> None:
    with pytest.raises(AqgtError, match="no motions"):
        find_recordings(tmp_path)
    np.save(tmp_path / "a.npy", np.zeros((3, 9, 3)))
    with pytest.raises(AqgtError, match="None of the recordings"):
        import_recordings(find_recordings(tmp_path), tmp_path / "out", ImportOptions(without_sound=True))
