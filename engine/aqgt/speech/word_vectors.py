# SPDX-License-Identifier: GPL-3.0-or-later
"""Word vectors with subwords, read without the fastText package.

A word's vector is the mean of its own row (where the vocabulary knows it) and of the rows of its letter
n-grams, which are found by hashing: so every word has one, known or not. The numbers equal those
that fastText itself gives.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError

FORMAT = "aqgt-word-vectors-1"

FloatArray = NDArray[np.float32]

_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_END_OF_LINE = "</s>"  # fastText's own token: the only word without n-grams


def tokens(text: str) -> list[str]:
    """The words of a text in the vectors' form: lower case, no punctuation, hyphenated words in parts."""
    return _TOKEN.findall(text.lower().replace("’", "'"))


class WordVectors:
    """A table of word vectors with subwords.

    Args:
        words: the vocabulary.
        vectors: one row for each word, `[V, D]`, float16 or float32.
        ngrams: rows of the hashed letter n-grams, `[buckets, D]`.
        shortest, longest: letters in an n-gram, the brackets `<` and `>` around a word included.
        metadata: what is known of the table's making.
    """

    def __init__(
        self,
        words: list[str],
        vectors: NDArray[Any],
        ngrams: NDArray[Any],
        *,
        shortest: int,
        longest: int,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        if len(words) != len(vectors):
            raise ValueError(f"{len(words)} words but {len(vectors)} vectors")
        self.words = words
        self.metadata = dict(metadata or {})
        self._rows = {word: row for row, word in enumerate(words)}
        self._vectors, self._ngrams = vectors, ngrams
        self._shortest, self._longest = shortest, longest
        self._phrase = lru_cache(maxsize=20000)(self._mean_of_tokens)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> WordVectors:
        """Reads a table.

        Args:
            path: a `.safetensors` file made by `save`, or a fastText `.bin` where the `fasttext` package is
                installed.

        Raises:
            AqgtError: no such file, another format, or no `fasttext` package for a `.bin`.
        """
        file = Path(path)
        if not file.is_file():
            raise AqgtError(f"There are no word vectors at “{file}”.", "Check the path.", "no-word-vectors")
        if file.suffix == ".bin":
            return _FastTextVectors(file)
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(str(file), framework="numpy") as tensors:
                metadata = tensors.metadata() or {}
                if metadata.get("format") != FORMAT:
                    raise AqgtError(
                        f"“{file.name}” holds no word vectors of this project.",
                        "Use a file written by `aqgt-train word-vectors`, or a fastText .bin.",
                        "bad-word-vectors",
                    )
                blob, offsets = tensors.get_tensor("words").tobytes(), tensors.get_tensor("offsets")
                vectors, ngrams = tensors.get_tensor("vectors"), tensors.get_tensor("ngrams")
        except SafetensorError as error:
            raise AqgtError(
                f"“{file.name}” can't be read as word vectors.",
                "Copy or train the file again.",
                "bad-word-vectors",
            ) from error
        words = [blob[a:b].decode() for a, b in pairwise(offsets)]
        shortest, longest = int(metadata["shortest"]), int(metadata["longest"])
        return cls(words, vectors, ngrams, shortest=shortest, longest=longest, metadata=metadata)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the table as safetensors with float16 rows."""
        from safetensors.numpy import save_file

        encoded = [word.encode() for word in self.words]
        offsets = np.cumsum([0, *(len(word) for word in encoded)], dtype=np.int64)
        settings = {"format": FORMAT, "shortest": str(self._shortest), "longest": str(self._longest)}
        save_file(
            {
                "words": np.frombuffer(b"".join(encoded), dtype=np.uint8),
                "offsets": offsets,
                "vectors": np.ascontiguousarray(self._vectors, dtype=np.float16),
                "ngrams": np.ascontiguousarray(self._ngrams, dtype=np.float16),
            },
            os.fspath(path),
            metadata={**self.metadata, **settings},
        )

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._vectors.shape[1])

    def vector(self, word: str) -> FloatArray:
        """The vector of one word `[D]` as it is written (the vocabulary is lower case)."""
        rows = [self._ngrams[bucket] for bucket in self._buckets(word)]
        if word in self._rows:
            rows.append(self._vectors[self._rows[word]])
        if not rows:
            return np.zeros(self.dimension, np.float32)
        return np.asarray(np.mean(np.stack(rows).astype(np.float32), axis=0))

    def phrase(self, text: str) -> FloatArray:
        """The mean vector `[D]` of a text's words, without case and punctuation; zeros if it has no word."""
        return self._phrase(text)

    def _mean_of_tokens(self, text: str) -> FloatArray:
        parts = [self.vector(token) for token in tokens(text)]
        none = np.zeros(self.dimension, np.float32)
        mean = np.asarray(np.mean(parts, axis=0, dtype=np.float32)) if parts else none
        mean.setflags(write=False)  # the cache hands out the same array again
        return mean

    def nearest(self, word: str, n: int = 5) -> list[tuple[str, float]]:
        """The vocabulary's `n` words of the highest cosine similarity to a word."""
        table = np.stack([self.vector(each) for each in self.words])
        lengths = np.linalg.norm(table, axis=1) + 1e-9
        target = self.vector(word)
        similarity = table @ target / (lengths * (np.linalg.norm(target) + 1e-9))
        order = np.argsort(-similarity)
        return [
            (self.words[i], float(similarity[i])) for i in order if self.words[i] not in (word, _END_OF_LINE)
        ][:n]

    def _buckets(self, word: str) -> list[int]:
        if word == _END_OF_LINE or not len(self._ngrams):
            return []
        return [ngram_hash(ngram) % len(self._ngrams) for ngram in self._letters(f"<{word}>")]

    def _letters(self, word: str) -> list[str]:
        found = []
        for start in range(len(word)):
            for length in range(self._shortest, min(self._longest, len(word) - start) + 1):
                if length == 1 and (start == 0 or start + 1 == len(word)):
                    continue  # a bracket alone says nothing
                found.append(word[start : start + length])
        return found


def ngram_hash(ngram: str) -> int:
    """fastText's hash of an n-gram: 32-bit FNV-1a over UTF-8, with bytes above 127 sign-extended."""
    value = 2166136261
    for byte in ngram.encode():
        value ^= byte if byte < 128 else byte | 0xFFFFFF00
        value = (value * 16777619) & 0xFFFFFFFF
    return value


class _FastTextVectors(WordVectors):
    """A fastText .bin: its package keeps the table, which may be far larger than ours."""

    def __init__(self, path: Path) -> None:
        try:
            import fasttext
        except ImportError as error:
            raise AqgtError(
                "Reading a fastText .bin needs the package fasttext.",
                "Install it with `pip install fasttext`, or use word vectors in safetensors.",
                "no-fasttext",
            ) from error
        try:
            self._model = fasttext.load_model(str(path))
        except (ValueError, RuntimeError) as error:
            raise AqgtError(
                f"“{path.name}” can't be read as a fastText model.",
                "Download the file again.",
                "bad-word-vectors",
            ) from error
        super().__init__(
            [], np.zeros((0, self._model.get_dimension()), np.float32), np.zeros(0), shortest=0, longest=0
        )
        self.words = self._model.get_words(on_unicode_error="replace")

    def vector(self, word: str) -> FloatArray:
        """The vector of one word `[D]`."""
        return np.asarray(self._model.get_word_vector(word), dtype=np.float32)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Refused: a foreign table may be gigabytes large and is used where it lies."""
        raise AqgtError(
            "Word vectors of a fastText .bin are not copied into a model.",
            "Train small ones with `aqgt-train word-vectors`, or name the .bin wherever they are needed.",
            "foreign-word-vectors",
        )
