# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects the label combinations of a composed corpus for the planner's rules/forms.json."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aqgt.planner.forms import HAND_FAMILIES
from aqgt_training.corpora.clip_lmdb import ClipRecord

_SWAP = {"left": "right", "right": "left"}
_Hands = tuple[tuple[str, tuple[str, ...]], ...]


def collect_forms(clips: Iterable[ClipRecord], *, most_per_kind_and_side: int = 24) -> dict[str, Any]:
    """The table that the planner reads: each gesture and its mirror image, the commonest."""
    counts: Counter[tuple[str, str, _Hands]] = Counter()
    for clip in clips:
        for gesture in clip.meta.get("gestures", ()):
            hands = {side: tuple(labels) for side, labels in gesture["hands"].items()}
            if set(hands) != ({"left", "right"} if gesture["side"] == "both" else {gesture["side"]}):
                continue  # cut by the clip's end
            counts[gesture["kind"], gesture["side"], tuple(sorted(hands.items()))] += 1
            counts[_mirrored(gesture["kind"], gesture["side"], hands)] += 1
    rows: list[dict[str, Any]] = []
    kept: Counter[tuple[str, str]] = Counter()
    for (kind, side, hands_), count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if kept[kind, side] < most_per_kind_and_side:
            kept[kind, side] += 1
            rows.append(
                {"kind": kind, "side": side, "weight": count, "hands": {s: list(h) for s, h in hands_}}
            )
    rows.sort(key=lambda row: (row["kind"], row["side"], -row["weight"]))
    return {"families": list(HAND_FAMILIES), "forms": rows}


def write_forms(table: dict[str, Any], path: str | Path) -> None:
    """The table as JSON, one combination per line."""
    rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in table["forms"])
    text = '{"families": ' + json.dumps(table["families"]) + ',\n"forms": [\n' + rows + "\n]}\n"
    Path(path).write_text(text, encoding="utf-8")


def _mirrored(kind: str, side: str, hands: dict[str, tuple[str, ...]]) -> tuple[str, str, _Hands]:
    position = HAND_FAMILIES.index("position")
    swapped = {
        _SWAP[hand]: tuple(_SWAP.get(v, v) if i == position else v for i, v in enumerate(labels))
        for hand, labels in hands.items()
    }
    return _SWAP.get(kind, kind), _SWAP.get(side, side), tuple(sorted(swapped.items()))
