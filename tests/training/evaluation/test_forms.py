# SPDX-License-Identifier: GPL-3.0-or-later
"""Gesture forms in an evaluation: what models are asked for, and what is recognised in their strokes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aqgt.errors import AqgtError
from aqgt.generation.conditioning import condition
from aqgt.models.registry import load_model
from aqgt.motion import Motion
from aqgt.protocol.messages import GenerateRequest
from aqgt_training.corpora.clip_records import ClipRecord
from aqgt_training.corpora.form_names import form_rows
from aqgt_training.evaluation.asked_forms import all_forms, form_spans, forms_of_clip, takes_of_clip
from aqgt_training.evaluation.form_classifier import (
    Forest,
    classifier_of,
    reach_of,
    recognition,
    strokes_of,
)
from aqgt_training.evaluation.made_forms import named_forms
from tests.training.evaluation.motions import lifting, track
from tests.training.tiny_corpus import tiny_clip

KNOWN = ("chop", "shrug", "offer")


@pytest.fixture
def clip() -> ClipRecord:
    """Both hands move, the left one in three gestures, the first two without a rest between them."""
    clip = tiny_clip("val-00", "val", 0, 12)
    values = np.asarray(clip.annotations).copy()
    values[4:6] = 0
    values[4, 10:80] = values[4, 100:170] = 2
    values[5, 40:80] = 2
    gestures = [
        {"clip": "A@Idle01_ChopBoth01", "side": "left", "begin": 10.2 / 15},
        {"clip": "A@Idle01_Shrug01", "side": "both", "begin": 40 / 15},
        {"clip": "A@Idle01_Sweep01", "side": "left", "begin": 100 / 15},
    ]
    return replace(clip, annotations=values, meta={"gestures": gestures})


def test_a_model_reads_a_clips_forms_as_it_read_them_in_training(clip: ClipRecord) -> None:
    matrix = clip.track().values
    asked = GenerateRequest(clip.samples(), spans=form_spans(clip, KNOWN), track=matrix)
    read = condition(asked, matrix.shape[1], 15.0, forms=KNOWN)
    assert read.forms is not None
    np.testing.assert_array_equal(read.forms[0], form_rows(clip, matrix, KNOWN))
    assert set(read.forms[0, 0]) == {0.0, 1.0, 2.0, -1.0}, "a form the model doesn't know is unknown"
    np.testing.assert_array_equal(read.tracks[0], matrix)


def test_a_model_without_forms_is_asked_for_none(clip: ClipRecord) -> None:
    assert form_spans(clip, ()) == ()
    classifier = Forest(np.random.default_rng(0).normal(size=(20, 3)), ["chop", "shrug"] * 10)
    assert named_forms(load_model("debug"), [clip], {"form": classifier}) == {}


def test_strokes_have_the_form_and_its_lexeme() -> None:
    names = all_forms()
    rows = np.zeros((2, 60), np.float32)
    rows[1, 15:] = 1 + names.index("no-outward")
    strokes = strokes_of([lifting("right")] * 2, [lifting("right")] * 2, [track("right")] * 2, [rows, None])
    assert strokes.labels["form"] == ["no-outward", ""]
    assert strokes.labels["lexeme"] == ["negation", ""]


def test_forms_of_a_clip_that_was_not_composed_are_unknown(clip: ClipRecord) -> None:
    rows = forms_of_clip(replace(clip, meta={}))
    assert set(rows.ravel()) == {-1.0, 0.0}
    assert form_spans(replace(clip, meta={}), KNOWN) == ()


def test_strokes_know_the_recording_they_were_made_from(clip: ClipRecord) -> None:
    values = np.asarray(clip.annotations).copy()
    values[2:4] = 0
    for first in (10, 40, 100):
        values[2, first : first + 5], values[2, first + 5 : first + 20] = 1, 2
    values[3, 39] = 1
    values[3, 40:60] = 2
    takes = takes_of_clip(replace(clip, annotations=values))
    assert [take.rpartition("_")[2] for take in takes] == ["ChopBoth01", "Shrug01", "Sweep01", "Shrug01"]
    assert takes_of_clip(replace(clip, annotations=values, meta={})) == [""] * 4


def test_copies_of_a_recording_do_not_help_to_reach_it() -> None:
    """Each recording looks like itself and like no other of its form: nothing can be learned of the form."""
    rng = np.random.default_rng(1)
    looks = np.repeat(rng.normal(size=(24, 5)), 6, axis=0)
    labels = [("chop", "shrug")[take % 2] for take in range(24) for _ in range(6)]
    takes = [f"take {take}" for take in range(24) for _ in range(6)]
    assert recognition(classifier_of("form", looks, labels), looks, labels)["accuracy"] == 1
    assert reach_of("form", looks, labels, takes)["accuracy"] < 0.7
    told = looks + np.array([label == "chop" for label in labels])[:, None] * 9
    assert reach_of("form", told, labels, takes)["accuracy"] == 1
    with pytest.raises(AqgtError, match="Only 1 recordings"):
        reach_of("form", looks, labels, ["one"] * len(labels))


def test_motions_and_matrices_go_in_pairs() -> None:
    motion: Motion = lifting("right")
    with pytest.raises(ValueError, match="argument"):
        strokes_of([motion, motion], [motion], [track("right")])
