# SPDX-License-Identifier: GPL-3.0-or-later
"""Word vectors with subwords, of small tables of our own and of fastText's .bin files.

A word's vector is the mean of its own row (where the vocabulary knows it) and of the rows of its letter
n-grams, which are found by hashing: so every word has one, known or not. The numbers equal those
that fastText itself gives, and its package is not needed to read them.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError
from aqgt.speech.fasttext_file import read_fasttext
from aqgt.speech.file_hashes import file_sha256

FORMAT = "aqgt-word-vectors-1"
#: A table that holds some of the n-grams only; a reader of the first format would look up wrong ones.
FORMAT_SOME = "aqgt-word-vectors-2"

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
        ngrams: rows of the hashed letter n-grams, `[buckets, D]`, or of some of them, `[K, D]`.
        shortest, longest: letters in an n-gram, the brackets `<` and `>` around a word included.
        metadata: what is known of the table's making.
        kept: `[K]` the bucket of each n-gram row, where only some are there; the others don't count.
        buckets: how many buckets there were; needed with ``kept``.
        origin: the file the table was read from.
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
        kept: NDArray[Any] | None = None,
        buckets: int | None = None,
        origin: Path | None = None,
    ) -> None:
        if len(words) != len(vectors):
            raise ValueError(f"{len(words)} words but {len(vectors)} vectors")
        if (kept is None) != (buckets is None) or (kept is not None and len(kept) != len(ngrams)):
            raise ValueError("kept names the bucket of each n-gram row and goes with buckets")
        self.words = words
        self.origin = origin
        self._kept = kept
        self._row_of_bucket = None if kept is None else {int(b): row for row, b in enumerate(kept)}
        self._n_buckets = len(ngrams) if buckets is None else buckets
        self.metadata = dict(metadata or {})
        self._rows = {word: row for row, word in enumerate(words)}
        self._vectors, self._ngrams = vectors, ngrams
        self._shortest, self._longest = shortest, longest
        self._phrase = lru_cache(maxsize=20000)(self._mean_of_tokens)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> WordVectors:
        """Reads a table.

        Args:
            path: a `.safetensors` file made by `save`, or a fastText `.bin`, whose table stays on the disk
                and has to stay where it is.

        Raises:
            AqgtError: no such file, another format, or a file that is damaged or cut off.
        """
        file = Path(path)
        if not file.is_file():
            raise AqgtError(f"There are no word vectors at “{file}”.", "Check the path.", "no-word-vectors")
        if file.suffix == ".bin":
            return FastTextVectors(file)
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(str(file), framework="numpy") as tensors:
                metadata = tensors.metadata() or {}
                if metadata.get("format") not in (FORMAT, FORMAT_SOME):
                    raise AqgtError(
                        f"“{file.name}” holds no word vectors of this project.",
                        "Use a file written by `aqgt-train word-vectors`, or a fastText .bin.",
                        "bad-word-vectors",
                    )
                blob, offsets = tensors.get_tensor("words").tobytes(), tensors.get_tensor("offsets")
                vectors, ngrams = tensors.get_tensor("vectors"), tensors.get_tensor("ngrams")
                some = metadata["format"] == FORMAT_SOME
                kept = tensors.get_tensor("kept") if some else None
        except SafetensorError as error:
            raise AqgtError(
                f"“{file.name}” can't be read as word vectors.",
                "Copy or train the file again.",
                "bad-word-vectors",
            ) from error
        words = [blob[a:b].decode() for a, b in pairwise(offsets)]
        shortest, longest = int(metadata["shortest"]), int(metadata["longest"])
        return cls(
            words,
            vectors,
            ngrams,
            shortest=shortest,
            longest=longest,
            metadata=metadata,
            kept=kept,
            buckets=int(metadata["buckets"]) if some else None,
            origin=file,
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the table as safetensors with float16 rows."""
        from safetensors.numpy import save_file

        encoded = [word.encode() for word in self.words]
        offsets = np.cumsum([0, *(len(word) for word in encoded)], dtype=np.int64)
        settings = {"format": FORMAT, "shortest": str(self._shortest), "longest": str(self._longest)}
        arrays: dict[str, NDArray[Any]] = {
            "words": np.frombuffer(b"".join(encoded), dtype=np.uint8),
            "offsets": offsets,
            "vectors": np.ascontiguousarray(self._vectors, dtype=np.float16),
            "ngrams": np.ascontiguousarray(self._ngrams, dtype=np.float16),
        }
        if self._kept is not None:
            settings |= {"format": FORMAT_SOME, "buckets": str(self._n_buckets)}
            arrays["kept"] = np.ascontiguousarray(self._kept, dtype=np.int64)
        save_file(arrays, os.fspath(path), metadata={**self.metadata, **settings})

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file the table was read from, or of its numbers and words; it tells tables apart."""
        if self.origin is not None:
            return file_sha256(self.origin)
        found = hashlib.sha256("\0".join(self.words).encode())
        found.update(f"{self._shortest} {self._longest} {self._n_buckets}".encode())
        for array in (self._vectors, self._ngrams, self._kept):
            if array is not None:
                found.update(np.ascontiguousarray(array).tobytes())
        return found.hexdigest()

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._vectors.shape[1])

    def vector(self, word: str) -> FloatArray:
        """The vector of one word `[D]` as it is written (the vocabulary is lower case)."""
        rows = [row for bucket in self.buckets(word) if (row := self.ngram_row(bucket)) is not None]
        own = self.own_row(word)
        if own is not None:
            rows.append(own)
        if not rows:
            return np.zeros(self.dimension, np.float32)
        return np.asarray(np.mean(np.stack(rows).astype(np.float32), axis=0))

    def own_row(self, word: str) -> NDArray[Any] | None:
        """The row `[D]` that a word of the vocabulary has beside its n-grams; None for other words."""
        row = self._rows.get(word)
        return None if row is None else self._vectors[row]

    def ngram_row(self, bucket: int) -> NDArray[Any] | None:
        """The row `[D]` of a bucket of n-grams; None where the table holds only some, and not this one."""
        row = bucket if self._row_of_bucket is None else self._row_of_bucket.get(bucket)
        return None if row is None else self._ngrams[row]

    def buckets(self, word: str) -> list[int]:
        """The buckets of a word's n-grams, one for each; empty where the table has no n-grams."""
        if word == _END_OF_LINE or not len(self._ngrams):
            return []
        return [ngram_hash(ngram) % self._n_buckets for ngram in self._letters(f"<{word}>")]

    @property
    def ngram_settings(self) -> tuple[int, int, int]:
        """Letters in the shortest and the longest n-gram, and the number of buckets."""
        return self._shortest, self._longest, self._n_buckets

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

    def _letters(self, word: str) -> list[str]:
        found = []
        for start in range(len(word)):
            for length in range(max(1, self._shortest), min(self._longest, len(word) - start) + 1):
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


class FastTextVectors(WordVectors):
    """A fastText .bin. It may be far larger than the memory: of the table only rows in use are read.

    Args:
        path: the file.

    Raises:
        AqgtError: it is no fastText model, damaged, cut off, or compressed.
    """

    def __init__(self, path: Path) -> None:
        table = read_fasttext(path)
        super().__init__(
            table.words,
            table.vectors,
            table.ngrams,
            shortest=table.shortest,
            longest=table.longest,
            metadata={"source": path.name},
            origin=path,
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Refused: a foreign table may be gigabytes large and is used where it lies."""
        raise AqgtError(
            "Word vectors of a fastText .bin are not copied into a model.",
            "Take words from it with `aqgt-train word-vectors build`, or set text.vectors: fasttext.",
            "foreign-word-vectors",
        )
