# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said in a video: timed words beside it, or a transcript that is aligned with its sound."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError
from aqgt.formats.files import read_text
from aqgt.formats.transcripts import SUFFIXES as TIMED
from aqgt.formats.transcripts import read_timed_words
from aqgt.speech.alignment import align
from aqgt.words import Word

TRANSCRIPT = ".txt"
PREFERRED = (".json", ".textgrid", ".eaf", ".vtt", ".srt", TRANSCRIPT)
"""Which of several files is taken: those that were timed word by word first."""
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[\w]+)*", re.IGNORECASE)


@dataclass(frozen=True)
class SpokenWords:
    """The words of a video.

    Attributes:
        words: ascending, in seconds of the video.
        origin: name of the file they come from; empty where there is none.
        problem: why there are none.
    """

    words: Sequence[Word] = ()
    origin: str = ""
    problem: str | None = None


def words_of(video: Path, samples: NDArray[np.float32] | None, language: str | None = None) -> SpokenWords:
    """The words of the first file beside the video that can be used.

    Args:
        samples: the video's sound `[N]` at 16 kHz from the first picture on, for a transcript; None: it has
            none.
        language: of the words; None: what the files or their names say, else English.
    """
    problem = "there are no words beside the video (.json, .vtt, .srt, .TextGrid, .eaf, .txt)"
    for number, path in enumerate(files_beside(video)):
        own = language or _language_in(path, video)
        try:
            return SpokenWords(_read(path, samples, own), path.name)
        except AqgtError as error:
            if number == 0:
                problem = error.sentence
    return SpokenWords(problem=problem)


def files_beside(video: Path) -> list[Path]:
    """Files with words for a video: its name, perhaps a language, and a fitting ending; best kind first."""
    found = []
    for path in video.parent.iterdir():
        kind = path.suffix.lower()
        if path.is_file() and kind in (*TIMED, TRANSCRIPT) and path.name.startswith(video.stem + "."):
            middle = path.name[len(video.stem) + 1 : -len(kind)].rstrip(".")
            if not middle or (middle != "info" and _LANGUAGE.fullmatch(middle)):
                found.append(path)
    return sorted(found, key=lambda path: (PREFERRED.index(path.suffix.lower()), len(path.name), path.name))


def _language_in(path: Path, video: Path) -> str | None:
    middle = path.name[len(video.stem) + 1 : -len(path.suffix)].rstrip(".")
    return middle.split("-")[0].lower() or None


def _read(path: Path, samples: NDArray[np.float32] | None, language: str | None) -> Sequence[Word]:
    if path.suffix.lower() != TRANSCRIPT:
        return read_timed_words(path, language)
    if samples is None:
        raise AqgtError("A transcript needs sound to be aligned with.", "Give timed words.", "no-audio")
    return align(samples, read_text(path), language or "en")
