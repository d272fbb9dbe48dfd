# SPDX-License-Identifier: GPL-3.0-or-later
"""Public-domain texts as sentences, document by document."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from aqgt.errors import AqgtError

_SENTENCE_END = re.compile(r"(?<=[.!?;:])[\"')\]]*\s+")
_UNSPOKEN = re.compile(r"[^\w\s.,;:!?'\-]+")


@dataclass(frozen=True)
class Document:
    """A text and its name (``archive/file``)."""

    name: str
    sentences: Sequence[str]


def read_documents(paths: Sequence[str | Path]) -> list[Document]:
    """Documents of .zip archives (of .txt and play .xml files), folders or .txt files, sorted by name.

    Raises:
        AqgtError: a path is missing, or no text is found.
    """
    documents: list[Document] = []
    for path in map(Path, paths):
        if not path.exists():
            raise AqgtError(f"There is no text at “{path}”.", "Check `texts` in the corpus file.", "no-text")
        documents += [Document(name, found) for name, text in _files(path) if (found := _sentences(text))]
    if not documents:
        raise AqgtError("The texts hold no sentences.", "Check `texts` in the corpus file.", "no-text")
    return sorted(documents, key=lambda document: document.name)


def paragraph(document: Document, random: np.random.Generator, n_words: int) -> list[str]:
    """Consecutive sentences of about ``n_words`` words, beginning anywhere in the document."""
    start = int(random.integers(0, len(document.sentences)))
    chosen: list[str] = []
    for sentence in document.sentences[start:]:
        chosen.append(sentence)
        if sum(len(text.split()) for text in chosen) >= n_words:
            break
    return chosen


def _files(path: Path) -> Iterator[tuple[str, str]]:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist()):
                if name.endswith((".txt", ".xml")):
                    yield name, _text(name, archive.read(name).decode("utf-8", "replace"))
    elif path.is_dir():
        for file in sorted(path.rglob("*.txt")):
            yield f"{path.name}/{file.name}", file.read_text(encoding="utf-8", errors="replace")
    else:
        yield path.name, path.read_text(encoding="utf-8", errors="replace")


def _text(name: str, raw: str) -> str:
    if not name.endswith(".xml"):
        return raw
    try:
        root = ElementTree.fromstring(raw)
    except ElementTree.ParseError:
        return ""
    return "\n".join(
        " ".join("".join(line.itertext()) for line in speech.iter("LINE")) for speech in root.iter("SPEECH")
    )


def _sentences(text: str) -> list[str]:
    text = _UNSPOKEN.sub(" ", text.replace("’", "'").replace("--", ", ").replace("—", ", "))
    text = " ".join(text.split())
    return [s.strip() for s in _SENTENCE_END.split(text) if 3 <= len(s.split()) <= 45]
