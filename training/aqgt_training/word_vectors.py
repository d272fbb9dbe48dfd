# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains the small word vectors that the compact model reads: fastText skip-grams with subwords."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from aqgt.errors import AqgtError
from aqgt.speech.word_vectors import WordVectors, tokens

_SENTENCE_END = re.compile(r"(?<=[.!?;:])\s+|\n\s*\n")
# fastText 0.9.3 fills its table with random numbers in ten equal parts, one for each thread, and leaves the
# rest as it finds the memory: with fewer threads training may end in NaN. Ten threads write at once, so two
# runs never give quite the same vectors.
_THREADS = 10


def train_word_vectors(
    texts: Sequence[Path],
    output: Path,
    *,
    dimension: int = 48,
    buckets: int = 40000,
    minimum_count: int = 4,
    epochs: int = 30,
    source: str = "",
    binary: Path | None = None,
) -> WordVectors:
    """Trains vectors on texts and writes them as safetensors.

    Args:
        texts: `.txt` and `.xml` files, zip files of these, or folders with any of them.
        output: the safetensors file to write.
        dimension: length of a vector.
        buckets: rows for hashed letter n-grams (3 to 5 letters); up to nine more are used.
        minimum_count: rarer words are left to their n-grams.
        epochs: passes over the text.
        source: what the texts are, for the file's metadata.
        binary: also write fastText's own file here.

    Returns:
        the table as written; another run on the same texts gives slightly other vectors.

    Raises:
        AqgtError: the texts hold too few words, or the fasttext package is missing.
    """
    try:
        import fasttext
    except ImportError as error:
        raise AqgtError(
            "Training word vectors needs the package fasttext.", "Install the training extra.", "no-fasttext"
        ) from error
    lines = [line for text in read_texts(texts) for line in sentences(text)]
    n_tokens = sum(len(line) for line in lines)
    if n_tokens < 1000:
        raise AqgtError(
            f"The texts hold {n_tokens} words.", "Give texts of at least 1000 words.", "short-text"
        )
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus.txt"
        corpus.write_text("\n".join(" ".join(line) for line in lines) + "\n", encoding="utf-8")
        model = fasttext.train_unsupervised(
            str(corpus),
            model="skipgram",
            dim=dimension,
            minn=3,
            maxn=5,
            bucket=_initialised(buckets, lines, minimum_count, dimension),
            minCount=minimum_count,
            epoch=epochs,
            thread=_THREADS,
            verbose=0,
        )
    if binary is not None:
        model.save_model(str(binary))
    metadata = {"source": source, "words-read": str(n_tokens), "epochs": str(epochs)}
    output.parent.mkdir(parents=True, exist_ok=True)
    from_fasttext(model, metadata).save(output)
    return WordVectors.load(output)


def from_fasttext(model: Any, metadata: dict[str, str] | None = None) -> WordVectors:
    """The table of a fastText model in memory, in float32."""
    words = model.get_words()
    rows = np.asarray(model.get_input_matrix(), dtype=np.float32)
    settings = model.f.getArgs()
    return WordVectors(
        words,
        rows[: len(words)],
        rows[len(words) :],
        shortest=settings.minn,
        longest=settings.maxn,
        metadata=metadata,
    )


def _initialised(buckets: int, lines: Sequence[Sequence[str]], minimum_count: int, dimension: int) -> int:
    """The number of buckets, raised until fastText's table has a multiple of ten numbers (see `_THREADS`)."""
    counts = Counter(word for line in lines for word in line)
    counts["</s>"] = len(lines)  # fastText counts the ends of lines as words
    n_words = sum(count >= minimum_count for count in counts.values())
    while (n_words + buckets) * dimension % 10:
        buckets += 1
    return buckets


def sentences(text: str) -> Iterator[list[str]]:
    """The sentences of a text as lists of words."""
    for sentence in _SENTENCE_END.split(text):
        if words := tokens(sentence):
            yield words


def read_texts(paths: Sequence[Path]) -> Iterator[str]:
    """The texts in files, zip files and folders, in the order of their names.

    Raises:
        AqgtError: a path that does not exist.
    """
    for path in paths:
        if path.is_dir():
            yield from read_texts(sorted(each for each in path.rglob("*") if _is_text(each.name)))
        elif not path.exists():
            raise AqgtError(f"There is no text at “{path}”.", "Check the path.", "no-file")
        elif path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                for name in sorted(filter(_is_text, archive.namelist())):
                    yield _plain(name, archive.read(name))
        else:
            yield _plain(path.name, path.read_bytes())


def _is_text(name: str) -> bool:
    return Path(name).suffix in (".txt", ".xml", ".zip") and Path(name).name.upper() != "README.TXT"


def _plain(name: str, content: bytes) -> str:
    if name.endswith(".xml"):
        root = ElementTree.fromstring(content)
        # In plays only the spoken lines: names of speakers and stage directions are nobody's words.
        spoken = ["".join(line.itertext()) for line in root.iter("LINE")]
        return "\n".join(spoken) if spoken else " ".join(root.itertext())
    return content.decode("utf-8", errors="replace")
