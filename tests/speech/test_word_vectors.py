# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aqgt.errors import AqgtError
from aqgt.speech.word_vectors import WordVectors, ngram_hash, tokens

pytest.importorskip("safetensors")
TEXT = "The boys' well-known naïve café — we’re GOING on_and on, 42 times."


@pytest.fixture(scope="module")
def golden(speech_data: Path) -> dict[str, np.ndarray]:
    """A small fastText model's tables and what fastText itself answers."""
    with np.load(speech_data / "fasttext.npz") as data:
        return {name: data[name] for name in data.files}


@pytest.fixture(scope="module")
def table(golden: dict[str, np.ndarray]) -> WordVectors:
    words = golden["words"].tolist()
    return WordVectors(
        words, golden["vectors"], golden["ngrams"], shortest=3, longest=5, metadata={"source": "x"}
    )


@pytest.fixture(scope="module")
def shipped(checkout: Path) -> WordVectors:
    return WordVectors.load(checkout / "models" / "compact" / "words.safetensors")


def test_known_and_unknown_words_equal_fasttext(
    table: WordVectors, golden: dict[str, np.ndarray], tmp_path: Path
) -> None:
    assert {"the", "unheardof", "Zürich", "日本語", ""} <= set(golden["asked"].tolist())
    table.save(tmp_path / "table.safetensors")
    half = WordVectors.load(tmp_path / "table.safetensors")
    assert half.words == table.words
    assert half.metadata["source"] == "x"
    for word, expected in zip(golden["asked"].tolist(), golden["expected"], strict=True):
        np.testing.assert_allclose(table.vector(word), expected, atol=1e-5)
        np.testing.assert_allclose(half.vector(word), expected, atol=2e-3)


def test_hash_extends_the_sign_of_bytes_above_127() -> None:
    assert ngram_hash("") == 2166136261
    assert ngram_hash("a") == 0xE40C292C  # plain FNV-1a
    assert ngram_hash("é") != ((((2166136261 ^ 0xC3) * 16777619 & 0xFFFFFFFF) ^ 0xA9) * 16777619) & 0xFFFFFFFF


def test_tokens_are_lower_case_words() -> None:
    words = "the boys well known naïve café we're going on and on 42 times"
    assert tokens(TEXT) == words.split(" ")
    assert tokens("… — !") == []


def test_phrases_are_means_and_can_not_be_changed(table: WordVectors) -> None:
    expected = np.mean([table.vector("the"), table.vector("government")], axis=0)
    np.testing.assert_allclose(table.phrase("The Government!"), expected, atol=1e-6)
    assert not table.phrase("…").any()
    with pytest.raises(ValueError, match="read-only"):
        table.phrase("The Government!")[0] = 1


def test_shipped_vectors_know_what_belongs_together(shipped: WordVectors) -> None:
    assert shipped.dimension == 48
    assert 5000 < len(shipped.words) < 20000
    for a, near, far in [("peace", "freedom", "cup"), ("two", "three", "king"), ("man", "woman", "energy")]:
        unit = {word: shipped.vector(word) / np.linalg.norm(shipped.vector(word)) for word in (a, near, far)}
        assert unit[a] @ unit[near] > unit[a] @ unit[far] + 0.2
    assert "moneys" in [word for word, _ in shipped.nearest("money")]
    assert np.abs(shipped.vector("blenderish")).max() > 0.01  # unknown words are not silent


def test_shipped_vectors_are_small(checkout: Path) -> None:
    assert (checkout / "models" / "compact" / "words.safetensors").stat().st_size < 6e6


def test_files_that_are_no_vectors_are_refused(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    with pytest.raises(AqgtError, match="no word vectors at"):
        WordVectors.load(tmp_path / "none.safetensors")
    (tmp_path / "broken.safetensors").write_bytes(b"x" * 50)
    with pytest.raises(AqgtError, match="can't be read"):
        WordVectors.load(tmp_path / "broken.safetensors")
    save_file({"a": np.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(AqgtError, match="no word vectors of this project"):
        WordVectors.load(tmp_path / "other.safetensors")


def test_training_writes_what_fasttext_itself_would_say(tmp_path: Path) -> None:
    pytest.importorskip("fasttext", reason="the package fasttext is not installed")
    from aqgt_training.word_vectors import train_word_vectors

    rng = np.random.default_rng(0)
    vocabulary = ["hand", "hands", "arm", "größe", "naïve", "point", "there", "this", "don't", "we"]
    (tmp_path / "text.txt").write_text(". ".join(" ".join(rng.choice(vocabulary, 12)) for _ in range(400)))
    binary, output = tmp_path / "model.bin", tmp_path / "words.safetensors"
    ours = train_word_vectors(
        [tmp_path / "text.txt"], output, dimension=8, buckets=500, epochs=2, binary=binary, source="test"
    )
    theirs = WordVectors.load(binary)  # read by fastText
    assert theirs.dimension == ours.dimension == 8
    assert sorted(theirs.words) == sorted(ours.words)
    for word in [*vocabulary, "handy", "Straße", "日本", "x", "</s>"]:
        np.testing.assert_allclose(ours.vector(word), theirs.vector(word), atol=2e-3)
    np.testing.assert_allclose(theirs.phrase("Hand, arm"), ours.phrase("hand arm"), atol=2e-3)
    (tmp_path / "broken.bin").write_bytes(b"no model")
    with pytest.raises(AqgtError, match="can't be read as a fastText model"):
        WordVectors.load(tmp_path / "broken.bin")


def test_texts_come_from_files_zips_and_folders(tmp_path: Path) -> None:
    import zipfile

    from aqgt_training.word_vectors import read_texts, sentences, train_word_vectors

    (tmp_path / "a.txt").write_text("First text.")
    play = "<PLAY><SPEECH><SPEAKER>HAMLET</SPEAKER><LINE>To be</LINE><LINE>or not</LINE></SPEECH></PLAY>"
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("x/play.xml", play)
        archive.writestr("x/README.txt", "not a text")
    assert list(read_texts([tmp_path])) == ["First text.", "To be\nor not"]
    assert list(sentences("One two. Three!\n\nFour")) == [["one", "two"], ["three"], ["four"]]
    with pytest.raises(AqgtError, match="no text at"):
        list(read_texts([tmp_path / "none"]))
    pytest.importorskip("fasttext", reason="the package fasttext is not installed")
    with pytest.raises(AqgtError, match="hold 6 words"):
        train_word_vectors([tmp_path], tmp_path / "out.safetensors")
