# SPDX-License-Identifier: GPL-3.0-or-later
"""Vocabulary building: a corpus's words, with vectors from a larger table such as fastText's crawl-300d."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError
from aqgt.speech.word_vectors import WordVectors, tokens
from aqgt_training.corpora.clip_lmdb import ClipReader
from aqgt_training.word_vectors import read_texts, sentences

Progress = Callable[[str, float], None]
"""Takes what is being done, and the finished share of it, 0 to 1."""


@dataclass(frozen=True)
class VocabularySummary:
    """What a vocabulary holds and what it leaves out.

    Attributes:
        tokens, words: running words, and different words, that were counted.
        kept: words in the table.
        kept_tokens: running words whose word is in the table.
        known: kept words that the source's own vocabulary has; the others' vectors are made of their n-grams.
        silent: frequent words that are left out because the source can say nothing of them.
        ngrams: n-gram rows in the table, for words outside it.
        dimension: numbers of a vector.
        variance: share of the kept words' variance that the vectors still have; 1 without reduction.
    """

    tokens: int
    words: int
    kept: int
    kept_tokens: int
    known: int
    silent: int
    ngrams: int
    dimension: int
    variance: float

    def rows(self) -> list[tuple[str, str]]:
        """The figures in words."""
        left_out, lost = self.words - self.kept, self.tokens - self.kept_tokens
        outside = f"{self.ngrams:,} n-gram rows" if self.ngrams else "zeros (no n-grams)"
        return [
            ("running words", f"{self.tokens:,}, {self.words:,} different"),
            ("kept", f"{self.kept:,} words; {_share(self.kept_tokens, self.tokens)} of the running words"),
            ("left out", f"{left_out:,} words; {_share(lost, self.tokens)} of the running words"),
            ("known to the source", f"{self.known:,} of them; {self.kept - self.known:,} by n-grams"),
            ("unknown to the source", f"{self.silent:,} more, left out"),
            ("words outside the table", outside),
            ("vectors", f"{self.dimension} numbers, {self.variance:.1%} of the variance"),
        ]


def count_words(paths: Sequence[Path], progress: Progress = lambda what, share: None) -> Counter[str]:
    """How often each word occurs, in the form of `tokens`.

    Args:
        paths: clip corpora (their training clips), `.txt` and `.xml` files, zip files, folders of these.

    Raises:
        AqgtError: a path does not exist, or there is no word in them.
    """
    counts: Counter[str] = Counter()
    for number, path in enumerate(paths):
        for words, share in _words(path):
            counts.update(words)
            progress("Counting words", (number + share) / len(paths))
    if not counts:
        raise AqgtError("The corpus holds no words.", "Give a corpus with words, or texts.", "no-words")
    return counts


def _words(path: Path) -> Iterator[tuple[list[str], float]]:
    """Words, and the share of the path that is read with them."""
    if (path / "data.mdb").is_file():
        with ClipReader(path) as reader:
            names = [name for name in reader.names if reader.split_of(name) == "train"]
            for number, name in enumerate(names, start=1):
                words = reader[name].words
                yield [token for word in words for token in tokens(word.text)], number / len(names)
    else:
        for text in read_texts([path]):
            yield [word for sentence in sentences(text) for word in sentence], 0.0
        yield [], 1.0


def build_vocabulary(
    source: WordVectors,
    counts: Counter[str],
    *,
    minimum_count: int = 2,
    max_words: int = 50_000,
    dimension: int | None = None,
    ngrams: bool = True,
    progress: Progress = lambda what, share: None,
) -> tuple[WordVectors, VocabularySummary]:
    """A table of the frequent words of a corpus.

    A kept word gets the source's vector, made of its n-grams where the source does not know it; one that the
    source can say nothing of is left out. With n-grams the table also holds the rows of all n-grams of all
    counted words, so that rare and new words keep a vector made of those they share with the corpus (the
    whole n-gram table of crawl-300d would have 1.2 GB).

    Args:
        source: the table to take vectors from.
        counts: words and how often each occurs.
        minimum_count: rarer words are left out.
        max_words: at most this many are kept, the most frequent ones.
        dimension: reduce the vectors to this many numbers by principal components of the kept words.
        ngrams: keep n-gram rows, where the source has any.

    Raises:
        AqgtError: no word is frequent enough, the dimension can't be reached, or the source holds NaN.
    """
    often = [word for word, count in counts.items() if count >= minimum_count]
    # Words of equal count in the order of the alphabet: the same counts give the same table.
    frequent = sorted(often, key=lambda word: (-counts[word], word))[:max_words]
    if not frequent:
        raise AqgtError(
            f"No word occurs {minimum_count} times.", "Lower --minimum-count, or give more text.", "no-words"
        )
    vectors = {}
    for number, word in enumerate(frequent, start=1):
        vector = source.vector(word)
        if vector.any() or source.own_row(word) is not None:
            vectors[word] = vector
        progress("Taking vectors", number / len(frequent))
    if not vectors:
        raise AqgtError("The source knows none of the words.", "Give another table.", "no-words")
    kept, full = list(vectors), np.stack(list(vectors.values()))
    if not np.isfinite(full).all():
        raise AqgtError(
            "The word vectors hold numbers that are not finite.",
            "Train or download them again.",
            "bad-word-vectors",
        )
    found = {bucket for word in counts for bucket in source.buckets(word)} if ngrams else set()
    buckets = sorted(bucket for bucket in found if source.ngram_row(bucket) is not None)
    own = [source.own_row(word) for word in kept]
    # Without n-grams beside it a row is the word's whole vector. So it is for a word without row of its own:
    # the mean of its n-grams and of their mean is their mean.
    rows = np.stack([full[i] if row is None or not buckets else row for i, row in enumerate(own)])
    letters = _ngram_rows(source, buckets, progress)
    reduce, variance = _reduction(full, source.dimension if dimension is None else dimension)
    shortest, longest, n_buckets = source.ngram_settings
    table = WordVectors(
        kept,
        reduce(rows),
        reduce(letters),
        shortest=shortest,
        longest=longest,
        metadata={
            "source": source.metadata.get("source", ""),
            "source-sha256": source.digest,
            "words-read": str(counts.total()),
        },
        kept=np.array(buckets, dtype=np.int64) if buckets else None,
        buckets=n_buckets if buckets else None,
    )
    known = sum(row is not None for row in own)
    summary = VocabularySummary(
        tokens=counts.total(),
        words=len(counts),
        kept=len(kept),
        kept_tokens=sum(counts[word] for word in kept),
        known=known,
        silent=len(frequent) - len(kept),
        ngrams=len(buckets),
        dimension=table.dimension,
        variance=variance,
    )
    return table, summary


def _ngram_rows(source: WordVectors, buckets: Sequence[int], progress: Progress) -> NDArray[np.float32]:
    rows = np.zeros((len(buckets), source.dimension), np.float32)
    for number, bucket in enumerate(buckets):
        rows[number] = source.ngram_row(bucket)
        progress("Taking n-grams", (number + 1) / len(buckets))
    return rows


def _reduction(
    vectors: NDArray[np.float32], dimension: int
) -> tuple[Callable[[NDArray[np.float32]], NDArray[np.float32]], float]:
    """A map to the first principal components of the vectors, and the share of variance they hold.

    It may be applied to each row by itself: a word's vector is a mean of rows, and an affine map of a mean is
    the mean of the mapped rows.
    """
    n_words, width = vectors.shape
    if dimension == width:
        return (lambda rows: rows), 1.0
    if dimension > min(width, n_words):
        raise AqgtError(
            f"{n_words} vectors of {width} numbers can't be brought to {dimension}.",
            "Choose a smaller --dimension, or keep more words.",
            "wrong-word-vectors",
        )
    mean = vectors.mean(axis=0, dtype=np.float64)
    centred = vectors - mean
    values, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :dimension]
    # An eigenvector may point either way; the largest number of each is made positive.
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(dimension)])
    total = float(values.sum())
    share = float(values[::-1][:dimension].sum()) / total if total > 0 else 1.0
    return (lambda rows: ((rows - mean) @ axes).astype(np.float32)), share


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "0 %"
