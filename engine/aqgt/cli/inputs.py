# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what commands are given: audio, transcript or words, annotations."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aqgt.annotations import Span
from aqgt.errors import AqgtError
from aqgt.protocol.messages import SAMPLE_RATE
from aqgt.words import Word

NO_TRANSCRIPT = (
    "No transcript was given, so the gestures follow the sound alone; add --text FILE for better ones."
)

_MARKER_LINE = re.compile(r"(?P<time>\d+(?:\.\d+)?)\s*s?[\s,;:]+(?P<name>G\b.*)", re.IGNORECASE)


def require_file(path: Path, what: str) -> Path:
    """The path, if a file is there.

    Raises:
        AqgtError: it is not.
    """
    if not path.is_file():
        raise AqgtError(f"There is no {what} “{path}”.", "Check the path and its spelling.", "no-file")
    return path


def read_transcript(path: Path) -> str:
    """A transcript.

    Raises:
        AqgtError: no file, no UTF-8, or no word in it.
    """
    from aqgt.formats.files import read_text

    text = read_text(require_file(path, "transcript"))
    if not re.search(r"\w", text):
        raise AqgtError(
            f"The transcript “{path}” is empty.", "Write what is said, or leave --text away.", "no-text"
        )
    return text


def read_sound(path: Path) -> NDArray[np.float32]:
    """Mono audio `[N]` at 16 kHz that is neither empty nor silent.

    Raises:
        AqgtError: no file, no sound in it, or nothing to hear.
    """
    from aqgt.speech.audio import check_audio, read_audio

    audio = read_audio(require_file(path, "audio file"))
    check_audio(audio)
    return audio


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
        from aqgt.formats.transcripts import read_timed_words

        # A file may know its language; English is also what --language says when nobody chose.
        known = None if language == "en" else language
        timed = tuple(read_timed_words(require_file(words, "word list"), known))
        return _within(timed, len(audio) / SAMPLE_RATE, words)
    if text is not None:
        from aqgt.cli.progress import stages
        from aqgt.speech.alignment import align

        transcript = read_transcript(text)
        with stages("Aligning the transcript") as advance:
            return tuple(align(audio, transcript, language=language, progress=advance))
    return ()


def _within(words: tuple[Word, ...], duration: float, path: Path) -> tuple[Word, ...]:
    if words and words[-1].start > duration:
        raise AqgtError(
            f"The words of “{path}” go on to {words[-1].end:.1f} s, the audio ends at {duration:.1f} s.",
            "Give the word list that belongs to this audio.",
            "bad-words",
        )
    return words


def read_annotations(path: Path) -> tuple[Span, ...]:
    """Annotations from JSON spans or from lines `TIME G: …`.

    Raises:
        AqgtError: it is neither, or a line cannot be read; the message names the line.
    """
    from aqgt.formats.files import read_text

    require_file(path, "annotation file")
    if path.suffix.lower() == ".json":
        from aqgt.formats.spans_json import read_spans

        return tuple(read_spans(path))
    return parse_annotations(read_text(path), str(path))


def parse_annotations(text: str, origin: str) -> tuple[Span, ...]:
    """Spans from lines `TIME G: …`; empty lines and lines that begin with # are skipped."""
    from aqgt.markers import parse_marker

    spans: list[Span] = []
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        match = _MARKER_LINE.fullmatch(line)
        if match is None:
            raise AqgtError(
                f"Line {number} of “{origin}” is no annotation: “{line[:60]}”.",
                "Write lines like `3.2 G: iconic right large`, the time in seconds.",
                "bad-annotations",
            )
        try:
            spans.append(parse_marker(match["name"], limit=None).at(float(match["time"])))
        except AqgtError as error:
            raise AqgtError(
                f"Line {number} of “{origin}”: {error.sentence}", error.next_step, error.code
            ) from error
    return tuple(sorted(spans, key=lambda span: span.start))
