# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects the label combinations of a composed corpus for the planner's rules/forms.json."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aqgt.annotations import HANDS
from aqgt.planner.forms import HAND_FAMILIES
from aqgt_training.corpora.clip_lmdb import ClipRecord
from aqgt_training.corpora.form_names import form_name

_SWAP = {"left": "right", "right": "left"}
_Hands = tuple[tuple[str, tuple[str, ...]], ...]


def collect_forms(clips: Iterable[ClipRecord], *, most_per_kind_and_side: int = 80) -> dict[str, Any]:
    """The table that the planner reads: each gesture and its mirror image, the commonest.

    A combination's ``forms`` count the gesture forms it was measured on; where the left and the right hand's
    differ, both are named, in this order.
    """
    counts: Counter[tuple[str, str, _Hands]] = Counter()
    names: dict[tuple[str, str, _Hands], Counter[str]] = defaultdict(Counter)
    for clip in clips:
        for gesture in clip.meta.get("gestures", ()):
            hands = {side: tuple(labels) for side, labels in gesture["hands"].items()}
            if set(hands) != ({"left", "right"} if gesture["side"] == "both" else {gesture["side"]}):
                continue  # cut by the clip's end
            own = gesture["kind"], gesture["side"], tuple(sorted(hands.items()))
            mirrored = _mirrored(gesture["kind"], gesture["side"], hands)
            forms = [form_name(gesture["clip"], hand) for hand in HANDS if hand in hands]
            for key, of_hands in ((own, forms), (mirrored, forms[::-1])):
                counts[key] += 1
                names[key][" ".join(dict.fromkeys(of_hands))] += 1
    rows: list[dict[str, Any]] = []
    kept: Counter[tuple[str, str]] = Counter()
    for (kind, side, hands_), count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if kept[kind, side] < most_per_kind_and_side:
            kept[kind, side] += 1
            rows.append(
                {
                    "kind": kind,
                    "side": side,
                    "weight": count,
                    "forms": dict(sorted(names[kind, side, hands_].items(), key=lambda n: (-n[1], n[0]))),
                    "hands": {s: list(h) for s, h in hands_},
                }
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
