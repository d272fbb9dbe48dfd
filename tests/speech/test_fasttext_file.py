# SPDX-License-Identifier: GPL-3.0-or-later
"""fastText's .bin files: the same numbers as its own package gives, no more memory than needed, no crash."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aqgt.errors import AqgtError
from aqgt.speech.features import CompactFeatures, CompactFeaturesConfig
from aqgt.speech.word_vectors import FastTextVectors, WordVectors
from aqgt.words import Word
from tests.speech.fasttext_files import WORDS, random_bin, train_bin, write_bin

ASKED = [*WORDS, "handy", "Hand", "Straße", "日本", "x", "", "</s>", "unheard-of", "naïve", "𝔤esture", "a b"]


@pytest.mark.parametrize(
    "settings",
    [
        {"minn": 3, "maxn": 6},
        {"minn": 5, "maxn": 5, "model": "cbow"},
        {"minn": 1, "maxn": 2},
        {"minn": 0, "maxn": 3},
        {"minn": 0, "maxn": 0},
        {"minn": 2, "maxn": 4, "bucket": 7},
    ],
    ids=str,
)
def test_every_word_has_the_vector_that_fasttext_gives(settings: dict[str, Any], tmp_path: Path) -> None:
    pytest.importorskip("fasttext", reason="the package fasttext is not installed")
    import fasttext

    train_bin(tmp_path / "model.bin", **settings)
    theirs = fasttext.load_model(str(tmp_path / "model.bin"))
    ours = WordVectors.load(tmp_path / "model.bin")
    assert ours.words == theirs.get_words()
    assert ours.dimension == theirs.get_dimension() == 10
    for word in ASKED:
        expected = theirs.get_word_vector(word)
        assert np.isfinite(expected).all()
        np.testing.assert_allclose(ours.vector(word), expected, atol=1e-6, err_msg=word)


def test_a_classifier_s_words_can_be_read_too(tmp_path: Path) -> None:
    pytest.importorskip("fasttext", reason="the package fasttext is not installed")
    theirs = train_bin(tmp_path / "model.bin", supervised=True, minn=2, maxn=3, wordNgrams=2, bucket=400)
    ours = WordVectors.load(tmp_path / "model.bin")
    assert ours.words == theirs.get_words()
    for word in ASKED:
        np.testing.assert_allclose(ours.vector(word), theirs.get_word_vector(word), atol=1e-6, err_msg=word)
    theirs.quantize(str(tmp_path / "model.txt"), qnorm=False, retrain=False, cutoff=0)
    theirs.save_model(str(tmp_path / "small.bin"))
    with pytest.raises(AqgtError, match=r"compressed.*full \.bin"):
        WordVectors.load(tmp_path / "small.bin")


def test_a_file_is_read_without_the_package_and_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], speech_data: Path
) -> None:
    monkeypatch.setitem(sys.modules, "fasttext", None)
    with np.load(speech_data / "fasttext.npz") as golden:
        words = golden["words"].tolist()
        path = write_bin(tmp_path / "golden.bin", words, golden["vectors"], golden["ngrams"])
        ours = WordVectors.load(path)
        assert ours.words == words
        for word, expected in zip(golden["asked"].tolist(), golden["expected"], strict=True):
            np.testing.assert_allclose(ours.vector(word), expected, atol=1e-5)
    assert capfd.readouterr() == ("", "")


def test_it_serves_as_the_features_vectors(tmp_path: Path) -> None:
    vectors = WordVectors.load(random_bin(tmp_path / "v.bin", 300))
    features = CompactFeatures(CompactFeaturesConfig(word_dimension=300), vectors)
    rows = features.prepare(np.zeros(16_000, np.float32), [Word("Hello there", 0.2, 0.6)], 15)["words"]
    assert rows.shape == (15, 303)
    expected = (vectors.vector("hello") + vectors.vector("there")) / 2
    np.testing.assert_allclose(rows[5, :300], expected, atol=1e-6)
    assert not rows[12, :300].any()
    with pytest.raises(AqgtError, match="have 300 numbers, not 48"):
        CompactFeatures(CompactFeaturesConfig(), vectors)


def test_only_a_missing_file_is_called_missing(tmp_path: Path) -> None:
    with pytest.raises(AqgtError, match="no word vectors at"):
        WordVectors.load(tmp_path / "none.bin")
    with pytest.raises(AqgtError, match="no word vectors at"):
        WordVectors.load(tmp_path)


@pytest.mark.parametrize(
    "text", [b"", b"\0", b"2000000 300\n, -0.0282 -0.0557\n" * 9], ids=["empty", "byte", "vec"]
)
def test_other_files_are_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "x.bin").write_bytes(text)
    with pytest.raises(AqgtError, match=r"can't be read as a fastText model.*not a \.vec"):
        WordVectors.load(tmp_path / "x.bin")


def test_a_file_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    whole = random_bin(tmp_path / "whole.bin", 4, buckets=5).read_bytes()
    cut = tmp_path / "cut.bin"
    for length in range(len(whole)):
        cut.write_bytes(whole[:length])
        with pytest.raises(AqgtError, match="can't be read as a fastText model"):
            WordVectors.load(cut)


def test_damage_in_the_head_never_crashes(tmp_path: Path) -> None:
    whole = random_bin(tmp_path / "whole.bin", 4, buckets=5).read_bytes()
    head = whole.index(b"hello\0")
    broken = tmp_path / "broken.bin"
    refused = 0
    for at in range(head):
        for value in (0x00, 0x7F, 0x80, 0xFF):
            broken.write_bytes(whole[:at] + bytes([value]) + whole[at + 1 :])
            try:
                vectors = WordVectors.load(broken)
                vectors.vector("handy")
            except AqgtError:
                refused += 1
    assert refused > head // 2


def test_later_formats_are_refused_by_version(tmp_path: Path) -> None:
    whole = random_bin(tmp_path / "v.bin", 4).read_bytes()
    (tmp_path / "v.bin").write_bytes(whole[:4] + struct.pack("<i", 13) + whole[8:])
    with pytest.raises(AqgtError, match="version 13, not 12"):
        WordVectors.load(tmp_path / "v.bin")


def test_it_is_not_copied(tmp_path: Path) -> None:
    vectors = WordVectors.load(random_bin(tmp_path / "v.bin", 4))
    assert isinstance(vectors, FastTextVectors)
    with pytest.raises(AqgtError, match="not copied into a model"):
        vectors.save(tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="measures memory in Linux's units, on a file with holes")
def test_a_table_larger_than_the_memory_it_takes(tmp_path: Path) -> None:
    path, n_words, buckets = tmp_path / "large.bin", 1000, 400_000
    head = struct.pack("<2i", 793_712_314, 12)
    head += struct.pack("<12id", 300, 5, 5, 1, 5, 1, 2, 2, buckets, 5, 5, 100, 1e-4)
    head += struct.pack("<3i2q", n_words, n_words, 0, 1000, -1)
    head += b"".join(f"word{i}".encode() + b"\0" + struct.pack("<qb", 1, 0) for i in range(n_words))
    head += b"\0" + struct.pack("<2q", n_words + buckets, 300)
    path.write_bytes(head)
    with path.open("r+b") as file:
        file.truncate(len(head) + 4 * 300 * (n_words + buckets))  # a hole of 481 MB
        file.seek(0, 2)
        file.write(b"\0" + struct.pack("<2q", 0, 300))
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from aqgt.speech.word_vectors import WordVectors\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "vectors = WordVectors.load(Path(sys.argv[1]))\n"
        "for n in range(200):\n"
        "    vectors.vector(f'unseen{n}')\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    run = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 100 * 1024, "kilobytes; the table itself has 470,000"
