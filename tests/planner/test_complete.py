# SPDX-License-Identifier: GPL-3.0-or-later
"""Completing spans: named labels stay, the rest becomes a combination that was measured together."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from aqgt.annotations import FAMILIES, Span
from aqgt.planner import complete
from aqgt.planner.forms import HAND_FAMILIES, forms
from aqgt.words import spread

LABELS = st.fixed_dictionaries(
    {},
    optional={
        family: st.sampled_from([label.name for label in FAMILIES[family]]) for family in HAND_FAMILIES
    },
)
SPANS = st.builds(
    lambda start, side, labels, locked: Span(start, start + 1, side, labels, locked=locked),
    st.floats(0, 60),
    st.sampled_from(["left", "right", "both"]),
    LABELS,
    st.booleans(),
)


@given(SPANS, st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_named_labels_and_times_stay_and_all_channels_get_one(span: Span, seed: int) -> None:
    (done,) = complete([span], seed=seed)
    assert (done.start, done.end, done.side, done.locked, done.source) == (
        span.start, span.end, span.side, span.locked, span.source,
    )  # fmt: skip
    assert all(done.labels[key] == label for key, label in span.labels.items())
    for family in HAND_FAMILIES:
        for side in span.sides:
            assert family in done.labels or f"{family}_{side}" in done.labels


@given(SPANS, SPANS)
@settings(max_examples=30, deadline=None)
def test_a_completion_does_not_depend_on_its_neighbours(first: Span, second: Span) -> None:
    assert complete([first, second])[1] == complete([second])[0]


def test_completion_follows_the_named_labels() -> None:
    for side in ("left", "right", "both"):
        for extent in ("small", "large"):
            span = Span(2.0, 3.0, side, {"phrase": "deictic", "extent": extent})
            (done,) = complete([span], seed=5)
            rows = [
                form
                for form in forms()
                if form.side == side
                and all(
                    hand["phrase"] == "deictic" and hand["extent"] == extent for hand in form.hands.values()
                )
            ]
            measured = [{k: v for k, v in form.labels().items() if k in done.labels} for form in rows]
            filled = {k: v for k, v in done.labels.items() if k not in span.labels}
            filled = {k: v for k, v in filled.items() if not k.startswith("form")}
            assert filled in measured


def test_the_spoken_word_decides_an_unnamed_type() -> None:
    words = spread("no never", 1.0, 2.0)
    (done,) = complete([Span(1.0, 2.0, "right")], words=words)
    assert done.labels["phrase_right"] == "discourse"


def test_rest_is_left_alone() -> None:
    rest = Span(1.0, 2.0, rest=True)
    assert complete([rest]) == [rest]
