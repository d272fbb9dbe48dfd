# SPDX-License-Identifier: GPL-3.0-or-later
"""The annotation channels, and spans → matrix against examples written by hand."""

from __future__ import annotations

import json
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqgt import annotations
from aqgt.annotations import (
    CHANNEL_BY_KEY,
    CHANNELS,
    EMBEDDING_SIZES,
    FAMILIES,
    AnnotationTrack,
    Span,
    hand_gestures,
    smooth_occurrence,
    spans_to_track,
)
from aqgt.errors import AqgtError

DATA = Path(__file__).parents[1] / "data"
LABELS = json.loads((DATA / "annotation_labels.json").read_text(encoding="utf-8"))
EXAMPLES = json.loads((DATA / "annotation_tracks.json").read_text(encoding="utf-8"))["examples"]


def runs(row: np.ndarray) -> list[list[float]]:
    return [[float(value), len(list(group))] for value, group in groupby(row)]


@pytest.mark.parametrize("example", EXAMPLES, ids=[example["what"][:60] for example in EXAMPLES])
def test_spans_become_the_matrix_of_the_example(example):
    spans = [Span(**span) for span in example["spans"]]
    track = spans_to_track(
        spans, example["n_frames"], example["fps"], unknown_outside=example["unknown_outside"]
    )
    assert track.values.shape == (17, example["n_frames"])
    for channel in CHANNELS:
        expected = example["expected"].get(channel.key, [[-1, example["n_frames"]]])
        assert runs(track.values[channel.index]) == expected, channel.key


@pytest.mark.parametrize("key", sorted(LABELS["labels"]))
def test_labels_have_the_values_of_the_corpus(key):
    channel = CHANNEL_BY_KEY[key]
    for name, value in LABELS["labels"][key].items():
        if value:
            assert channel.value_of(name) == value, name
        else:
            with pytest.raises(AqgtError, match="no label"):
                channel.label(name)


@pytest.mark.parametrize("example", LABELS["occurrence"], ids=["apart", "together"])
def test_occurrence_is_smoothed_as_in_the_corpus(example):
    present = np.zeros(len(example["values"]))
    present[example["on_frames"]] = 1
    np.testing.assert_allclose(smooth_occurrence(present), example["values"], atol=1e-7)


def test_occurrence_follows_the_entity():
    track = spans_to_track([Span(1.0, 2.0, "right", {"entity": "Tür"})], 60, 15)
    entity, occurrence = track.values[:2]
    assert runs(entity) == [[-1, 10], [6, 26], [-1, 24]]
    np.testing.assert_allclose(occurrence, smooth_occurrence(entity > 0))


def test_official_models_know_occurrence_inside_a_span_only():
    track = spans_to_track([Span(1.0, 2.0, "right", {"entity": "door"})], 60, 15, unknown_outside=True)
    known = track.values[1] >= 0
    assert runs(known) == [[0, 10], [1, 26], [0, 24]]


def test_every_label_fits_its_embedding():
    for channel, size in zip(CHANNELS, EMBEDDING_SIZES, strict=True):
        assert all(0 < label.value < size for label in channel.labels), channel.key


def test_names_are_unambiguous_within_a_family():
    for family, labels in FAMILIES.items():
        pairs = {
            (annotations.canonical(s), label.value) for label in labels for s in (label.name, *label.aliases)
        }
        spellings = [spelling for spelling, _ in pairs]
        assert len(spellings) == len(set(spellings)), family


def test_names_come_back_from_values():
    for channel in CHANNELS:
        for label in channel.labels:
            assert channel.name_of(label.value) == label.name
        assert channel.name_of(0) is None
        assert channel.name_of(-1) is None


@pytest.mark.parametrize("name", ["GROSS", "groß", "Groß ", "large"])
def test_case_and_spelling_do_not_matter(name):
    assert CHANNEL_BY_KEY["extent_left"].value_of(name) == 4


def test_decomposed_umlauts_are_umlauts():
    assert CHANNEL_BY_KEY["entity"].value_of("Tu\u0308r") == 6


def test_nothing_and_unknown_fit_every_channel():
    labels = {"phrase": "nothing", "shape": "unknown", "extent": "nichts"}
    track = spans_to_track([Span(0.0, 1.0, "right", labels)], 15, 15)
    assert track.values[5, 3] == 0
    assert track.values[10, 3] == -1
    assert track.values[14, 3] == 0


@pytest.mark.parametrize(
    ("span", "word"),
    [
        (Span(0, 1, labels={"extent": "huge"}), "small, medium, large"),
        (Span(0, 1, labels={"colour": "red"}), "colour"),
        (Span(0, 1, labels={"occurrence": "1"}), "occurrence"),
        (Span(0, 1, "right", {"shape_left": "C"}), "both"),
    ],
)
def test_labels_that_do_not_exist_are_refused(span, word):
    with pytest.raises(AqgtError, match=word):
        spans_to_track([span], 30, 15)


@pytest.mark.parametrize("times", [(-1, 1), (2, 1), (1, 1), (float("nan"), 1), (0, float("inf"))])
def test_impossible_times_are_refused(times):
    with pytest.raises(AqgtError, match="seconds"):
        Span(*times)


def test_impossible_clips_are_refused():
    for n_frames, fps in ((-1, 15), (10, 0), (10, float("nan"))):
        with pytest.raises(AqgtError):
            spans_to_track([], n_frames, fps)
    with pytest.raises(AqgtError):
        AnnotationTrack(np.zeros((16, 4)), 15)


starts = st.floats(0, 10)
spans_lists = st.lists(
    st.builds(
        lambda start, length, side, labels, rest: Span(
            start, None if length is None else start + length, side, labels, rest=rest
        ),
        starts,
        st.none() | st.floats(0.01, 4),
        st.sampled_from(["left", "right", "both"]),
        st.sampled_from([{}, {"phrase": "beat"}, {"phrase": "iconic", "extent": "large", "entity": "door"}]),
        st.booleans(),
    ),
    max_size=8,
)


@given(spans_lists)
def test_gestures_of_a_hand_never_overlap(spans):
    for hand in ("left", "right"):
        gestures = hand_gestures(spans, hand)
        for gesture in gestures:
            assert gesture.begin <= gesture.start <= gesture.stroke_end <= gesture.end <= gesture.release
        moving = [gesture for gesture in gestures if not gesture.span.rest]
        for one, other in pairwise(moving):
            assert one.release <= other.begin


@given(spans_lists)
def test_the_order_of_spans_in_the_list_does_not_matter(spans):
    if len({span.start for span in spans}) == len(spans):
        one, other = spans_to_track(spans, 120, 15), spans_to_track(spans[::-1], 120, 15)
        np.testing.assert_array_equal(one.values, other.values)


@given(spans_lists, st.booleans())
def test_every_value_is_one_the_network_knows(spans, unknown_outside):
    values = spans_to_track(spans, 120, 15, unknown_outside=unknown_outside).values
    for channel in CHANNELS:
        if channel.key != "occurrence":
            assert set(values[channel.index]) <= {-1, 0, *(label.value for label in channel.labels)}


@given(spans_lists, st.sampled_from([12.0, 25.0, 30.0]))
def test_the_onset_frame_of_a_span_is_its_stroke(spans, fps):
    track = spans_to_track(spans, 400, fps)
    for hand, row in (("left", 2), ("right", 3)):
        gestures = [gesture for gesture in hand_gestures(spans, hand) if not gesture.span.rest]
        for gesture in gestures:
            onset = int(np.ceil(gesture.start * fps - 1e-6))
            if onset < np.ceil(gesture.release * fps - 1e-6):
                assert track.values[row, onset] == 2


@given(spans_lists)
def test_mirrored_twice_is_the_same_and_once_swaps_the_hands(spans):
    for span in spans:
        mirrored = span.mirrored()
        assert mirrored.mirrored() == span
        assert set(mirrored.sides) == {"right" if hand == "left" else "left" for hand in span.sides}


def test_a_mirrored_span_points_the_other_way():
    span = Span(1.0, 2.0, "left", {"position": "left", "shape_left": "G", "speech_position": "left"})
    mirrored = span.mirrored()
    assert mirrored.side == "right"
    assert dict(mirrored.labels) == {"position": "right", "shape_right": "G", "speech_position": "left"}
