# SPDX-License-Identifier: GPL-3.0-or-later
"""Combinations of labels that were measured together on recorded gestures, and how to draw one that fits.

`rules/forms.json` holds one row per recorded gesture (and its mirror image): kind, side, the labels of each
active hand. Drawing whole rows keeps hand shape, position, wrist distance and extent plausible together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from aqgt.planner.rules import kinds

HAND_FAMILIES = ("phrase", "position", "shape", "wrist", "extent", "practice")
"""Families that a form fills for each active hand; phases come from the times."""
EXTENTS = ("small", "medium", "large")
_FILE = Path(__file__).parent / "rules" / "forms.json"


@dataclass(frozen=True)
class Form:
    """One measured combination.

    Attributes:
        kind: kind of gesture.
        side: active hands, ``"left"``, ``"right"`` or ``"both"``.
        hands: side → family → label, for the active hands.
        weight: how often it occurs.
    """

    kind: str
    side: str
    hands: Mapping[str, Mapping[str, str]]
    weight: float = 1.0

    @property
    def extent(self) -> str:
        """The larger extent of the active hands."""
        return max((hand["extent"] for hand in self.hands.values()), key=_extent_rank)

    def labels(self) -> dict[str, str]:
        """Flat labels with a side in each key (``"shape_left"``)."""
        return {
            f"{family}_{side}": label for side, hand in self.hands.items() for family, label in hand.items()
        }


@lru_cache(maxsize=1)
def forms() -> tuple[Form, ...]:
    """All measured combinations."""
    table = json.loads(_FILE.read_text(encoding="utf-8"))
    families = table["families"]
    return tuple(
        Form(
            row["kind"],
            row["side"],
            {side: dict(zip(families, labels, strict=True)) for side, labels in row["hands"].items()},
            float(row.get("weight", 1.0)),
        )
        for row in table["forms"]
    )


def sides_of(kind: str) -> frozenset[str]:
    """The sides on which a kind, or one like it, was recorded."""
    return frozenset(form.side for form in forms() if form.kind in _family(kind))


def draw(kind: str, side: str, extent: str | None, random: np.random.Generator) -> Form:
    """A form of the kind and side, near the extent; kinds like it, then any kind, stand in."""
    pool = _pool(kind, side)
    weights = np.array([form.weight * (1.0 if form.kind == kind else 0.3) for form in pool])
    if extent is not None:
        away = np.array([abs(_extent_rank(form.extent) - _extent_rank(extent)) for form in pool])
        weights = weights * np.array([1.0, 0.08, 0.004, 0.0004])[np.minimum(away, 3)]
    return pool[int(random.choice(len(pool), p=weights / weights.sum()))]


def nearest(named: Mapping[str, str], side: str, kind: str | None, random: np.random.Generator) -> Form:
    """A form that agrees with as many named labels as possible (keys: family, or family with side).

    ``kind`` decides between forms that agree equally well; chance decides the rest.
    """
    pool = [form for form in forms() if form.side == side] or list(forms())
    family = _family(kind) if kind else frozenset()
    scores = np.array([_agreement(form, named) + (0.5 if form.kind in family else 0.0) for form in pool])
    best = [form for form, score in zip(pool, scores, strict=True) if score >= scores.max() - 1e-9]
    weights = np.array([form.weight for form in best])
    return best[int(random.choice(len(best), p=weights / weights.sum()))]


_IMPORTANCE = {"phrase": 4.0, "extent": 3.0, "practice": 2.0, "position": 2.0, "shape": 1.5, "wrist": 1.0}


def _agreement(form: Form, named: Mapping[str, str]) -> float:
    score = 0.0
    for side, hand in form.hands.items():
        for family, label in hand.items():
            wanted = named.get(f"{family}_{side}", named.get(family))
            if wanted is None:
                continue
            if wanted == label:
                score += _IMPORTANCE[family] / len(form.hands)
            elif family == "extent":
                score -= 0.5 * abs(_extent_rank(wanted) - _extent_rank(label)) / len(form.hands)
    return score


def _pool(kind: str, side: str) -> list[Form]:
    family = _family(kind)
    for wanted in (
        [form for form in forms() if form.side == side and form.kind in family],
        [form for form in forms() if form.side == side],
    ):
        if wanted:
            return wanted
    return list(forms())


@lru_cache(maxsize=64)
def _family(kind: str) -> frozenset[str]:
    known = kinds().get(kind)
    return frozenset((kind, *(known.like if known else ())))


def _extent_rank(extent: str) -> int:
    return EXTENTS.index(extent) + 1 if extent in EXTENTS else 0
