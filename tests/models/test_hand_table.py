# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorded hands in a model's folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aqgt.annotations import CHANNEL_BY_KEY
from aqgt.errors import AqgtError
from aqgt.models import registry
from aqgt.models.config import ModelConfig
from aqgt.models.hand_table import HAND_TABLE, HandTable
from aqgt.settings import check_settings
from tests.models.tiny import tiny_config, tiny_generator

ANNOTATION = {"forms": ["chop", "shrug"], "form_width": 6, "recorded_hands": 0.8}
_SHAPE = CHANNEL_BY_KEY["shape_left"]
CURVED, FLAT = int(_SHAPE.value_of("C")), int(_SHAPE.value_of("B"))
POINTING = int(_SHAPE.value_of("G"))


def hand_table(seed: int = 0) -> HandTable:
    """A hand of each: curved, curved in a chop, flat, any shape in a shrug."""
    basis = np.random.default_rng(9).standard_normal((21, 3))
    fingers = basis + 0.3 * np.random.default_rng(seed).standard_normal((4, 21, 3))
    fingers = fingers.astype(np.float32)
    fingers /= np.linalg.norm(fingers, axis=-1, keepdims=True)
    return HandTable(fingers, np.array([CURVED, CURVED, FLAT, 0]), np.array([0, 1, 0, 2]))


def save(folder: Path, table: HandTable | None) -> Path:
    config = tiny_config(annotation=ANNOTATION)
    registry.save_model(folder, config, tiny_generator(config), hands=table)
    return folder


def test_a_saved_model_has_its_hands(tmp_path: Path) -> None:
    table = hand_table()
    model = registry.load_model(save(tmp_path / "m", table))
    assert model.hands is not None
    np.testing.assert_allclose(model.hands.fingers, table.fingers, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(model.hands.fingers, axis=-1), 1, atol=1e-6)
    np.testing.assert_array_equal(model.hands.shapes, table.shapes)
    np.testing.assert_array_equal(model.hands.forms, table.forms)


def test_other_hands_are_another_model(tmp_path: Path) -> None:
    one, other = (registry.load_model(save(tmp_path / str(seed), hand_table(seed))) for seed in (0, 1))
    assert one.model_hash != other.model_hash


@pytest.mark.parametrize(
    ("shape", "form", "row"),
    [(CURVED, 0, 0), (CURVED, -1, 0), (CURVED, 1, 1), (CURVED, 2, 0), (FLAT, 1, 2), (0, 2, 3), (-1, 2, 3)],
)
def test_a_shape_in_a_form_comes_before_the_shape_alone(shape: int, form: int, row: int) -> None:
    table = hand_table()
    found = table.of(shape, form)
    assert found is not None
    np.testing.assert_allclose(found, table.fingers[[row]])


@pytest.mark.parametrize(("shape", "form"), [(0, 0), (-1, -1), (0, 1), (POINTING, 0)])
def test_what_nobody_recorded_has_none(shape: int, form: int) -> None:
    assert hand_table().of(shape, form) is None


def test_a_model_that_wants_hands_is_not_saved_without(tmp_path: Path) -> None:
    with pytest.raises(AqgtError) as problem:
        save(tmp_path / "m", None)
    assert problem.value.code == "no-hands"
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"forms": np.array([0, 1, 0, 3])},
        {"shapes": np.array([-1, 1, 2, 0])},
        {"shapes": np.array([999, 1, 2, 0])},
        {"shapes": np.array([1, 2, 0])},
        {"fingers": np.full((4, 21, 3), np.nan, np.float32)},
        {"fingers": np.zeros((4, 21, 3), np.float32)},
        {"fingers": np.ones((4, 20, 3), np.float32)},
        {"fingers": np.ones((4, 63), np.float32)},
    ],
)
def test_hands_that_do_not_fit_are_refused(tmp_path: Path, wrong: dict) -> None:
    folder = save(tmp_path / "m", replace(hand_table(), **wrong))
    with pytest.raises(AqgtError) as problem:
        registry.load_model(folder)
    assert problem.value.code == "bad-hands"


@pytest.mark.parametrize(
    ("content", "code"), [(None, "no-hands"), (b"", "bad-hands"), (b"x" * 99, "bad-hands")]
)
def test_a_missing_or_damaged_file_is_said(tmp_path: Path, content: bytes | None, code: str) -> None:
    folder = save(tmp_path / "m", hand_table())
    (folder / HAND_TABLE).unlink()
    if content is not None:
        (folder / HAND_TABLE).write_bytes(content)
    with pytest.raises(AqgtError) as problem:
        registry.load_model(folder)
    assert problem.value.code == code


def test_the_weights_are_no_hands(tmp_path: Path) -> None:
    folder = save(tmp_path / "m", hand_table())
    (folder / HAND_TABLE).write_bytes((folder / registry.WEIGHTS).read_bytes())
    with pytest.raises(AqgtError, match="something else"):
        registry.load_model(folder)


def test_a_seeded_model_has_none() -> None:
    with pytest.raises(AqgtError, match="recorded_hands"):
        check_settings(
            {**tiny_config(annotation=ANNOTATION).model_dump(), "weights": "seeded"}, ModelConfig, "x"
        )
