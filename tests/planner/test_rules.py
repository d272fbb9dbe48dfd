# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules as data: they load, name known labels, and say what is wrong when they do not."""

from __future__ import annotations

import pytest

from aqgt.annotations import FAMILIES
from aqgt.errors import AqgtError
from aqgt.planner.forms import HAND_FAMILIES, forms
from aqgt.planner.rules import kinds, load_rules, parse_rules, token


@pytest.mark.parametrize("language", ["en", "de", "en-GB"])
def test_rules_load(language: str) -> None:
    rules = load_rules(language)
    assert len(rules.invitations) > 50
    assert {rule.kind for rule in rules.invitations} <= set(kinds())
    assert all(0 < rule.weight <= 1 for rule in rules.invitations)


def test_a_language_without_rules_has_none() -> None:
    assert load_rules("fi").invitations == ()
    assert load_rules("../en").invitations == ()


def test_every_kind_was_recorded_and_every_label_is_known() -> None:
    assert {form.kind for form in forms()} == set(kinds())
    for form in forms():
        assert set(form.hands) == ({"left", "right"} if form.side == "both" else {form.side})
        for hand in form.hands.values():
            assert set(hand) == set(HAND_FAMILIES)
            assert all(hand[f] in {label.name for label in FAMILIES[f]} for f in HAND_FAMILIES)


def test_forms_treat_left_and_right_alike() -> None:
    left = sum(form.weight for form in forms() if form.side == "left")
    right = sum(form.weight for form in forms() if form.side == "right")
    assert left == pytest.approx(right, rel=0.02)


def test_the_longest_match_wins() -> None:
    rules = load_rules("en")
    found = rules.invitation(["on", "the", "other", "hand", "it"])
    assert found is not None
    assert found.kind == "contrast"
    assert rules.invitation(["table"]) is None


def test_tokens_are_compared_without_case_and_punctuation() -> None:
    assert token("“Don’t!”") == "don't"
    assert token("Straße,") == "strasse"


@pytest.mark.parametrize(
    "table",
    [
        {"rule": [{"gesture": "wave", "words": ["x"]}]},
        {"rule": [{"gesture": "me"}]},
        {"entity": {"car": "x"}},
    ],
)
def test_wrong_rules_are_named(table: dict) -> None:
    with pytest.raises(AqgtError):
        parse_rules(table)
