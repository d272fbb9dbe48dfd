# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotation spans in whatever file holds them, told apart by its ending: JSON, ELAN, TextGrid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aqgt.annotations import LONGEST_OPEN_SPAN, Span
from aqgt.errors import AqgtError
from aqgt.formats.elan import read_elan, write_elan
from aqgt.formats.files import PathLike
from aqgt.formats.span_tiers import spans_to_tiers, tiers_to_spans
from aqgt.formats.spans_json import read_spans, write_spans
from aqgt.formats.textgrid import read_textgrid, write_textgrid

SUFFIXES = (".json", ".eaf", ".textgrid")


def read_span_file(path: PathLike) -> tuple[list[Span], list[str]]:
    """The spans of a file, and a sentence for each thing in it that was left out.

    Raises:
        AqgtError: the file is missing or of another kind, or holds no annotation.
    """
    notes: list[str] = []
    match Path(path).suffix.lower():
        case ".json":
            spans = read_spans(path)
        case ".eaf":
            spans, notes = tiers_to_spans(read_elan(path))
        case ".textgrid":
            spans, notes = tiers_to_spans(read_textgrid(path))
        case _:
            raise _unknown(path)
    if not spans:
        raise AqgtError(
            f"“{path}” holds no annotation.",
            "Name its tiers like the channels, such as “Gesture type, right hand”."
            if Path(path).suffix.lower() != ".json"
            else "Check that it is the right file.",
            "bad-spans",
        )
    return spans, notes


def write_span_file(
    path: PathLike, spans: Sequence[Span], duration: float | None = None, media: str | None = None
) -> None:
    """Write spans to a file that `read_span_file` gives back.

    Args:
        path: ends in one of `SUFFIXES`.
        duration: length of the clip in seconds; None: the last end.
        media: address of the sound for ELAN, e.g. ``file:///…/voice.wav``.

    Raises:
        AqgtError: the ending is another one, or the file can't be written.
    """
    match Path(path).suffix.lower():
        case ".json":
            write_spans(path, spans)
        case ".eaf":
            write_elan(path, spans_to_tiers(spans, duration), media)
        case ".textgrid":
            ends = (span.end or span.start + LONGEST_OPEN_SPAN for span in spans)
            whole = max(duration or 0.0, *ends, 0.01)
            write_textgrid(path, spans_to_tiers(spans, duration), whole)
        case _:
            raise _unknown(path)


def _unknown(path: PathLike) -> AqgtError:
    return AqgtError(
        f"“{path}” is no file of annotations.", f"Give one that ends in {', '.join(SUFFIXES)}.", "bad-spans"
    )
