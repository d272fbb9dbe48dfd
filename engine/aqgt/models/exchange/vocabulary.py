# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes pickles that the original reads: its vocabulary class by name, arrays under numpy's older name."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from typing import Any

_CLASS = b"cmodel.vocab\nVocab\n"
_UNKNOWN = {3: "<UNK>"}


class SpeakerVocabulary:
    """Attributes of the original's vocabulary of speakers; it is pickled as ``model.vocab.Vocab``."""

    def __init__(self, speakers: Mapping[str, int]) -> None:
        self.name = "speakers"
        self.trimmed = False
        self.word_embedding_weights = None
        self.word2index = dict(speakers)
        self.word2count = dict.fromkeys(speakers, 1)
        self.index2word = {**_UNKNOWN, **{number: name for name, number in speakers.items()}}
        self.n_words = len(speakers) + 1


class Pickler(pickle._Pickler):  # the one in C looks every class up by its name, and this one has another's
    """Pickles `SpeakerVocabulary` under the original's name; `torch.save` takes this module as ``pickle``."""

    def save_global(self, obj: Any, name: str | None = None) -> None:
        """Writes the name of a class or function."""
        if obj is SpeakerVocabulary:
            self.write(_CLASS)  # type: ignore[attr-defined]
            self.memoize(obj)  # type: ignore[attr-defined]
        else:
            super().save_global(obj, name)  # type: ignore[misc]


def dumps(value: Any, protocol: int = 2) -> bytes:
    """A pickle; numpy's arrays are named as numpy 1 and 2 both read them."""
    stream = io.BytesIO()
    Pickler(stream, protocol=protocol).dump(value)
    return stream.getvalue().replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n", 1)
