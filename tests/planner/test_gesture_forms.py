# SPDX-License-Identifier: GPL-3.0-or-later
"""Planned gestures have forms that were recorded; a named form chooses what is not named."""

from __future__ import annotations

import hashlib
import json
from collections import Counter

import numpy as np

from aqgt.annotations import Span
from aqgt.gesture_forms import forms_of, gesture_forms
from aqgt.planner import complete, suggest
from aqgt.planner.forms import Pair, draw, forms
from aqgt.words import spread

WORDS = spread("this is a very large house over there and you know that we never stop", 0.3, 6.0)


def test_every_combination_was_measured_on_known_forms() -> None:
    names = set(gesture_forms())
    for form in forms():
        assert sum(form.gesture_forms.values()) == form.weight
        assert {name for pair in form.gesture_forms for name in pair} <= names


def test_every_planned_hand_has_a_form_that_its_labels_were_measured_on() -> None:
    for seed in range(4):
        for span in suggest(WORDS, None, seed=seed):
            named = forms_of(span)
            assert set(named) == set(span.sides)
            pair = tuple(named.get(hand, next(iter(named.values()))) for hand in ("left", "right"))
            own = {k: v for k, v in span.labels.items() if k.split("_")[0] in ("shape", "extent", "position")}
            assert any(
                pair in form.gesture_forms and own.items() <= form.labels().items() for form in forms()
            )


def test_plans_change_on_purpose_alone() -> None:
    found = []
    for seed in range(6):
        wished = [Span(1.0, 2.0, "right", {"extent": "large"}), Span(3.0, side="both")]
        for span in (*suggest(WORDS, None, seed=seed), *complete(wished, words=WORDS, seed=seed)):
            labels = sorted((k, v) for k, v in span.labels.items() if not k.startswith("form"))
            found.append([span.start, span.end, span.side, labels])
    digest = hashlib.sha256(json.dumps(found).encode()).hexdigest()
    assert digest == "c363e514c9a28dfc3983fd3f5d3e578672ded133b304f40386eafe96d69dc5c3"


def test_a_named_form_chooses_labels_that_were_measured_on_it() -> None:
    for name, side in (("shrug", "both"), ("chop", "left"), ("offer", "right"), ("frame", "both")):
        measured = [form for form in forms() if form.side == side and (name, name) in form.gesture_forms]
        (done,) = complete([Span(1.0, 2.0, side, {"form": name})], words=WORDS, seed=3)
        assert done.labels["form"] == name
        assert not [k for k in done.labels if k.startswith("form_")]
        labels = {k: v for k, v in done.labels.items() if k != "form" and k.split("_")[0] != "speech"}
        assert any(
            {k: v for k, v in labels.items() if k in form.labels()} == form.labels() for form in measured
        )


def test_named_labels_stand_beside_a_named_form() -> None:
    (done,) = complete([Span(1.0, 2.0, "right", {"form": "chop", "shape": "G"})], seed=1)
    assert done.labels["shape"] == "G"
    assert "shape_right" not in done.labels


def test_spans_without_a_form_get_others_from_other_seeds() -> None:
    span = Span(1.0, 2.0, "right", {"phrase": "deictic"})
    assert len({forms_of(complete([span], seed=seed)[0])["right"] for seed in range(12)}) > 2
    (unknown,) = complete([Span(1.0, 2.0, "right", {"form": "unknown"})])
    assert forms_of(unknown) == {"right": "unknown"}


def test_who_talks_on_repeats_himself_less() -> None:
    random = np.random.default_rng(0)
    used: Counter[Pair] = Counter()
    plain: Counter[tuple[str, ...]] = Counter()
    varied: Counter[tuple[str, ...]] = Counter()
    for _ in range(200):
        form = draw("inclusive", "both", None, random)
        plain[tuple(form.draw_gesture_form(random).values())] += 1
        made = draw("inclusive", "both", None, random, used).draw_gesture_form(random, used=used)
        used[made["left"], made["right"]] += 1
        varied[tuple(made.values())] += 1
    assert max(varied.values()) < 0.75 * max(plain.values())
    assert len(varied) >= len(plain)


def test_what_was_not_made_before_is_drawn_as_ever() -> None:
    """One gesture of another kind changes nothing."""
    used = Counter({("somebody-elses", "somebody-elses"): 9})
    for seed in range(10):
        first = draw("beat", "both", "large", np.random.default_rng(seed))
        assert draw("beat", "both", "large", np.random.default_rng(seed), used) == first
