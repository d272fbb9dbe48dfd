# SPDX-License-Identifier: GPL-3.0-or-later
"""Gesture forms in spans, markers and files, and the rows that a network reads."""

from __future__ import annotations

import numpy as np
import pytest

from aqgt.annotation_channels import canonical
from aqgt.annotations import FAMILIES, Span, spans_to_track
from aqgt.errors import AqgtError
from aqgt.formats.span_tiers import spans_to_tiers, tiers_to_spans
from aqgt.formats.spans_json import span_from_dict, span_to_dict
from aqgt.gesture_forms import forms_of, forms_to_rows, gesture_forms
from aqgt.markers import parse_marker, print_marker

KNOWN = ("chop", "shrug", "no-outward")


def test_each_form_has_a_number_and_a_name_of_its_own() -> None:
    forms = gesture_forms()
    assert {"shrug", "chop", "frame", "offer"} <= set(forms)
    assert len({form.number for form in forms.values()}) == len(forms)
    assert all(form.number > 0 and form.title and form.sides for form in forms.values())
    assert all(name == canonical(name) for name in forms)


def test_no_form_has_the_name_of_a_hand_shape() -> None:
    shapes = {canonical(s) for label in FAMILIES["shape"] for s in (label.name, *label.aliases)}
    assert not shapes & set(gesture_forms())


@pytest.mark.parametrize("name", ["G: form=shrug right", "G: right Geste=Shrug", "g: gesture = SHRUG right"])
def test_markers_name_forms(name: str) -> None:
    parsed = parse_marker(name)
    assert (parsed.side, dict(parsed.labels)) == ("right", {"form": "shrug"})


def test_a_marker_with_the_old_word_for_a_hand_shape_still_means_it() -> None:
    assert dict(parse_marker("G: form=B_spread left").labels) == {"shape": "B_spread"}


@pytest.mark.parametrize(
    "labels", [{"form": "chop"}, {"form_left": "chop", "form_right": "offer"}, {"form_left": "frame"}]
)
def test_what_is_printed_is_read_again(labels: dict[str, str]) -> None:
    span = Span(0.0, side="both", labels=labels)
    assert forms_of(parse_marker(print_marker(span)).at(0.0)) == forms_of(span)


def test_an_unknown_form_is_refused_with_a_hint() -> None:
    with pytest.raises(AqgtError, match="shrug"):
        parse_marker("G: form=shrugg")
    with pytest.raises(AqgtError, match="waving"):
        span_from_dict({"start": 1.0, "labels": {"form": "waving"}})
    with pytest.raises(AqgtError, match="form=shrug"):
        parse_marker("G: shrug")
    with pytest.raises(AqgtError, match="both"):
        span_from_dict({"start": 1.0, "side": "left", "labels": {"form_right": "chop"}})


def test_files_keep_forms_and_other_spans_their_tiers() -> None:
    span = Span(1.0, 2.0, "both", {"phrase": "beat", "form_left": "chop", "form_right": "offer"})
    assert span_from_dict(span_to_dict(span)) == span
    tiers = spans_to_tiers([span])
    back, notes = tiers_to_spans(tiers)
    assert not notes
    assert forms_of(back[0]) == forms_of(span)
    plain = Span(1.0, 2.0, "both", {"phrase": "beat"})
    assert set(tiers) - set(spans_to_tiers([plain])) == {"Form, left hand", "Form, right hand"}


def test_a_form_is_no_channel_of_the_matrix() -> None:
    with_form, without = (
        Span(1.0, 2.0, "left", {"phrase": "beat", **form}) for form in ({"form": "chop"}, {})
    )
    tracks = [spans_to_track([span], 60, 15.0).values for span in (with_form, without)]
    np.testing.assert_array_equal(*tracks)


def test_rows_hold_from_preparation_to_retraction() -> None:
    spans = [Span(1.0, 2.0, "right", {"form": "shrug"}), Span(3.0, 3.5, "both", {"form": "sweep"})]
    rows = forms_to_rows(spans, 75, 15.0, KNOWN)
    phase = spans_to_track(spans, 75, 15.0).values[[2, 3]]
    np.testing.assert_array_equal(rows == 0, phase == 0)
    assert set(rows[1, :40]) == {0.0, 2.0}
    assert set(rows[0]) == {0.0, -1.0}  # “sweep” is not among those that the model knows


def test_rows_are_unknown_where_nothing_is_said() -> None:
    assert (forms_to_rows([], 5, 15.0, KNOWN) == -1).all()
    assert set(forms_to_rows([Span(1.0, 2.0)], 60, 15.0, KNOWN)[0]) == {0.0, -1.0}
    resting = [Span(0.5, 4.0, labels={"form": "chop"}), Span(1.0, rest=True)]
    assert set(forms_to_rows(resting, 60, 15.0, KNOWN)[0, 25:]) == {0.0}


def test_a_mirrored_span_exchanges_the_forms_of_its_hands() -> None:
    span = Span(0.0, side="both", labels={"form_left": "chop", "form_right": "offer"})
    assert forms_of(span.mirrored()) == {"left": "offer", "right": "chop"}
