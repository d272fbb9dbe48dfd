# SPDX-License-Identifier: GPL-3.0-or-later
"""Gesture forms and the gain of extents in whole requests, on a tiny model with random weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from aqgt.annotations import Span
from aqgt.generation import generate
from aqgt.generation.conditioning import condition
from aqgt.models import registry
from aqgt.models.registry import LoadedModel
from aqgt.protocol.messages import Progress
from tests.generation.test_generate import a_request, vectors
from tests.models.tiny import tiny_config, tiny_generator

KNOWN = ("chop", "shrug", "offer")
SHRUG = Span(2.0, 3.0, "both", {"form": "shrug"})


def saved(folder: Path, **annotation: Any) -> LoadedModel:
    config = tiny_config(annotation=annotation)
    generator = tiny_generator(config, seed=3)
    with torch.no_grad():  # so that a random network moves visibly and all its inputs show
        for parameter in generator.parameters():
            if parameter.ndim > 1:
                parameter.mul_(1.8)
    generator.pose_std.fill_(0.05)
    registry.save_model(folder, config, generator)
    return registry.load_model(folder)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    return saved(tmp_path_factory.mktemp("forms") / "tiny", forms=list(KNOWN), form_width=6)


def rows_of(forms: tuple[str, ...] = KNOWN, **changes: Any) -> np.ndarray | None:
    return condition(a_request(**changes), 110, 15.0, forms=forms).forms


def test_a_model_without_forms_reads_none() -> None:
    assert rows_of((), spans=(SHRUG,)) is None


def test_a_users_form_is_read_on_its_hands() -> None:
    rows = rows_of(spans=(SHRUG,))
    assert rows is not None
    assert set(rows[0].ravel()) == {0.0, 2.0}
    assert rows[0, :, 35].tolist() == [2.0, 2.0]


def test_without_annotations_nothing_is_known() -> None:
    rows = rows_of(annotate="none")
    assert rows is not None
    assert (rows == -1).all()


def test_of_a_given_matrix_rest_alone_is_known() -> None:
    track = np.zeros((17, 110), np.float32)
    track[4:6, 30:60] = 1.0
    rows = rows_of(track=track)
    assert rows is not None
    assert (rows[0, :, 30:60] == -1).all()
    assert (rows[0, :, :30] == 0).all()


def test_spans_beside_a_matrix_name_its_forms_and_nothing_else() -> None:
    track = np.zeros((17, 110), np.float32)
    track[4:6, 30:60] = 1.0
    named = Span(2.0, 3.0, "left", {"form": "shrug", "phase": "stroke", "phrase": "deictic"})
    found = condition(a_request(track=track, spans=(named,)), 110, 15.0, forms=KNOWN)
    assert found.forms is not None
    assert (found.forms[0, 0, 30:45] == 2).all()
    assert (found.forms[0, 0, 45:60] == -1).all(), "a gesture of which no span speaks"
    assert (found.forms[0, 1, 30:60] == -1).all()
    assert (found.forms[0, :, 60:] == 0).all()
    np.testing.assert_array_equal(found.tracks[0], track)
    assert found.spans == ((),)


def test_presets_that_change_the_gesture_take_its_form() -> None:
    kept = rows_of(spans=(SHRUG,), preset="extent-large")
    assert kept is not None
    assert (kept == 2).any()
    for preset, left in (("no-annotations", {-1.0}), ("no-gestures", {0.0}), ("phrase-deictic", {-1.0, 0.0})):
        rows = rows_of(spans=(SHRUG,), preset=preset)
        assert rows is not None
        assert set(rows.ravel()) <= left, preset


def test_forms_move_the_hands_differently_and_seeds_choose_among_them(model: LoadedModel) -> None:
    full = {
        "phrase": "beat",
        "position": "here",
        "shape": "B",
        "wrist": "D-C",
        "extent": "large",
        "practice": "0",
    }
    results = {}
    for form in ("shrug", "chop", "unknown"):
        asked = a_request(spans=(replace(SHRUG, labels={**full, "form": form}),))
        results[form] = vectors(generate(asked, model))
    assert np.abs(results["shrug"] - results["chop"]).max() > 1e-4
    assert np.abs(results["shrug"] - results["unknown"]).max() > 1e-4


def test_a_form_that_the_model_has_not_learned_is_noted(model: LoadedModel) -> None:
    sweep = replace(SHRUG, labels={"form": "sweep"})
    notes = generate(a_request(spans=(sweep,)), model).notes
    assert any("sweep" in note for note in notes)
    assert not any("sweep" in note for note in generate(a_request(spans=(SHRUG,)), model).notes)
    planned = replace(sweep, source="planner")
    assert not any("sweep" in note for note in generate(a_request(spans=(planned,)), model).notes)


def test_a_variant_among_others_is_the_variant_alone(model: LoadedModel) -> None:
    together = generate(a_request(variants=2), model)
    alone = generate(a_request(seed=6), model)
    np.testing.assert_allclose(vectors(together, 1), vectors(alone), atol=1e-5)


def test_a_gain_enlarges_large_gestures_alone_and_keeps_the_lengths(tmp_path: Path) -> None:
    plain, gained = saved(tmp_path / "a"), saved(tmp_path / "b", extent_gain={"large": 1.3})
    spans = tuple(
        Span(at, at + 1.0, "both", {"extent": extent}) for at, extent in ((1.5, "small"), (4.5, "large"))
    )
    asked = a_request(spans=spans, idle=0.0)
    blocks: list[Progress] = []
    without, result = generate(asked, plain), generate(asked, gained, on_progress=blocks.append)
    a, b = vectors(without), vectors(result)
    np.testing.assert_allclose(np.linalg.norm(b, axis=-1), np.linalg.norm(a, axis=-1), atol=1e-6)
    np.testing.assert_allclose(b[:50], a[:50], atol=1e-6)  # the small gesture and the way to it
    rest = plain.generator.rest_pose.numpy()
    for joint in (6, 7, 9, 10):
        angles = [_angle(x[72, joint], rest[joint]) for x in (a, b)]
        assert angles[1] == pytest.approx(min(1.3 * angles[0], np.deg2rad(170)), rel=0.02)
    shown = np.zeros_like(b)
    for block in blocks:
        shown[block.start_frame : block.start_frame + len(block.bone_vectors)] = block.bone_vectors
    np.testing.assert_allclose(shown, b, atol=1e-5)


def _angle(u: np.ndarray, v: np.ndarray) -> float:
    return float(np.arccos(np.clip(u @ v / np.linalg.norm(u) / np.linalg.norm(v), -1, 1)))
