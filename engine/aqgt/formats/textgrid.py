# SPDX-License-Identifier: GPL-3.0-or-later
"""Praat TextGrids, long and short text form: interval tiers in, interval tiers out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aqgt.errors import AqgtError
from aqgt.formats.files import PathLike, read_bytes, write_text
from aqgt.formats.intervals import Interval, Tiers, tier_of_words, words_from_intervals
from aqgt.words import Word

# What counts in either form are quoted texts, free-standing numbers and flags; all else is decoration.
_TOKEN = re.compile(
    r'"((?:[^"]|"")*)"|<(exists|absent)>|(?<![\w\[])(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(?![\w\]])'
)
_COMMENT = re.compile(r'^((?:[^"!]|"(?:[^"]|"")*")*)!.*$', re.MULTILINE)


def read_textgrid(path: PathLike) -> dict[str, list[Interval]]:
    """The interval tiers of a TextGrid by name; point tiers and empty labels are left out.

    Raises:
        AqgtError: the file is missing, or no TextGrid.
    """
    tokens = _tokens(_decode(read_bytes(path)))
    try:
        return _tiers(tokens)
    except (StopIteration, RuntimeError, ValueError):
        raise AqgtError(
            f"“{path}” is no whole TextGrid.", "Save it from Praat as a text file.", "bad-textgrid"
        ) from None


def read_textgrid_words(path: PathLike, language: str = "en", tier: str | None = None) -> list[Word]:
    """The timed words of a TextGrid; see `intervals.tier_of_words` for which tier."""
    return words_from_intervals(tier_of_words(read_textgrid(path), tier, f"“{path}”"), language)


def write_textgrid(path: PathLike, tiers: Tiers, duration: float) -> None:
    """Writes interval tiers in the long text form; gaps become empty intervals, as Praat wants it.

    Raises:
        AqgtError: intervals of one tier overlap, or lie beyond ``duration``.
    """
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {duration!r}"]
    lines += ["tiers? <exists>", f"size = {len(tiers)}", "item []:"]
    for number, (name, intervals) in enumerate(tiers.items(), start=1):
        whole = list(_without_gaps(name, intervals, duration))
        lines += [
            f"    item [{number}]:",
            '        class = "IntervalTier"',
            f"        name = {_quoted(name)}",
        ]
        lines += [
            "        xmin = 0",
            f"        xmax = {duration!r}",
            f"        intervals: size = {len(whole)}",
        ]
        for index, each in enumerate(whole, start=1):
            lines += [f"        intervals [{index}]:", f"            xmin = {each.start!r}"]
            lines += [f"            xmax = {each.end!r}", f"            text = {_quoted(each.text)}"]
    write_text(path, "\n".join(lines) + "\n")


def _without_gaps(name: str, intervals: object, duration: float) -> Iterator[Interval]:
    at = 0.0
    for each in sorted(intervals, key=lambda one: one.start):  # type: ignore[call-overload]
        if each.end <= each.start:
            continue
        if each.start < at - 1e-9 or each.end > duration + 1e-9:
            raise AqgtError(
                f"“{each.text}” of the tier “{name}” overlaps what is before it, or the end.",
                "Put it on a tier of its own.",
                "overlap",
            )
        if each.start > at:
            yield Interval("", at, each.start)
        yield Interval(each.text, max(at, each.start), min(each.end, duration))
        at = min(each.end, duration)
    if at < duration:
        yield Interval("", at, duration)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _decode(data: bytes) -> str:
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")  # what Praat calls its own old form


def _tokens(text: str) -> Iterator[str | float | bool]:
    for found in _TOKEN.finditer(_COMMENT.sub(r"\1", text)):
        quoted, flag, number = found.groups()
        if quoted is not None:
            yield quoted.replace('""', '"')
        elif flag is not None:
            yield flag == "exists"
        else:
            yield float(number)


def _tiers(tokens: Iterator[str | float | bool]) -> dict[str, list[Interval]]:
    if (next(tokens), next(tokens)) != ("ooTextFile", "TextGrid"):
        raise ValueError("no TextGrid")
    _number(tokens), _number(tokens)
    tiers: dict[str, list[Interval]] = {}
    if next(tokens) is not True:
        return tiers
    for _ in range(int(_number(tokens))):
        kind, name = next(tokens), str(next(tokens))
        _number(tokens), _number(tokens)
        count = int(_number(tokens))
        if kind == "TextTier":
            for _ in range(count):
                _number(tokens), next(tokens)
            continue
        intervals = [Interval(str(text), a, b) for a, b, text in (_interval(tokens) for _ in range(count))]
        tiers[_free_name(name, tiers)] = [each for each in intervals if each.text.strip()]
    return tiers


def _interval(tokens: Iterator[str | float | bool]) -> tuple[float, float, str]:
    start, end, text = _number(tokens), _number(tokens), next(tokens)
    if not 0 <= start <= end or not isinstance(text, str):
        raise ValueError("an interval is out of order")
    return start, end, text


def _number(tokens: Iterator[str | float | bool]) -> float:
    value = next(tokens)
    if isinstance(value, bool | str):
        raise ValueError("a number is missing")
    return value


def _free_name(name: str, taken: dict[str, list[Interval]]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name} ({number})", number + 1
    return free
