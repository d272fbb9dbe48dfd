# SPDX-License-Identifier: GPL-3.0-or-later
"""What commands are given: audio, transcript or words, annotations, with the words of the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError
from aqgt.studio.inputs import (
    align_transcript,
    duration,
    parse_annotations,
    read_annotations,
    read_sound,
    read_transcript,
    read_word_list,
    require_file,
)
from aqgt.words import Word

__all__ = [
    "NO_TRANSCRIPT",
    "parse_annotations",
    "read_annotations",
    "read_sound",
    "read_transcript",
    "require_file",
    "words_of",
]

NO_TRANSCRIPT = (
    "No transcript was given, so the gestures follow the sound alone; add --text FILE for better ones."
)


def words_of(
    audio: NDArray[np.float32], text: Path | None, words: Path | None, language: str
) -> tuple[Word, ...]:
    """The timed words: read, or aligned from a transcript; none where neither is given.

    Raises:
        AqgtError: both are given, one cannot be read, or the transcript does not fit the audio.
    """
    if text is not None and words is not None:
        raise AqgtError("Both --text and --words are given.", "Give one of them.", "bad-usage")
    if words is not None:
        return read_word_list(words, duration(audio), language)
    if text is not None:
        from aqgt.cli.progress import stages

        transcript = read_transcript(text)
        with stages("Aligning the transcript") as advance:
            return align_transcript(audio, transcript, language, advance)
    return ()
