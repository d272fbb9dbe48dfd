# SPDX-License-Identifier: GPL-3.0-or-later
"""The published databases as clips: recorded ones, damaged ones, windows, pickles."""

from __future__ import annotations

import gzip
import json
import os
import pickle
from pathlib import Path
from typing import Any

import lmdb
import lz4.frame
import numpy as np
import pytest

from aqgt import skeleton
from aqgt.errors import AqgtError
from aqgt.models.exchange.vocabulary import Pickler, SpeakerVocabulary
from aqgt.models.rest_pose import rest_pose
from aqgt_training.corpora.clip_lmdb import ClipReader, ClipRecord
from aqgt_training.corpora.official import OfficialSources, RecordReport, convert_official
from aqgt_training.corpora.published.records import Context, clips_of, read_record
from aqgt_training.corpora.resampling import clip_at

SHARED = Path(os.environ.get("AQGT_SHARED") or Path(__file__).resolve().parents[4] / "shared")
FOLDER = SHARED / "vectors" / "evaluation" / "legacy_lmdb"
needs_shared = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"there is no folder {FOLDER}")


def database(folder: Path, records: dict[int, bytes]) -> Path:
    folder.mkdir(parents=True)
    with lmdb.open(str(folder), map_size=1 << 27) as environment, environment.begin(write=True) as view:
        for key, value in records.items():
            view.put(f"{key:010d}".encode(), value)
    return folder


@pytest.fixture
def recorded() -> dict[int, bytes]:
    with (
        lmdb.open(str(FOLDER / "clips"), readonly=True, lock=False) as environment,
        environment.begin() as view,
    ):
        return {int(key): bytes(value) for key, value in view.cursor()}


def expected() -> dict[str, Any]:
    return json.loads(gzip.decompress((FOLDER / "records_expected.json.gz").read_bytes()))


@needs_shared
def test_recorded_clips_become_ours_and_damaged_records_are_counted(
    recorded: dict[int, bytes], tmp_path: Path
) -> None:
    first, second = recorded[0], recorded[7]
    records = {0: first, 3: second[: len(second) // 2], 5: b"\x80\x04K\x01.", 7: lz4.frame.compress(second)}
    source = database(tmp_path / "AQGT" / "dataset_val", records)
    seen: list[RecordReport] = []
    manifest = convert_official(OfficialSources([source]), tmp_path / "out", progress=seen.append)
    assert [report.corrupt for report in seen] == [False, True, True, False]
    assert manifest["clips"] == 3
    assert manifest["info"]["corrupt_records"] == 2
    assert manifest["splits"].keys() == {"val"}
    wanted = expected()["7"]["clips"][0]
    with ClipReader(tmp_path / "out") as reader:
        assert reader.names[-1] == "AQGT-dataset_val-0000000007-000"
        clip = reader.read(reader.names[-1])
    assert clip.video == "synthetic_b.mp4"
    assert clip.fps == 25
    positions = np.array([frame["__nd__"] for frame in wanted["skeletons_3d"]])
    found = skeleton.positions_from_bone_vectors(clip.bone_vectors.astype(np.float64))
    np.testing.assert_allclose(found, positions, atol=2e-3 * np.abs(positions).max())
    np.testing.assert_allclose(clip.samples(), np.clip(wanted["audio_raw"], -1, 1), atol=1 / 32768)
    assert [(w.text, round(w.start * 25) + 25, round(w.end * 25) + 25) for w in clip.words] == [
        tuple(word) for word in wanted["words"]
    ]
    assert clip.annotations is not None
    phase = {"prep": 1, "stroke": 2, "retr": 3, "post.hold": 4, "pre.hold": 5, None: 0}
    assert [
        phase[(each["R_G_Left_Phase"] or "").strip() or None] for each in wanted["saga_annotation"]
    ] == list(clip.annotations[2])
    at_15 = clip_at(clip, 15)
    assert len(at_15.bone_vectors) == round(clip.duration * 15)
    assert at_15.annotations is not None
    assert at_15.annotations.shape == (17, len(at_15.bone_vectors))


@needs_shared
def test_a_run_that_was_cut_off_goes_on(recorded: dict[int, bytes], tmp_path: Path) -> None:
    source = database(tmp_path / "dataset_train", recorded)
    whole = convert_official(OfficialSources([source]), tmp_path / "whole")

    class CutError(Exception):
        pass

    def stop(_: RecordReport) -> None:
        raise CutError

    with pytest.raises(CutError):
        convert_official(OfficialSources([source]), tmp_path / "cut", progress=stop)
    assert ClipReader(tmp_path / "cut").manifest == {}
    assert convert_official(OfficialSources([source]), tmp_path / "cut", resume=True) == whole


def vocabulary(path: Path, words: dict[str, int]) -> Path:
    made = SpeakerVocabulary(words)
    made.word_embedding_weights = np.ones((3, 300), np.float32)  # type: ignore[assignment]
    with path.open("wb") as file:
        Pickler(file, 2).dump(made)
    return path


@needs_shared
def test_pickles_are_read_without_running_them(recorded: dict[int, bytes], tmp_path: Path) -> None:
    source = database(tmp_path / "dataset_train", recorded)
    words = vocabulary(tmp_path / "vocab_cache.pkl", {"hello": 4, "world": 5})
    speakers = vocabulary(tmp_path / "speaker_model.pkl", {"synthetic_b.mp4": 17})
    means = tmp_path / "means.p"
    means.write_bytes(pickle.dumps((np.zeros((53, 3)), np.ones((53, 3))), 3))
    out = tmp_path / "out"
    convert_official(OfficialSources([source], None, "en", words, speakers, means), out)
    assert json.loads((out / "vocabulary.json").read_text())["words"] == {"hello": 4, "world": 5}
    assert np.load(out / "word_vectors.npy").shape == (3, 300)
    assert np.load(out / "means.npz")["mean_dir_vec"].sum() == 159
    with ClipReader(out) as reader:
        numbers = {clip.video: clip.speaker for clip in reader}
    assert numbers == {"synthetic_b.mp4": 17, "synthetic_a.mp4": 18}
    assert json.loads((out / "speakers.json").read_text()) == numbers


def sample(**changes: Any) -> list[Any]:
    poses = skeleton.positions_from_bone_vectors(np.repeat(rest_pose()[None], 34, axis=0))
    items = {
        "words": [["hello", 3, 8], ["world", 9, 20]],
        "poses": poses,
        "dir_vec": skeleton.bone_vectors_from_positions(poses) - 0.01,
        "audio": np.linspace(-1, 1, 36266),
        "nothing": np.zeros(1),
        "aux": {"vid": "talk.mp4", "start_frame_no": 0, "end_frame_no": 34},
        "annotations": tuple(np.full(34, float(row)) for row in range(17)),
    }
    return list((items | changes).values())


CONTEXT = Context("x", "train", "en", {})


def test_training_windows_become_clips_of_their_length() -> None:
    (clip,) = clips_of(sample(), CONTEXT)
    assert isinstance(clip, ClipRecord)
    assert (clip.fps, len(clip.bone_vectors), clip.video) == (15, 34, "talk.mp4")
    assert [(word.text, round(word.start, 2), word.estimated) for word in clip.words] == [
        ("hello", 0.12, True), ("world", 0.36, True),
    ]  # fmt: skip
    assert clip.annotations is not None
    assert (clip.annotations[4] == 4).all()
    (bare,) = clips_of(sample(annotations=tuple([-1] * 17))[:7], CONTEXT)
    assert isinstance(bare, ClipRecord)
    assert bare.annotations is None


@pytest.mark.parametrize(
    "poses", [np.zeros((34, 48, 3)), np.full((34, 53, 3), np.nan), np.zeros((0, 53, 3)), None]
)
def test_windows_that_cannot_be_used_are_named(poses: Any) -> None:
    (found,) = clips_of(sample(poses=poses), CONTEXT)
    assert isinstance(found, AqgtError)


def test_what_is_no_record_is_refused() -> None:
    for thing in ({"vid": "x"}, [1, 2], "text", None):
        with pytest.raises(AqgtError):
            list(clips_of(thing, CONTEXT))
    with pytest.raises(AqgtError):
        read_record(b"\x04\x22\x4d\x18rubbish")


def test_a_folder_without_a_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AqgtError, match="no LMDB"):
        convert_official(OfficialSources([tmp_path]), tmp_path / "out")
    source = database(tmp_path / "dataset_test", {0: b"rubbish"})
    with pytest.raises(AqgtError, match="None of the 1 records"):
        convert_official(OfficialSources([source]), tmp_path / "out")
