# SPDX-License-Identifier: GPL-3.0-or-later
"""Motions as NPZ."""

from __future__ import annotations

import pickle
from dataclasses import dataclass

import numpy as np
import pytest

from aqgt.annotations import Span
from aqgt.errors import AqgtError
from aqgt.formats.npz import read_npz, write_npz
from aqgt.motion import Motion
from aqgt.words import Word


@pytest.fixture
def motion() -> Motion:
    return Motion(15.0, np.random.default_rng(1).normal(size=(7, 53, 3)).astype(np.float32))


def test_what_is_written_comes_back(tmp_path, motion):
    words = (Word("Größe", 0.1, 0.5, "de"), Word("two", 0.5, 0.9, "en", estimated=True))
    spans = (
        Span(0.2, None, "right", {"phrase": "iconic", "shape_right": "C"}),
        Span(1.0, 2.0, "both", {}, "planner", locked=True, rest=True),
    )
    write_npz(tmp_path / "m.npz", motion, words, spans, {"seed": 3, "inputs": {"audio": "ab"}})
    read = read_npz(tmp_path / "m.npz")
    np.testing.assert_array_equal(read.motion.bone_vectors, motion.bone_vectors)
    np.testing.assert_array_equal(read.motion.lengths, motion.lengths)
    assert read.motion.fps == 15
    assert (read.words, read.spans) == (words, spans)
    assert read.provenance == {"seed": 3, "inputs": {"audio": "ab"}}


def test_a_dataclass_is_a_provenance(tmp_path, motion):
    @dataclass
    class Origin:
        model: str

    write_npz(tmp_path / "m.npz", motion, provenance=Origin("compact"))
    assert read_npz(tmp_path / "m.npz").provenance == {"model": "compact"}


def test_plain_numpy_reads_it_without_pickle(tmp_path, motion):
    write_npz(tmp_path / "m.npz", motion)
    with np.load(tmp_path / "m.npz", allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    assert set(arrays) == {
        "version", "fps", "bone_vectors", "lengths", "joint_names", "words", "spans", "provenance",
    }  # fmt: skip
    assert arrays["joint_names"][0] == "pelvis"


def test_damaged_files_are_refused(tmp_path, motion):
    path = tmp_path / "m.npz"
    write_npz(path, motion)
    whole = path.read_bytes()
    for content in (b"", b"PK\x03\x04", whole[: len(whole) // 2], whole[100:], pickle.dumps({"fps": 15})):
        path.write_bytes(content)
        with pytest.raises(AqgtError, match=r"m\.npz"):
            read_npz(path)


def test_one_wrong_byte_is_never_a_python_error(tmp_path, motion):
    path = tmp_path / "m.npz"
    write_npz(path, motion)
    whole = path.read_bytes()
    random = np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        content = bytearray(whole)
        content[random.integers(len(whole))] ^= int(random.integers(1, 256))
        path.write_bytes(content)
        try:
            read_npz(path)
        except AqgtError:
            refused += 1
    assert refused > 250


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": np.int64(99)}, "newer version"),
        ({"fps": np.array("x")}, "fps"),
        ({"fps": np.float64(0)}, "frame rate"),
        ({"bone_vectors": np.zeros((3, 52, 3))}, "shape"),
        ({"bone_vectors": np.full((3, 53, 3), np.nan)}, "NaN"),
        ({"bone_vectors": np.array([{}], dtype=object)}, "plain arrays"),
        ({"words": np.array("{")}, "JSON"),
        ({"spans": np.array('[{"start": 0, "labels": {"extent": "huge"}}]')}, "huge"),
        ({"provenance": np.array("[]")}, "provenance"),
    ],
)
def test_wrong_content_is_refused(tmp_path, motion, change, message):
    path = tmp_path / "m.npz"
    write_npz(path, motion)
    with np.load(path) as archive:
        arrays = dict(archive) | change
    np.savez(path, **arrays)
    with pytest.raises(AqgtError, match=message):
        read_npz(path)


def test_paths_that_do_not_exist(tmp_path, motion):
    with pytest.raises(AqgtError, match="no file"):
        read_npz(tmp_path / "none.npz")
    with pytest.raises(AqgtError, match="can't be written"):
        write_npz(tmp_path / "none" / "m.npz", motion)


def test_a_failed_write_leaves_the_old_file(tmp_path, motion):
    path = tmp_path / "m.npz"
    write_npz(path, motion)
    with pytest.raises(AqgtError):
        write_npz(path, motion, provenance={"x": object()})
    assert len(read_npz(path).motion) == 7
    assert [p.name for p in tmp_path.iterdir()] == ["m.npz"]
