# SPDX-License-Identifier: GPL-3.0-or-later
"""Fingers that are drawn towards recorded hands: laws of the pull itself, and of whole requests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from aqgt import rotations
from aqgt.annotations import CHANNEL_BY_KEY, Span
from aqgt.generation import generate
from aqgt.generation.recorded_hands import RecordedHands
from aqgt.hand_frame import MIRROR, hand_frame, hand_joints
from aqgt.models import registry
from aqgt.models.hand_table import HandTable
from aqgt.models.registry import LoadedModel
from aqgt.motion import Motion
from aqgt.protocol.messages import Progress
from aqgt.skeleton import HUMAN_LENGTHS
from tests.generation.test_generate import a_request, vectors
from tests.models.test_hand_table import CURVED, FLAT, POINTING, hand_table
from tests.models.tiny import tiny_config, tiny_generator

FPS, SHARE = 15.0, 0.8


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    folder = tmp_path_factory.mktemp("hands") / "tiny"
    config = tiny_config(annotation={"forms": ["chop", "shrug"], "form_width": 6, "recorded_hands": SHARE})
    generator = tiny_generator(config, seed=3)
    with torch.no_grad():  # so that a random network moves visibly
        for parameter in generator.parameters():
            if parameter.ndim > 1:
                parameter.mul_(1.8)
    generator.pose_std.fill_(0.05)
    registry.save_model(folder, config, generator, hands=hand_table())
    return registry.load_model(folder)


def random_vectors(n: int = 60, variants: int = 1) -> np.ndarray:
    drawn = np.random.default_rng(4).standard_normal((variants, n, 53, 3))
    return drawn / np.linalg.norm(drawn, axis=-1, keepdims=True) * HUMAN_LENGTHS[:, None]


def tracks(n: int = 60, **labels: int) -> np.ndarray:
    """A matrix `[1, 17, n]` with a stroke in frames 20 to 40 and these labels there."""
    track = np.zeros((1, 17, n), np.float32)
    for key, value in {"phase_left": 2, "phase_right": 2, **labels}.items():
        track[0, CHANNEL_BY_KEY[key].index, 20:40] = value
    return track


def fingers(motion: np.ndarray, hand: str) -> np.ndarray:
    """Directions `[n, 21, 3]` in the hand's own frame, as a left hand's."""
    directions = motion / np.maximum(np.linalg.norm(motion, axis=-1, keepdims=True), 1e-9)
    frame = rotations.conjugate(hand_frame(directions, hand))
    own = rotations.rotate(frame[:, None], directions[:, hand_joints(hand)])
    return own * (MIRROR if hand == "right" else 1.0)


def test_mirroring_a_motion_exchanges_its_hands() -> None:
    motion = Motion(FPS, random_vectors()[0].astype(np.float32))
    left, right = fingers(motion.bone_vectors, "left"), fingers(motion.mirrored().bone_vectors, "right")
    np.testing.assert_allclose(left, right, atol=1e-5)


@pytest.mark.parametrize("hand", ["left", "right"])
def test_an_asked_shape_is_the_recorded_one_and_the_rest_stays(hand: str) -> None:
    table, before = hand_table(), random_vectors()
    after = RecordedHands(table, 1.0, tracks(**{f"shape_{hand}": FLAT}), None, FPS).apply(before, 0)
    np.testing.assert_allclose(fingers(after[0], hand)[30], _seen(table.fingers[2]), atol=1e-3)
    untouched = np.ones(53, bool)
    untouched[hand_joints(hand)] = False
    np.testing.assert_array_equal(after[0][:, untouched], before[0][:, untouched])
    np.testing.assert_array_equal(after[0, :10], before[0, :10])
    np.testing.assert_array_equal(after[0, 50:], before[0, 50:])
    np.testing.assert_allclose(np.linalg.norm(after, axis=-1), np.linalg.norm(before, axis=-1), rtol=1e-6)


def _seen(hand: np.ndarray) -> np.ndarray:
    """A random recorded hand `[21, 3]` has a frame of its own, unlike a real one."""
    pose = np.zeros((1, 53, 3))
    pose[0, hand_joints("left")] = hand
    return fingers(np.where(pose == 0, 1e-9, pose), "left")[0]


def test_the_nearest_of_several_hands_is_taken() -> None:
    before = random_vectors()
    own = fingers(before[0], "left")[30]
    other = np.roll(own, 1, axis=0)
    table = HandTable(np.stack([other, own]).astype(np.float32), np.array([CURVED, CURVED]), np.array([0, 0]))
    after = RecordedHands(table, 1.0, tracks(shape_left=CURVED), None, FPS).apply(before, 0)
    np.testing.assert_allclose(fingers(after[0], "left")[30], own, atol=1e-3)


def test_half_a_share_lies_between() -> None:
    table, before, asked = hand_table(), random_vectors(), tracks(shape_left=FLAT)
    half, full = (RecordedHands(table, share, asked, None, FPS).apply(before, 0) for share in (0.5, 1.0))

    def apart(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.abs(a[0, 30] - b[0, 30]).sum())

    assert 0.2 * apart(full, before) < apart(half, before) < 0.8 * apart(full, before)


def test_without_a_shape_nothing_changes() -> None:
    before = random_vectors()
    for asked in (tracks(), tracks(shape_left=-1), tracks(shape_left=POINTING)):
        np.testing.assert_array_equal(
            RecordedHands(hand_table(), 1.0, asked, None, FPS).apply(before, 0), before
        )


def test_preparation_and_retraction_alone_form_no_hand() -> None:
    before = random_vectors()
    for phase in ("prep", "retr"):
        value = int(CHANNEL_BY_KEY["phase_left"].value_of(phase))
        asked = tracks(shape_left=CURVED, phase_left=value)
        np.testing.assert_array_equal(
            RecordedHands(hand_table(), 1.0, asked, None, FPS).apply(before, 0), before
        )


def test_a_form_alone_has_its_hands() -> None:
    table, before = hand_table(), random_vectors()
    forms = np.zeros((1, 2, 60), np.float32)
    forms[0, 0, 20:40] = 2
    after = RecordedHands(table, 1.0, tracks(), forms, FPS).apply(before, 0)
    np.testing.assert_allclose(fingers(after[0], "left")[30], _seen(table.fingers[3]), atol=1e-3)
    np.testing.assert_array_equal(after[0][:, hand_joints("right")], before[0][:, hand_joints("right")])


def test_one_shape_becomes_the_next_without_a_jump() -> None:
    still = np.repeat(random_vectors(1), 60, axis=1)
    asked = tracks(shape_left=CURVED)
    asked[0, CHANNEL_BY_KEY["shape_left"].index, 30:40] = FLAT
    made = RecordedHands(hand_table(), 1.0, asked, None, FPS).apply(still, 0)
    steps = np.linalg.norm(np.diff(fingers(made[0], "left"), axis=0), axis=(1, 2))
    apart = np.linalg.norm(_seen(hand_table().fingers[0]) - _seen(hand_table().fingers[2]))
    assert 0.05 * apart < steps[25:35].max() < 0.4 * apart


def test_a_part_of_a_clip_is_the_part_of_the_whole() -> None:
    before, asked = random_vectors(), tracks(shape_left=CURVED, shape_right=FLAT)
    hands = RecordedHands(hand_table(), SHARE, asked, None, FPS)
    whole = hands.apply(before, 0)
    np.testing.assert_allclose(hands.apply(before[:, 25:35], 25), whole[:, 25:35], atol=1e-12)
    assert hands.apply(before[:, :0], 60).shape == (1, 0, 53, 3)


def test_it_grows_where_another_motion_goes_on() -> None:
    before, asked = random_vectors(), tracks(shape_left=CURVED)
    made = RecordedHands(hand_table(), SHARE, asked, None, FPS, grows_from=30).apply(before, 0)
    full = RecordedHands(hand_table(), SHARE, asked, None, FPS).apply(before, 0)
    np.testing.assert_array_equal(made[0, :30], before[0, :30])
    assert np.abs(made[0, 30] - before[0, 30]).max() < np.abs(full[0, 30] - before[0, 30]).max()


def test_a_request_gets_its_hands_while_it_is_made_and_after(model: LoadedModel) -> None:
    asked = a_request(spans=(Span(2.0, 4.0, "both", {"phase": "stroke", "shape": "B"}),), idle=0.0)
    blocks: list[Progress] = []
    made = vectors(generate(asked, model, on_progress=blocks.append))
    plain = vectors(generate(asked, replace(model, hands=None)))
    recorded = _seen(hand_table().fingers[2])
    for hand in ("left", "right"):
        near, far = (np.linalg.norm(fingers(each[40:50], hand) - recorded) for each in (made, plain))
        assert near < 0.6 * far
    np.testing.assert_allclose(made[:20], plain[:20], atol=1e-6)
    shown = np.zeros_like(made)
    for block in blocks:
        shown[block.start_frame : block.start_frame + len(block.bone_vectors)] = block.bone_vectors
    np.testing.assert_allclose(shown, made, atol=1e-5)


def test_a_variant_among_others_is_the_variant_alone(model: LoadedModel) -> None:
    changes: dict[str, Any] = {"spans": (Span(2.0, 4.0, "left", {"shape": "C"}),)}
    together, alone = (
        generate(a_request(variants=2, **changes), model),
        generate(a_request(seed=6, **changes), model),
    )
    np.testing.assert_allclose(vectors(together, 1), vectors(alone), atol=1e-5)


def test_the_shipped_model_has_hands(checkout: Path) -> None:
    model = registry.load_model(str(checkout / "models" / "compact"))
    assert model.hands is not None
    assert model.hands.of(FLAT, 0) is not None
