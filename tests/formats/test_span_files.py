# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotations as JSON, ELAN tiers and TextGrid tiers: what steers the network survives the trip."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aqgt.annotations import FAMILIES, SIDED_FAMILIES, Span, spans_to_track
from aqgt.errors import AqgtError
from aqgt.formats.intervals import Interval
from aqgt.formats.span_files import read_span_file, write_span_file
from aqgt.formats.span_tiers import spans_to_tiers, tiers_to_spans

DURATION = 12.0


@st.composite
def spans_lists(draw):
    starts = draw(st.lists(st.integers(0, 1000), max_size=6, unique=True))
    return [_span(draw, start / 100) for start in starts]


def _span(draw, start):
    side = draw(st.sampled_from(["left", "right", "both"]))
    length = draw(st.none() | st.integers(2, 250))
    end = None if length is None else round(start + length / 100, 2)
    flags = {"source": draw(st.sampled_from(["user", "planner"])), "locked": draw(st.booleans())}
    if draw(st.integers(0, 5)) == 0:
        return Span(start, end, side, rest=True, **flags)
    labels = {}
    for family in draw(st.lists(st.sampled_from(SIDED_FAMILIES), unique=True)):
        hand = draw(st.sampled_from(["", *(["left", "right"] if side == "both" else [side])]))
        label = draw(st.sampled_from(["nothing", "unknown", *(one.name for one in FAMILIES[family])]))
        labels[f"{family}_{hand}" if hand else family] = label
    if draw(st.booleans()):
        labels["entity"] = draw(st.sampled_from(["tower", "nothing"]))
    return Span(start, end, side, labels, **flags)


@settings(max_examples=60, deadline=None)
@given(spans_lists(), st.booleans())
def test_tiers_steer_the_network_as_the_spans_did(spans, unknown_outside):
    back, notes = tiers_to_spans(spans_to_tiers(spans, DURATION))
    assert notes == []
    before, after = (
        spans_to_track(some, 180, 15, unknown_outside=unknown_outside).values for some in (spans, back)
    )
    np.testing.assert_array_equal(after, before)


@settings(max_examples=60, deadline=None)
@given(spans_lists())
def test_a_second_trip_changes_nothing(spans):
    once, _ = tiers_to_spans(spans_to_tiers(spans, DURATION))
    assert tiers_to_spans(spans_to_tiers(once, DURATION)) == (once, [])


@pytest.mark.parametrize("name", ["a.json", "a.eaf", "a.TextGrid"])
@settings(max_examples=25, deadline=None)
@given(spans=spans_lists().filter(bool))
def test_what_is_written_is_read(tmp_path_factory, name, spans):
    path = tmp_path_factory.getbasetemp() / name
    spans, _ = tiers_to_spans(spans_to_tiers(spans, DURATION))
    write_span_file(path, spans, DURATION)
    assert read_span_file(path) == (spans, [])
    first = path.read_bytes()
    write_span_file(path, read_span_file(path)[0], DURATION)
    assert path.read_bytes() == first


def test_json_keeps_open_ends_and_overlaps(tmp_path):
    spans = [Span(0.5), Span(0.123456, 7.0, "left", {"phrase": "beat"}, locked=True), Span(1.0, rest=True)]
    write_span_file(tmp_path / "a.json", spans)
    assert read_span_file(tmp_path / "a.json") == (spans, [])


def test_every_channel_has_a_tier_by_its_name():
    span = Span(1.0, 2.0, "right", {"phrase": "iconic", "entity": "tower"})
    tiers = spans_to_tiers([span])
    assert len(tiers) == 18
    assert tiers["Gesture type, right hand"] == [Interval("iconic", 1.0, 2.0)]
    assert tiers["Entity"] == [Interval("tower", 1.0, 2.0)]
    assert tiers["Gesture, right hand"] == [Interval("gesture", 1.0, 2.0)]
    assert tiers["Gesture type, left hand"] == []


def test_tiers_of_somebody_else_are_read_in_german_and_without_a_tier_of_gestures():
    tiers = {
        "Wörter": [Interval("der Turm", 0.9, 1.8)],
        "Gestentyp, rechte Hand": [Interval("ikonisch", 1.0, 2.0)],
        "Handform rechts": [Interval("flach", 1.05, 1.98)],
        "extent_right": [Interval("groß", 1.0, 2.0)],
        "Gegenstand": [Interval("Turm", 1.1, 1.8)],
    }
    spans, notes = tiers_to_spans(tiers)
    assert spans == [
        Span(1.0, 2.0, "right", {"phrase": "iconic", "shape": "B", "extent": "large", "entity": "tower"})
    ]
    assert notes == []


def test_what_does_not_fit_is_said():
    tiers = {
        "Gesture type, left hand": [Interval("icnic", 1.0, 2.0), Interval("beat", 3.0, 4.0)],
        "Phase, left hand": [Interval("prep", 3.0, 3.3)],
        "Entity": [Interval("tower", 8.0, 9.0)],
        "Hand shape, left": [Interval("B", 3.0, 3.9), Interval("C", 3.1, 4.0)],
    }
    spans, notes = tiers_to_spans(tiers)
    assert spans == [Span(3.0, 4.0, "left", {"phrase": "beat", "shape": "B"})]
    assert [note.split("“")[1].split("”")[0] for note in notes] == ["icnic", "C", "prep", "tower"]


@pytest.mark.parametrize(
    ("name", "content", "step"),
    [
        ("a.txt", "", ".json, .eaf, .textgrid"),
        ("a.json", "[]", "right file"),
        ("a.eaf", "<ANNOTATION_DOCUMENT/>", "Gesture type, right hand"),
    ],
)
def test_a_file_without_annotations_says_what_to_do(tmp_path, name, content, step):
    (tmp_path / name).write_text(content)
    with pytest.raises(AqgtError) as caught:
        read_span_file(tmp_path / name)
    assert step in caught.value.next_step
