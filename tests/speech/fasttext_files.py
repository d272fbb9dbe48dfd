# SPDX-License-Identifier: GPL-3.0-or-later
"""Small fastText .bin files: written here without its package, or trained by it."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

WORDS = ["hello", "hand", "hands", "point", "größe", "there", "don't", "日本語"]


def write_bin(
    path: Path,
    words: Sequence[str],
    vectors: NDArray[Any],
    ngrams: NDArray[Any],
    *,
    shortest: int = 3,
    longest: int = 5,
) -> Path:
    """Writes a skip-gram model in fastText's format, with an output layer of zeros."""
    n_words, dimension = vectors.shape
    rows = n_words + len(ngrams)
    settings = struct.pack("<12id", dimension, 5, 5, 1, 5, 1, 2, 2, len(ngrams), shortest, longest, 100, 1e-4)
    dictionary = struct.pack("<3i2q", n_words, n_words, 0, 1000, -1)
    entries = b"".join(word.encode() + b"\0" + struct.pack("<qb", 10, 0) for word in words)
    table = np.concatenate([vectors, ngrams]).astype("<f4").tobytes()
    output = b"\0" + struct.pack("<2q", n_words, dimension) + bytes(4 * n_words * dimension)
    path.write_bytes(
        struct.pack("<2i", 793_712_314, 12)
        + settings
        + dictionary
        + entries
        + b"\0"
        + struct.pack("<2q", rows, dimension)
        + table
        + output
    )
    return path


def random_bin(path: Path, dimension: int, *, buckets: int = 50, seed: int = 0) -> Path:
    """A .bin of `WORDS` with random vectors."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(len(WORDS), dimension))
    return write_bin(path, WORDS, vectors, rng.normal(size=(buckets, dimension)))


def train_bin(path: Path, *, supervised: bool = False, **settings: Any) -> Any:
    """Trains a model of ten numbers on `WORDS` within a second, writes it, and returns it."""
    import fasttext

    rng = np.random.default_rng(0)
    text = path.with_suffix(".txt")
    label = "__label__x " if supervised else ""
    text.write_text("\n".join(label + " ".join(rng.choice(WORDS, 12)) for _ in range(300)), encoding="utf-8")
    train = fasttext.train_supervised if supervised else fasttext.train_unsupervised
    settings = {"bucket": 100, **settings}
    # fastText 0.9.3 leaves its table uninitialised with fewer than ten threads, or where its numbers can't be
    # divided by ten: ten numbers in a row make any table divisible.
    model = train(str(text), dim=10, minCount=1, epoch=1, thread=10, verbose=0, **settings)
    model.save_model(str(path))
    return model
