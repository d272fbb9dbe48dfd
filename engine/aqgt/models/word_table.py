# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a model's word vectors come from, as its config says: its folder, a fastText .bin, or nowhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from aqgt.errors import AqgtError
from aqgt.models.config import ModelConfig
from aqgt.speech.file_hashes import file_sha256
from aqgt.speech.word_vectors import FastTextVectors, WordVectors

WORDS = "words.safetensors"
#: Environment variable with a fastText .bin, or with a folder of them.
FASTTEXT_VARIABLE = "AQGT_FASTTEXT"


def open_word_vectors(
    config: ModelConfig, folder: Path, given: Path | None = None, *, fresh: bool = False
) -> WordVectors | None:
    """The word vectors that a model reads; None where ``text.vectors`` is ``none``.

    With ``text.vectors: fasttext`` the first of these that is there counts: the file that was given,
    ``$AQGT_FASTTEXT``, ``text.path`` in the folder. A saved model knows the SHA-256 of its training's file,
    and takes no other.

    Args:
        config: the model's.
        folder: the saved model's, or that of the config's file.
        given: a file that the user names.
        fresh: the model is about to be trained: with ``text.vectors: file`` the table is the given one.

    Raises:
        AqgtError: no such file, another one than that of the training, or one of another dimension; it says
            how to name the right one.
    """
    if config.text.vectors == "fasttext":
        vectors: WordVectors = FastTextVectors(_fasttext_file(config, folder, given))
    elif given is not None and not (fresh and config.text.vectors == "file"):
        raise AqgtError(
            f"The model {config.name} reads no word vectors but its own, if any.",
            "Leave --word-vectors away.",
            "bad-usage",
        )
    elif config.text.vectors == "none":
        return None
    elif fresh and given is None:
        raise AqgtError(
            f"The model {config.name} needs word vectors.",
            "Name them with --word-vectors; `aqgt-train word-vectors` makes them.",
            "no-words",
        )
    else:
        vectors = WordVectors.load(given or folder / WORDS)
    wanted = config.features.word_dimension
    if vectors.dimension != wanted:
        raise AqgtError(
            f"The word vectors have {vectors.dimension} numbers, the model's config says {wanted}.",
            f"Set features.word_dimension: {vectors.dimension} for a fresh model, or use other vectors.",
            "wrong-word-vectors",
        )
    return vectors


def _fasttext_file(config: ModelConfig, folder: Path, given: Path | None) -> Path:
    refused = []
    for place in _places(config, folder, given):
        if not place.is_file():
            continue
        if config.text.sha256 is None:
            return place
        if file_sha256(place) == config.text.sha256:
            return place
        refused.append(place)
    name = config.text.path or "(text.path is not set)"
    if refused:
        raise AqgtError(
            f"The model {config.name} was trained with another {name} than “{refused[0]}”.",
            f"Pass the file with the SHA-256 {config.text.sha256}.",
            "wrong-word-vectors",
        )
    missing = f"at “{given}”" if given is not None else f"in “{folder}”"
    raise AqgtError(
        f"The model {config.name} reads the fastText vectors {name}, and they are not {missing}.",
        f"Pass the .bin with --word-vectors, name it in ${FASTTEXT_VARIABLE}, or put it into the folder.",
        "no-word-vectors",
    )


def _places(config: ModelConfig, folder: Path, given: Path | None) -> Iterator[Path]:
    name = config.text.path
    if given is not None:
        yield given
        return
    environment = os.environ.get(FASTTEXT_VARIABLE)
    if environment:
        place = Path(environment)
        yield place / Path(name).name if name and place.is_dir() else place
    if name:
        yield folder / name
