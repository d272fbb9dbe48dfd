# SPDX-License-Identifier: GPL-3.0-or-later
"""Names gesture forms after recorded clips, and makes the list of them that the engine reads.

A form is what clips of one base name have in common: takes, performers, hands and mirror images share it.
Where a name has a direction, the form has it as its hand sees it: outward, away from the other hand, or
inward. So a clip that swings both hands to the left is outward for the left one, and inward for the right.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt.annotations import CHANNEL_BY_KEY, HANDS, NOTHING, UNKNOWN
from aqgt_training.corpora.clip_lmdb import ClipRecord
from aqgt_training.corpora.gesture_clips import GestureClip, bare_name, form_renames

MIRRORED = "~"
"""Ends the names of mirrored clips."""
_SIDE = re.compile(r"(?<=[a-z])(Lf|Rt|Bt|Both)$")
_DIRECTION = re.compile(r"(?<=[a-z])[_]?([Ll]eft|[Rr]ight)(?=[A-Z_]|$)")


@lru_cache(maxsize=8192)
def form_name(clip: str, hand: str) -> str:
    """The form of one hand (``"left"`` or ``"right"``) in the clip of that name, e.g. ``"no-outward"``."""
    mirrored = clip.endswith(MIRRORED)
    bare = bare_name(clip.removesuffix(MIRRORED))
    for pattern, replacement in form_renames():
        bare = re.sub(pattern, replacement, bare)
    bare = _SIDE.sub("", bare)
    recorded = HANDS[1 - HANDS.index(hand)] if mirrored else hand

    def seen_by_hand(found: re.Match[str]) -> str:
        return "Outward" if found[1].lower() == recorded else "Inward"

    bare = _DIRECTION.sub(seen_by_hand, bare)
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", bare)
    return "-".join(word.lower() for word in words)


def forms_of_clip(clip: GestureClip) -> dict[str, str]:
    """Hand → form, for the hands that move."""
    return {hand: form_name(clip.name, hand) for hand in HANDS if clip.side in (hand, "both")}


def collect_form_names(clips: Iterable[GestureClip], before: Mapping[str, int]) -> dict[str, Any]:
    """The table that `aqgt.gesture_forms` reads.

    Args:
        clips: mirror images included, so that each form is there for both hands.
        before: numbers that forms have already; they keep them.
    """
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    sides: dict[str, Counter[str]] = defaultdict(Counter)
    for clip in clips:
        for name in set(forms_of_clip(clip).values()):
            kinds[name][clip.kind] += 1
            sides[name][clip.side] += 1
    numbers, free = dict(before), max(before.values(), default=0) + 1
    rows = []
    for name in sorted(kinds):
        if name not in numbers:
            numbers[name], free = free, free + 1
        rows.append(
            {
                "number": numbers[name],
                "name": name,
                "title": name.replace("-", " ").title(),
                "kind": min(kinds[name], key=lambda kind: (-kinds[name][kind], kind)),
                "sides": sorted(sides[name], key=lambda side: (-sides[name][side], side)),
            }
        )
    return {"forms": rows}


def write_form_names(table: Mapping[str, Any], path: Path) -> None:
    """The table as JSON, one form per line."""
    rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in table["forms"])
    path.write_text('{"forms": [\n' + rows + "\n]}\n", encoding="utf-8")


def form_rows(clip: ClipRecord, annotations: NDArray, known: tuple[str, ...]) -> NDArray[np.float32]:
    """The forms of a composed clip, as a network reads them: `[2, T]`, see `aqgt.gesture_forms`.

    A hand's gesture lasts from its begin to the next one's, as long as the hand is annotated. Where nothing
    tells the form, as in clips that were not composed, it is unknown.

    Args:
        annotations: `[17, T]` the clip's matrix at its frame rate.
        known: the forms of the model.
    """
    number = {name: place + 1 for place, name in enumerate(known)}
    rows = np.full((len(HANDS), annotations.shape[1]), UNKNOWN, np.float32)
    gestures = sorted(clip.meta.get("gestures", ()), key=lambda gesture: gesture["begin"])
    for row, hand in zip(rows, HANDS, strict=True):
        phrase = annotations[CHANNEL_BY_KEY[f"phrase_{hand}"].index]
        for gesture in gestures:
            if gesture["side"] in (hand, "both"):
                # Begins are rounded to milliseconds; half a frame earlier is still the rest before.
                first = max(0, int(np.ceil(gesture["begin"] * clip.fps - 0.5)))
                row[first:] = number.get(form_name(gesture["clip"], hand), UNKNOWN)
        row[phrase < 0] = UNKNOWN
        row[phrase == NOTHING] = NOTHING
    return rows
