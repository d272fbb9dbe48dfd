# SPDX-License-Identifier: GPL-3.0-or-later
"""A study with people: which of two videos fits the speech? Pairs, answer sheet, key, and their score.

Both videos of a pair have the same sound; one shows the motion that belongs to it, the other a motion that
the same model or corpus made for other speech (the matched and mismatched stimuli of GENEA). Who can't tell
them apart chooses the matched one in half of the pairs.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt_training.evaluation.intervals import binomial_interval
from aqgt_training.evaluation.side_by_side import Panel, write_side_by_side

ANSWERS, KEY = "answers.csv", "key.json"
_COLUMNS = ("rater", "pair", "choice")
_CHOICES = {"a", "b", "equal"}


@dataclass(frozen=True)
class Stimulus:
    """A motion and the sound it belongs to; motions and sounds of a study are exchanged among its stimuli."""

    name: str
    motion: Motion
    audio: NDArray[np.float32]


@dataclass(frozen=True)
class StudyResult:
    """Score of a study.

    Attributes:
        answers: all of them; ``equal`` of them said that both fit alike.
        matched: share of the decided answers that chose the matched video; NaN without any.
        low, high: its 95 % interval (Wilson), answers taken as independent.
        raters, pairs: how many of each answered, or were answered.
        sides: share of decided answers that chose A, which should be near one half.
    """

    answers: int
    equal: int
    matched: float
    low: float
    high: float
    raters: int
    pairs: int
    sides: float


def write_pairs(
    stimuli: Sequence[Stimulus],
    folder: Path,
    *,
    seconds: float = 10.0,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> list[Path]:
    """Writes ``pair-01-A.mp4``, ``pair-01-B.mp4``, …, the answer sheet, and the key.

    Args:
        stimuli: at least two; those shorter than ``seconds`` make shorter videos.
        seconds: length of the videos; they begin at a place drawn by the seed.

    Raises:
        AqgtError: there are fewer than two stimuli.
    """
    if len(stimuli) < 2:
        raise AqgtError(
            f"{len(stimuli)} motion makes no mismatched pairs.", "Give at least two motions.", "too-few"
        )
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(stimuli))
    other = dict(zip(order.tolist(), np.roll(order, -1).tolist(), strict=True))
    key, videos = {}, []
    for number, index in enumerate(order.tolist()):
        pair = f"{number + 1:02d}"
        own, strange = stimuli[index], stimuli[other[index]]
        matched = "AB"[int(rng.integers(2))]
        length = min(seconds, own.motion.duration, strange.motion.duration)
        begins = [float(rng.uniform(0, m.motion.duration - length)) for m in (own, strange)]
        sound = own.audio[round(begins[0] * 16_000) : round((begins[0] + length) * 16_000)]
        for letter in "AB":
            shown, begin = (own, begins[0]) if letter == matched else (strange, begins[1])
            path = folder / f"pair-{pair}-{letter}.mp4"
            write_side_by_side(path, [Panel("", shown.motion.slice(begin, begin + length))], sound)
            videos.append(path)
        key[pair] = {
            "matched": matched,
            "sound": own.name,
            "other": strange.name,
            "begin": begins[0],
            "other_begin": begins[1],
            "seconds": length,
        }
        if progress is not None:
            progress((number + 1) / len(stimuli))
    (folder / KEY).write_text(json.dumps(key, indent=1) + "\n", encoding="utf-8")
    with (folder / ANSWERS).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        writer.writerows(("", pair, "") for pair in key)
    return videos


def score_study(key: Path, sheets: Sequence[Path]) -> StudyResult:
    """Scores filled-in sheets; rows without a choice are left out.

    Raises:
        AqgtError: a file can't be read, names an unknown pair, or holds a choice other than A, B or equal.
    """
    try:
        matched = {
            pair: entry["matched"].lower() for pair, entry in json.loads(key.read_text("utf-8")).items()
        }
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise AqgtError(
            f"“{key}” is no key of a study.", f"Give the {KEY} of its folder.", "bad-file"
        ) from error
    hits, chose_a, equal = 0, 0, 0
    decided = 0
    raters, pairs = set(), set()
    for sheet in sheets:
        for line, (rater, pair, choice) in _rows(sheet):
            if pair not in matched or choice not in _CHOICES:
                raise AqgtError(
                    f"Line {line} of “{sheet}” says “{choice}” of the pair “{pair}”.",
                    f"Use A, B or equal, and the pairs 01 to {len(matched):02d}.",
                    "bad-answer",
                )
            raters.add((str(sheet), rater))
            pairs.add(pair)
            if choice == "equal":
                equal += 1
                continue
            decided += 1
            hits += choice == matched[pair]
            chose_a += choice == "a"
    low, high = binomial_interval(hits, decided)
    share = hits / decided if decided else float("nan")
    sides = chose_a / decided if decided else float("nan")
    return StudyResult(decided + equal, equal, share, low, high, len(raters), len(pairs), sides)


def _rows(sheet: Path) -> list[tuple[int, tuple[str, str, str]]]:
    try:
        with sheet.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if not set(_COLUMNS) <= set(reader.fieldnames or ()):
                raise ValueError("columns")
            rows = [
                (number, tuple((row[name] or "").strip() for name in _COLUMNS))
                for number, row in enumerate(reader, start=2)
            ]
    except (OSError, ValueError, csv.Error) as error:
        raise AqgtError(
            f"“{sheet}” is no answer sheet.", f"It needs the columns {', '.join(_COLUMNS)}.", "bad-file"
        ) from error
    # A spreadsheet turns 01 into 1.
    return [(n, (rater, pair.zfill(2), choice.lower())) for n, (rater, pair, choice) in rows if choice]
