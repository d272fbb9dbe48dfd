# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotations of SaGA's ELAN files as the 17 channels.

A label holds in the frames whose time lies in its interval. What a gesture is about comes from the speaker's
words near it, by word lists (data/saga_words.toml).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt.annotation_channels import CHANNEL_BY_KEY, N_CHANNELS, NOTHING
from aqgt.annotation_track import AnnotationTrack
from aqgt.errors import AqgtError
from aqgt.formats.elan import read_elan
from aqgt.formats.files import read_text
from aqgt.formats.intervals import Interval, words_in
from aqgt.words import Word
from aqgt_training.corpora.published.annotations import value_of, with_occurrence

_DATA = Path(__file__).parent / "data"
_ENTITY_REACH, _POSITION_REACH = 0.5, 1.0
"""Seconds about an interval in which the words that it is about may lie."""
_SIDES = {"left": "Left", "right": "Right"}
_SPEECH_LINE = "RS"

Tiers = Mapping[str, Sequence[Interval]]


@dataclass(frozen=True)
class SagaAnnotations:
    """What an ELAN file of SaGA says.

    Attributes:
        intervals: channel → labelled intervals in the order of the file; labels are the corpus'.
        words: the route giver's words.
        missing: tiers that the file does not have.
        unknown: labels without a number, and how often they occur.
    """

    intervals: Mapping[str, Sequence[Interval]]
    words: Sequence[Word]
    missing: Sequence[str]
    unknown: Mapping[str, int]

    def track(self, n_frames: int, fps: float) -> AnnotationTrack:
        """The 17 channels of a recording that begins with the file; 0 where nothing is annotated."""
        matrix = np.full((N_CHANNELS, n_frames), NOTHING, dtype=np.float32)
        times = _frame_times(n_frames, fps)
        for channel, intervals in self.intervals.items():
            row = matrix[CHANNEL_BY_KEY[channel].index]
            # Of intervals that overlap, the first in the file counts, so it is written last.
            for interval in reversed(intervals):
                row[(times >= interval.start) & (times <= interval.end)] = value_of(channel, interval.text)
        return AnnotationTrack(with_occurrence(matrix), fps)


def read_saga(path: Path, language: str = "de", translation: Path | None = None) -> SagaAnnotations:
    """The annotations of an .eaf file.

    Args:
        language: of the words that are returned, and of those that entities and positions are told by.
        translation: file of translated speech (``RS;start ms;end ms;text`` lines), whose words are taken
            instead of the file's.

    Raises:
        AqgtError: no ELAN file, none of SaGA's tiers in it, or a language without word lists.
    """
    tiers = {_canonical(name): intervals for name, intervals in read_elan(path).items()}
    table = _table("saga_tiers.toml")
    names = {
        f"{family}_{side}": [pattern.format(side=title)]
        for family, pattern in table["channels"].items()
        for side, title in _SIDES.items()
    }
    found = {channel: _filled(_tier(tiers, spellings)) for channel, spellings in names.items()}
    missing = [spellings[0] for channel, spellings in names.items() if _tier(tiers, spellings) is None]
    if len(missing) == len(names):
        raise AqgtError(
            f"“{path}” has none of the tiers of SaGA.",
            f"It needs tiers such as {names['phase_left'][0]}.",
            "no-tier",
        )
    if translation is None:
        words = _words(_filled(_tier(tiers, table["words"])), language)
    else:
        words = read_translation(translation, language)
    speech = _filled(_tier(tiers, table["speech"]))
    found["entity"] = _about(speech, words, _ENTITY_REACH, "entity", language)
    found["position_speech"] = _about(speech, words, _POSITION_REACH, "position", language)
    for side in _SIDES:
        semantic = _filled(_tier(tiers, table[side]))
        found[f"position_{side}"] = _about(semantic, words, _POSITION_REACH, "position", language)
    return SagaAnnotations(found, words, missing, _unknown(found))


def read_translation(path: Path, language: str) -> list[Word]:
    """Words of translated speech; the words of a line share its time by their letters.

    Raises:
        AqgtError: a line is not ``speaker;start;end;text``.
    """
    words: list[Word] = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        parts = line.split(";", 3)
        if not line.strip() or parts[0].strip() != _SPEECH_LINE:
            continue
        try:
            start, end = float(parts[1]) / 1000, float(parts[2]) / 1000
            words += words_in(parts[3], start, end, language)
        except (IndexError, ValueError) as error:
            raise AqgtError(
                f"Line {number} of “{path}” is no line of speech.",
                "Write RS;start ms;end ms;text.",
                "bad-words",
            ) from error
    return words


def entity_of(words: Sequence[str], language: str = "de") -> str | None:
    """The entity that the first word in any list names."""
    lists = _lists("entity", language)
    for word in words:
        for entity, known in lists.items():
            if word.casefold() in known:
                return entity
    return None


def position_of(words: Sequence[str], language: str = "de") -> str | None:
    """The first position of the list of which any word is there."""
    spoken = {word.casefold() for word in words}
    return next((name for name, known in _lists("position", language).items() if spoken & known), None)


def _about(
    intervals: Sequence[Interval], words: Sequence[Word], reach: float, kind: str, language: str
) -> list[Interval]:
    """Each interval with the entity or position that the words near it name; others are left out."""
    naming = entity_of if kind == "entity" else position_of
    found = []
    for interval in intervals:
        near = [w.text for w in words if w.start >= interval.start - reach and w.end <= interval.end + reach]
        label = naming(near, language)
        if label is not None:
            found.append(Interval(label, interval.start, interval.end))
    return found


def _unknown(intervals: Mapping[str, Sequence[Interval]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for channel, labelled in intervals.items():
        for interval in labelled:
            if value_of(channel, interval.text) == NOTHING:
                name = f"{channel}: {interval.text}"
                counts[name] = counts.get(name, 0) + 1
    return counts


def _frame_times(n_frames: int, fps: float) -> NDArray[np.float64]:
    """When frames are, in whole milliseconds as the corpus counts."""
    return np.floor(np.arange(n_frames) * 1000 / fps + 1e-6) / 1000


def _words(intervals: Sequence[Interval], language: str) -> list[Word]:
    return [
        word
        for interval in intervals
        for word in words_in(interval.text, interval.start, interval.end, language)
    ]


def _tier(tiers: Tiers, spellings: Sequence[str]) -> Sequence[Interval] | None:
    return next((tiers[_canonical(name)] for name in spellings if _canonical(name) in tiers), None)


def _filled(intervals: Sequence[Interval] | None) -> list[Interval]:
    return [interval for interval in intervals or () if interval.text.strip()]


def _canonical(name: str) -> str:
    return " ".join(name.split()).casefold()


@lru_cache(maxsize=8)
def _lists(kind: str, language: str) -> dict[str, frozenset[str]]:
    lists = _table("saga_words.toml")[kind]
    if language not in lists:
        raise AqgtError(
            f"There are no word lists for the language “{language}”.",
            f"Use {', '.join(lists)}.",
            "bad-language",
        )
    return {name: frozenset(word.casefold() for word in words) for name, words in lists[language].items()}


@lru_cache(maxsize=2)
def _table(name: str) -> dict[str, Any]:
    with (_DATA / name).open("rb") as file:
        return tomllib.load(file)
