# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what a clip is made from: its sound, what is said and when, its annotations."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aqgt.annotations import Span
from aqgt.errors import AqgtError
from aqgt.protocol.messages import SAMPLE_RATE
from aqgt.words import Word

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
            f"The transcript “{path}” is empty.", "Write what is said, or leave it away.", "no-text"
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


def read_word_list(path: Path, seconds: float, language: str) -> tuple[Word, ...]:
    """The timed words of a file that belong to a recording of that length.

    Raises:
        AqgtError: the file can't be read, or its words begin after the recording has ended.
    """
    from aqgt.formats.transcripts import read_timed_words

    # A file may know its language; English is also what is said when nobody chose.
    known = None if language == "en" else language
    words = tuple(read_timed_words(require_file(path, "word list"), known))
    if words and words[-1].start > seconds:
        raise AqgtError(
            f"The words of “{path}” go on to {words[-1].end:.1f} s, the audio ends at {seconds:.1f} s.",
            "Give the word list that belongs to this audio.",
            "bad-words",
        )
    return words


def align_transcript(
    audio: NDArray[np.float32],
    transcript: str,
    language: str,
    progress: Callable[[float], None] | None = None,
) -> tuple[Word, ...]:
    """The timed words of a transcript; raises as `aqgt.speech.alignment.align` does."""
    from aqgt.speech.alignment import align

    return tuple(align(audio, transcript, language=language, progress=progress))


def duration(audio: NDArray[np.float32]) -> float:
    """Seconds of a sound at 16 kHz."""
    return len(audio) / SAMPLE_RATE


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
