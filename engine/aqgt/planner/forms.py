# SPDX-License-Identifier: GPL-3.0-or-later
"""Combinations of labels that were measured together on recorded gestures, and how to draw one that fits.

`rules/forms.json` holds one row per recorded gesture (and its mirror image): kind, side, the labels of each
active hand, and the gesture forms it was measured on. Drawing whole rows keeps hand shape, position, wrist
distance, extent and gesture form plausible together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aqgt.annotations import HANDS
from aqgt.gesture_forms import FORM
from aqgt.planner.rules import kinds

HAND_FAMILIES = ("phrase", "position", "shape", "wrist", "extent", "practice")
"""Families that a form fills for each active hand; phases come from the times."""
EXTENTS = ("small", "medium", "large")
Pair = tuple[str, str]
"""Gesture forms of the left and of the right hand."""
_NONE_USED: Mapping[Pair, int] = {}
_FILE = Path(__file__).parent / "rules" / "forms.json"


@dataclass(frozen=True)
class Form:
    """One measured combination.

    Attributes:
        kind: kind of gesture.
        side: active hands, ``"left"``, ``"right"`` or ``"both"``.
        hands: side → family → label, for the active hands.
        weight: how often it occurs.
        gesture_forms: (left hand's, right hand's) gesture form → how often it was measured on them; a hand
            that does nothing has the other's.
    """

    kind: str
    side: str
    hands: Mapping[str, Mapping[str, str]]
    weight: float = 1.0
    gesture_forms: Mapping[Pair, float] = field(default_factory=dict)

    @property
    def extent(self) -> str:
        """The larger extent of the active hands."""
        return max((hand["extent"] for hand in self.hands.values()), key=_extent_rank)

    def labels(self) -> dict[str, str]:
        """Flat labels with a side in each key (``"shape_left"``)."""
        return {
            f"{family}_{side}": label for side, hand in self.hands.items() for family, label in hand.items()
        }

    def freshness(self, used: Mapping[Pair, int]) -> float:
        """1 where none of its gesture forms was used before, down towards 0 the more often they were."""
        total = sum(self.gesture_forms.values())
        if not total:
            return 1.0
        return sum(count * _fresh(pair, used) for pair, count in self.gesture_forms.items()) / total

    def draw_gesture_form(
        self,
        random: np.random.Generator,
        named: Mapping[str, str] | None = None,
        used: Mapping[Pair, int] = _NONE_USED,
    ) -> dict[str, str]:
        """Hand → one of the gesture forms it was measured on, as often as it was.

        Args:
            random: decides.
            named: hand → gesture form; of the forms that agree with it one is drawn, where any does.
            used: how often pairs of gesture forms have been drawn before; those are drawn less.
        """
        pairs = list(self.gesture_forms)
        agreeing = [pair for pair in pairs if _shared(pair, named)] if named else []
        pairs = agreeing or pairs
        if not pairs:
            return {}
        weights = np.array([self.gesture_forms[pair] * _fresh(pair, used) for pair in pairs])
        left, right = pairs[int(random.choice(len(pairs), p=weights / weights.sum()))]
        return {"left": left, "right": right}


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
            {_pair(names): float(count) for names, count in row.get("forms", {}).items()},
        )
        for row in table["forms"]
    )


def form_labels(gesture_forms: Mapping[str, str], side: str) -> dict[str, str]:
    """Gesture forms by hand as labels of a span: one for both hands where they are alike."""
    hands = HANDS if side == "both" else (side,)
    names = {f"{FORM}_{hand}": gesture_forms[hand] for hand in hands if hand in gesture_forms}
    if len(names) == len(hands) and len(set(names.values())) == 1:
        return {FORM: next(iter(names.values()))}
    return names


def sides_of(kind: str) -> frozenset[str]:
    """The sides on which a kind, or one like it, was recorded."""
    return frozenset(form.side for form in forms() if form.kind in _family(kind))


def draw(
    kind: str,
    side: str,
    extent: str | None,
    random: np.random.Generator,
    used: Mapping[Pair, int] = _NONE_USED,
) -> Form:
    """A form of the kind and side, near the extent; kinds like it, then any kind, stand in.

    ``used`` counts the gesture forms that somebody has made before: who talks on comes to vary them.
    """
    pool, chances = _chances(kind, side, extent)
    if used:
        chances = chances * [form.freshness(used) for form in pool]
        chances = chances / chances.sum()
    return pool[int(random.choice(len(pool), p=chances))]


@lru_cache(maxsize=256)
def _chances(kind: str, side: str, extent: str | None) -> tuple[tuple[Form, ...], NDArray[np.float64]]:
    pool = tuple(_pool(kind, side))
    weights = np.array([form.weight * (1.0 if form.kind == kind else 0.3) for form in pool])
    if extent is not None:
        away = np.array([abs(_extent_rank(form.extent) - _extent_rank(extent)) for form in pool])
        weights = weights * np.array([1.0, 0.08, 0.004, 0.0004])[np.minimum(away, 3)]
    return pool, weights / weights.sum()


def nearest(
    named: Mapping[str, str],
    side: str,
    kind: str | None,
    random: np.random.Generator,
    gesture_forms: Mapping[str, str] | None = None,
) -> Form:
    """A form that agrees with as many named labels as possible (keys: family, or family with side).

    ``kind`` decides between forms that agree equally well; chance decides the rest. ``gesture_forms`` (hand →
    name) come before all labels: what was measured on them is taken, as far as this side has it.
    """
    pool = [form for form in forms() if form.side == side] or list(forms())
    if gesture_forms:
        shares = [_share(form, gesture_forms) for form in pool]
        pool = [form for form, share in zip(pool, shares, strict=True) if share >= max(shares) - 1e-9]
    family = _family(kind) if kind else frozenset()
    scores = np.array([_agreement(form, named) + (0.5 if form.kind in family else 0.0) for form in pool])
    best = [form for form, score in zip(pool, scores, strict=True) if score >= scores.max() - 1e-9]
    weights = np.array([form.weight for form in best])
    return best[int(random.choice(len(best), p=weights / weights.sum()))]


_IMPORTANCE = {"phrase": 4.0, "extent": 3.0, "practice": 2.0, "position": 2.0, "shape": 1.5, "wrist": 1.0}


def _fresh(pair: Pair, used: Mapping[Pair, int]) -> float:
    return 1.0 / (1.0 + used.get(pair, 0))


def _pair(names: str) -> Pair:
    hands = names.split(" ")
    return hands[0], hands[-1]


def _shared(pair: Pair, named: Mapping[str, str]) -> int:
    """How many of the named hands have their gesture form in a pair."""
    return sum(named.get(hand) == name for hand, name in zip(HANDS, pair, strict=True))


def _share(form: Form, named: Mapping[str, str]) -> int:
    return max((_shared(pair, named) for pair in form.gesture_forms), default=0)


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
