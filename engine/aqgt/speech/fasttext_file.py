# SPDX-License-Identifier: GPL-3.0-or-later
"""fastText's .bin format, read in place: the table stays on the disk, and only rows in use are read.

A file is: magic number and version; the settings; the dictionary (each word with its count and kind); a
table with one row for each word and each bucket of hashed n-grams; the output layer, which word vectors
don't need. All is little endian and unaligned. Source: the files of fastText 0.9 (format version 12).
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError

_MAGIC = 793_712_314
_VERSIONS = (11, 12)
_SUPERVISED = 3  # the value of the setting `model`
_SETTINGS = struct.Struct("<12id")
_DICTIONARY = struct.Struct("<3i2q")
_SHAPE = struct.Struct("<2q")
_FLOAT = 4
_AFTER_WORD = 9  # its count and its kind
_LONGEST_WORD = 1 << 16


@dataclass(frozen=True)
class FastTextTable:
    """What a .bin holds of word vectors.

    Attributes:
        words: the vocabulary, most frequent first.
        vectors: `[V, D]` float32 rows of the words, mapped from the file.
        ngrams: `[buckets, D]` float32 rows of the hashed letter n-grams, mapped from the file.
        shortest, longest: letters in an n-gram.
    """

    words: list[str]
    vectors: NDArray[np.float32]
    ngrams: NDArray[np.float32]
    shortest: int
    longest: int


def read_fasttext(path: Path) -> FastTextTable:
    """Opens a .bin; the file must stay where it is while the table is used.

    Raises:
        AqgtError: it is no fastText model, it is cut off or damaged, or it is a compressed (quantised) one.
    """
    size = path.stat().st_size
    if size < 8:
        raise _damaged(path, "it is too short")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        try:
            return _read(path, content, size)
        except struct.error as error:
            raise _damaged(path, "it is cut off") from error


def _read(path: Path, content: mmap.mmap, size: int) -> FastTextTable:
    magic, version = struct.unpack_from("<2i", content, 0)
    if magic != _MAGIC:
        raise _damaged(path, "it does not begin as one")
    if version not in _VERSIONS:
        raise _damaged(path, f"its format has version {version}, not {_VERSIONS[-1]}")
    dimension, _, _, _, _, _, _, kind, buckets, shortest, longest, _, _ = _SETTINGS.unpack_from(content, 8)
    if kind == _SUPERVISED and version == 11:
        longest = 0  # such models were made before classifiers had n-grams
    if shortest < 0 or longest < 0:
        raise _damaged(path, "its n-grams have an impossible length")
    at = 8 + _SETTINGS.size
    n_entries, n_words, _, _, n_pruned = _DICTIONARY.unpack_from(content, at)
    words, at = _words(path, content, at + _DICTIONARY.size, n_entries, n_words)
    (compressed,) = struct.unpack_from("<?", content, at)
    if compressed or n_pruned > 0:
        raise AqgtError(
            f"“{path.name}” is a compressed (quantised) fastText model.",
            "Use the full .bin it was made from.",
            "bad-word-vectors",
        )
    rows, columns = _SHAPE.unpack_from(content, at + 1)
    at += 1 + _SHAPE.size
    if dimension < 1 or columns != dimension or buckets < 0 or not 1 <= rows == n_words + buckets:
        raise _damaged(path, f"its table of {rows} × {columns} numbers does not fit its settings")
    end = at + rows * columns * _FLOAT
    (compressed_output,) = struct.unpack_from("<?", content, end) if end < size else (True,)
    if end >= size or (not compressed_output and _end_of_table(content, end + 1) > size):
        raise _damaged(path, "it is cut off")
    table = np.asarray(np.memmap(path, dtype="<f4", mode="r", offset=at, shape=(rows, columns)))
    # Without n-grams the file may still hold buckets, those of a classifier's word n-grams.
    ngrams = table[n_words:] if longest > 0 and n_pruned != 0 else table[:0]
    return FastTextTable(words, table[:n_words], ngrams, shortest, longest)


def _words(path: Path, content: mmap.mmap, at: int, n_entries: int, n_words: int) -> tuple[list[str], int]:
    """The dictionary's words, and where it ends; labels come after the words."""
    if not 0 <= n_words <= n_entries or n_entries * (_AFTER_WORD + 1) > len(content):
        raise _damaged(path, "its dictionary has an impossible size")
    words = []
    for number in range(n_entries):
        stop = content.find(b"\0", at, at + _LONGEST_WORD)
        if stop < 0:
            raise _damaged(path, "its dictionary is cut off")
        if number < n_words:
            words.append(content[at:stop].decode("utf-8", errors="replace"))
        at = stop + 1 + _AFTER_WORD
    return words, at


def _end_of_table(content: mmap.mmap, at: int) -> int:
    rows, columns = _SHAPE.unpack_from(content, at)
    return at + _SHAPE.size + rows * columns * _FLOAT


def _damaged(path: Path, why: str) -> AqgtError:
    return AqgtError(
        f"“{path.name}” can't be read as a fastText model: {why}.",
        "Use a fastText .bin (not a .vec), and download or copy it again.",
        "bad-word-vectors",
    )
