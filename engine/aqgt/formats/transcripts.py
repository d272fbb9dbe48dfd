# SPDX-License-Identifier: GPL-3.0-or-later
"""Timed words from whatever file holds them, told apart by its ending."""

from __future__ import annotations

from pathlib import Path

from aqgt.errors import AqgtError
from aqgt.formats.files import PathLike
from aqgt.words import Word

SUFFIXES = (".json", ".srt", ".vtt", ".textgrid", ".eaf")


def read_timed_words(path: PathLike, language: str | None = None, tier: str | None = None) -> list[Word]:
    """The timed words of a file: our JSON, WhisperX's, Gentle's; SubRip, WebVTT; Praat TextGrid; ELAN.

    Args:
        language: BCP-47 code of the words; None: what the file says, else English.
        tier: which tier of a TextGrid or ELAN file holds the words; None: the one whose name says so.

    Raises:
        AqgtError: the file is missing or of another kind, or holds no word.
    """
    # Each reader is loaded with the first file of its kind: Blender asks for the endings when it starts.
    match Path(path).suffix.lower():
        case ".json":
            from aqgt.formats.words_json import read_words

            words = read_words(path, language)
        case ".srt" | ".vtt":
            from aqgt.formats.subtitles import read_subtitles

            words = read_subtitles(path, language or "en")
        case ".textgrid":
            from aqgt.formats.textgrid import read_textgrid_words

            words = read_textgrid_words(path, language or "en", tier)
        case ".eaf":
            from aqgt.formats.elan import read_elan_words

            words = read_elan_words(path, language or "en", tier)
        case _:
            raise AqgtError(
                f"“{path}” is no file of timed words.",
                f"Give one that ends in {', '.join(SUFFIXES)}; plain text has to be aligned first.",
                "bad-words",
            )
    if not words:
        raise AqgtError(f"“{path}” holds no word.", "Check that it is the right file.", "bad-words")
    return words
