# SPDX-License-Identifier: GPL-3.0-or-later
"""Timed words from subtitles: SubRip (.srt) and WebVTT (.vtt), YouTube's word times included."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from aqgt.errors import AqgtError
from aqgt.formats.files import PathLike, read_text
from aqgt.formats.intervals import words_in
from aqgt.words import Word

_TIME = r"(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{1,3})"
_CUE = re.compile(rf"^\s*{_TIME}\s*-->\s*{_TIME}")
_MARK = re.compile(rf"<{_TIME}>")
_TAG = re.compile(r"<[^>]*>|\{\\[^}]*\}")
_ASIDE = re.compile(r"\[[^\]]*\]|\([^)]*\)|[♪♫]")


@dataclass(frozen=True)
class Cue:
    """One subtitle: its lines as written, over start–end seconds."""

    start: float
    end: float
    lines: tuple[str, ...]


def read_subtitles(path: PathLike, language: str = "en") -> list[Word]:
    """The words of an .srt or .vtt file.

    YouTube's automatic subtitles hold the time of each word. Other cues give theirs to their words by the
    letters, marked estimated. Tags, notes in brackets and speaker names of WebVTT are left out.

    Raises:
        AqgtError: the file is missing, or holds no subtitle.
    """
    cues = parse_cues(read_text(path))
    if not cues:
        raise AqgtError(
            f"“{path}” holds no subtitle.", "Give an .srt or .vtt file with times and text.", "bad-subtitles"
        )
    return words_from_cues(cues, language)


def parse_cues(text: str) -> list[Cue]:
    """The cues of a SubRip or WebVTT text, in the order of the file; what is no cue is passed over."""
    cues: list[Cue] = []
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    index = 0
    while index < len(lines):
        found = _CUE.match(lines[index])
        index += 1
        if found is None:
            continue
        body = []
        # YouTube writes a lone space where a line of its two is empty; only a bare line ends the cue.
        while index < len(lines) and lines[index] != "" and not _CUE.match(lines[index]):
            body.append(lines[index])
            index += 1
        start, end = _seconds(found.groups()[:4]), _seconds(found.groups()[4:])
        if end >= start:
            cues.append(Cue(start, end, tuple(body)))
    return cues


def words_from_cues(cues: list[Cue], language: str = "en") -> list[Word]:
    """The words of cues: by their own times where one cue holds any, else spread over each cue."""
    if any("</c>" in line for cue in cues for line in cue.lines):
        return _marked_words(cues, language)
    words: list[Word] = []
    for cue in cues:
        if text := _plain(" ".join(cue.lines)):
            words += words_in(text, cue.start, cue.end, language)
    return words


def _marked_words(cues: list[Cue], language: str) -> list[Word]:
    """Words of YouTube's rolling subtitles: a line is said where its words carry times, then repeated."""
    words: list[Word] = []
    for cue in cues:
        lines = [line for line in cue.lines if line.strip()]
        marked = [line for line in lines if "<c" in line and _MARK.search(line)]
        if marked:
            for line in marked:
                words += _marked_line(line, cue, language)
        elif len(lines) == 1 and len(_plain(lines[0]).split()) == 1:
            words += words_in(_plain(lines[0]), cue.start, cue.end, language)
    return words


def _marked_line(line: str, cue: Cue, language: str) -> list[Word]:
    starts = [cue.start, *(_seconds(mark.groups()) for mark in _MARK.finditer(line))]
    texts = [_plain(part) for part in _MARK.sub("\0", line).split("\0")]
    words: list[Word] = []
    for text, start, end in zip(texts, starts, [*starts[1:], cue.end], strict=True):
        if text:
            words += words_in(text, start, max(start, end), language)
    return words


def _plain(line: str) -> str:
    """The spoken text of a line."""
    return " ".join(_ASIDE.sub(" ", html.unescape(_TAG.sub("", line))).split()).strip(" >")


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = (part or "0" for part in parts)
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(fraction) / 10 ** len(fraction)
