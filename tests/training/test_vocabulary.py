# SPDX-License-Identifier: GPL-3.0-or-later
"""Vocabulary building: the table gives what its source gives, and the summary adds up."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from aqgt.errors import AqgtError
from aqgt.speech.word_vectors import WordVectors
from aqgt_training.vocabulary import build_vocabulary, count_words
from tests.speech.fasttext_files import WORDS, random_bin, write_bin
from tests.training.tiny_corpus import write_tiny_corpus

COUNTS = Counter({"hello": 9, "hand": 5, "gestures": 4, "größe": 3, "point": 2, "rare": 1, "there": 1})


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> WordVectors:
    return WordVectors.load(random_bin(tmp_path_factory.mktemp("source") / "big.bin", 20, buckets=5000))


def test_kept_words_have_the_source_s_vectors(source: WordVectors, tmp_path: Path) -> None:
    table, summary = build_vocabulary(source, COUNTS)
    assert table.words == ["hello", "hand", "gestures", "größe", "point"]
    table.save(tmp_path / "words.safetensors")
    stored = WordVectors.load(tmp_path / "words.safetensors")
    # `rare` is neither kept nor known to the source: its n-grams alone make it, here as there.
    for word in [*table.words, "rare"]:
        np.testing.assert_allclose(table.vector(word), source.vector(word), atol=1e-6, err_msg=word)
        np.testing.assert_allclose(stored.vector(word), source.vector(word), atol=2e-3, err_msg=word)
    assert stored.metadata["source"] == "big.bin"
    assert len(stored.metadata["source-sha256"]) == 64
    assert (summary.tokens, summary.words, summary.kept, summary.kept_tokens) == (25, 7, 5, 23)
    assert (summary.known, summary.silent, summary.dimension, summary.variance) == (4, 0, 20, 1.0)
    assert summary.ngrams == len({b for word in COUNTS for b in source.buckets(word)})
    assert ("kept", "5 words; 92.0% of the running words") in summary.rows()


def test_new_words_are_made_of_the_n_grams_they_share(source: WordVectors) -> None:
    table, _ = build_vocabulary(source, COUNTS)
    shared = [
        b for b in source.buckets("handle") if b in {b for word in COUNTS for b in source.buckets(word)}
    ]
    assert 0 < len(shared) < len(source.buckets("handle"))
    rows = [row for b in shared if (row := source.ngram_row(b)) is not None]
    np.testing.assert_allclose(table.vector("handle"), np.mean(rows, axis=0), atol=1e-6)
    assert not table.vector("xyzzy").any()


def test_without_n_grams_new_words_are_zero(source: WordVectors, tmp_path: Path) -> None:
    build_vocabulary(source, COUNTS, ngrams=False)[0].save(tmp_path / "w.safetensors")
    table = WordVectors.load(tmp_path / "w.safetensors")
    for word in table.words:
        np.testing.assert_allclose(table.vector(word), source.vector(word), atol=2e-3, err_msg=word)
    assert not table.vector("handle").any()


def test_a_reduced_vector_is_the_projection_of_the_whole_one(source: WordVectors) -> None:
    counts = Counter(dict.fromkeys([*WORDS, "gestures", "hold", "pointing", "thereby"], 3))
    table, summary = build_vocabulary(source, counts, dimension=6)
    whole = np.stack([source.vector(word) for word in table.words]).astype(np.float64)
    centred = whole - whole.mean(axis=0)
    # Principal components from the singular values, another way than the product's.
    _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
    ours = np.stack([table.vector(word) for word in table.words])
    np.testing.assert_allclose(np.abs(ours), np.abs(centred @ axes[:6].T), atol=1e-5)
    assert summary.variance == pytest.approx((sizes[:6] ** 2).sum() / (sizes**2).sum())
    again, _ = build_vocabulary(source, counts, dimension=6)
    assert again.digest == table.digest
    # Words outside the table are projected in the same way.
    unkept, _ = build_vocabulary(source, counts + Counter(["rare"]), dimension=6)
    signs = np.sign((ours * (centred @ axes[:6].T)).sum(axis=0))
    expected = (source.vector("rare") - whole.mean(axis=0)) @ axes[:6].T * signs
    np.testing.assert_allclose(unkept.vector("rare"), expected, atol=1e-5)


def test_at_most_so_many_words_and_the_frequent_ones(source: WordVectors) -> None:
    assert build_vocabulary(source, COUNTS, max_words=2)[0].words == ["hello", "hand"]
    assert build_vocabulary(source, COUNTS, minimum_count=4)[0].words == ["hello", "hand", "gestures"]


def test_words_without_any_vector_are_left_out(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    plain = write_bin(
        tmp_path / "p.bin", WORDS, rng.normal(size=(len(WORDS), 4)), np.zeros((0, 4)), longest=0
    )
    table, summary = build_vocabulary(WordVectors.load(plain), COUNTS)
    assert table.words == ["hello", "hand", "größe", "point"]
    assert (summary.silent, summary.ngrams) == (1, 0)
    with pytest.raises(AqgtError, match="knows none of the words"):
        build_vocabulary(WordVectors.load(plain), Counter({"unheard": 5}))


def test_impossible_wishes_are_errors(source: WordVectors, tmp_path: Path) -> None:
    with pytest.raises(AqgtError, match="No word occurs 10 times"):
        build_vocabulary(source, COUNTS, minimum_count=10)
    with pytest.raises(AqgtError, match="5 vectors of 20 numbers can't be brought to 6"):
        build_vocabulary(source, COUNTS, dimension=6)
    broken = write_bin(tmp_path / "n.bin", ["hello"], np.full((1, 4), np.nan), np.zeros((2, 4)))
    with pytest.raises(AqgtError, match="not finite"):
        build_vocabulary(WordVectors.load(broken), COUNTS)


def test_words_are_counted_in_texts_and_in_training_clips(tmp_path: Path) -> None:
    write_tiny_corpus(tmp_path / "corpus", train_clips=2, val_clips=1, seconds=3)
    (tmp_path / "text.txt").write_text("Hello there. HELLO, you!")
    assert count_words([tmp_path / "text.txt"]) == {"hello": 2, "there": 1, "you": 1}
    shares: list[float] = []
    both = count_words(
        [tmp_path / "corpus", tmp_path / "text.txt"], progress=lambda what, share: shares.append(share)
    )
    assert both == {"hello": 2 * 3 + 2, "there": 1, "you": 1}, "held-out clips don't count"
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    (tmp_path / "none.txt").write_text("…")
    with pytest.raises(AqgtError, match="holds no words"):
        count_words([tmp_path / "none.txt"])


def test_the_command_writes_a_table_and_says_what_it_covers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from aqgt_training.cli.app import main

    source = random_bin(tmp_path / "big.bin", 20)
    (tmp_path / "text.txt").write_text("hello there hand. " * 3 + "pointing once")
    arguments = [
        "word-vectors",
        "build",
        tmp_path / "text.txt",
        "--from",
        source,
        "-o",
        tmp_path / "out.safetensors",
    ]
    monkeypatch.setattr(sys, "argv", ["aqgt-train", *map(str, arguments), "--dimension", "3"])
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as ending:
        main()
    assert not ending.value.code
    said = capfd.readouterr()
    assert said.out == ""
    assert "3 words; 81.8% of the running words" in said.err
    assert "2 words; 18.2% of the running words" in said.err
    assert "Wrote" in said.err
    assert "arning" not in said.err
    table = WordVectors.load(tmp_path / "out.safetensors")
    assert (table.words, table.dimension) == (["hand", "hello", "there"], 3)
