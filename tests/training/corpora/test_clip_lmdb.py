# SPDX-License-Identifier: GPL-3.0-or-later
"""Clip databases: what is written is read, what is damaged is said."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aqgt import skeleton
from aqgt.errors import AqgtError
from aqgt.words import Word
from aqgt_training.corpora.clip_lmdb import ClipReader, ClipRecord, ClipWriter, decode_clip, encode_clip


def clip(name: str = "a", frames: int = 20, split: str = "train") -> ClipRecord:
    random = np.random.default_rng(frames)
    annotations = random.integers(-1, 5, (17, frames)).astype(np.float32)
    annotations[1] = random.random(frames)
    return ClipRecord(
        name=name,
        bone_vectors=(0.1 * random.standard_normal((frames, 53, 3))).astype(np.float16),
        lengths=skeleton.HUMAN_LENGTHS,
        audio=random.integers(-32768, 32767, 16000).astype(np.int16),
        words=[Word("hello", 0.1, 0.4), Word("Straße", 0.5, 0.9, "de", estimated=True)],
        annotations=annotations,
        split=split,
        speaker=3,
        meta={"gestures": [{"clip": "x", "hands": {"left": ["beat"]}}]},
    )


def assert_same(a: ClipRecord, b: ClipRecord) -> None:
    for field in ("bone_vectors", "lengths", "audio", "annotations"):
        first, second = getattr(a, field), getattr(b, field)
        assert (first is None) == (second is None)
        if first is not None:
            np.testing.assert_array_equal(first, second)
    assert (a.name, list(a.words), a.fps, a.split, a.speaker, dict(a.meta)) == (
        b.name, list(b.words), b.fps, b.split, b.speaker, dict(b.meta),
    )  # fmt: skip


def test_decoding_gives_what_was_encoded() -> None:
    assert_same(decode_clip(encode_clip(clip())), clip())
    assert encode_clip(clip()) == encode_clip(clip())
    bare = replace(clip(), annotations=None, words=())
    assert_same(decode_clip(encode_clip(bare)), bare)
    assert (decode_clip(encode_clip(bare)).track().values == -1).all()


def test_a_database_reads_back_with_its_manifest(tmp_path: Path) -> None:
    clips = [clip("b", 30), clip("a", 15), clip("v", 45, "val")]
    with ClipWriter(tmp_path / "corpus", info={"kind": "test"}) as writer:
        for one in clips:
            writer.add(one)
    with ClipReader(tmp_path / "corpus") as reader:
        assert reader.keys() == ["a", "b", "v"]
        assert len(reader) == 3
        for one in clips:
            assert_same(reader[one.name], one)
            assert reader.split_of(one.name) == one.split
        manifest = reader.manifest
    assert manifest["clips"] == 3
    assert manifest["seconds"] == pytest.approx(6.0)
    assert manifest["splits"]["val"] == {"clips": 1, "seconds": 3.0}
    assert manifest["info"] == {"kind": "test"}


def test_the_hash_depends_on_the_content(tmp_path: Path) -> None:
    hashes = []
    for number, frames in enumerate((20, 20, 21)):
        with ClipWriter(tmp_path / str(number)) as writer:
            writer.add(clip("a", frames))
        hashes.append(ClipReader(tmp_path / str(number)).manifest["sha256"])
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_reader_can_be_sent_to_another_process(tmp_path: Path) -> None:
    with ClipWriter(tmp_path) as writer:
        writer.add(clip())
    reader = ClipReader(tmp_path)
    assert len(reader) == 1
    assert_same(pickle.loads(pickle.dumps(reader))["a"], clip())


def test_an_interrupted_corpus_has_no_manifest_but_reads(tmp_path: Path) -> None:
    def interrupted() -> None:
        with ClipWriter(tmp_path) as writer:
            writer.add(clip())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    with ClipReader(tmp_path) as reader:
        assert reader.manifest == {}
        assert reader.split_of("a") == "train"


def test_damage_is_said(tmp_path: Path) -> None:
    data = encode_clip(clip())
    for broken in (b"", b"something else", data[:200], data[:4] + b"\0" * 50):
        with pytest.raises(AqgtError):
            decode_clip(broken)
    with ClipWriter(tmp_path) as writer:
        writer.add(clip())
        with pytest.raises(AqgtError, match="twice"):
            writer.add(clip())
    with pytest.raises(AqgtError, match="no clip"):
        ClipReader(tmp_path).read("nobody")
    with pytest.raises(AqgtError, match="no clip database"):
        ClipReader(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "change",
    [
        {"bone_vectors": np.zeros((4, 52, 3))},
        {"annotations": np.zeros((17, 5))},
        {"audio": np.zeros(10, np.float32)},
    ],
)
def test_clips_that_do_not_fit_are_refused(change: dict) -> None:
    with pytest.raises(AqgtError):
        replace(clip(), **change)
