# SPDX-License-Identifier: GPL-3.0-or-later
"""The small movements laid over a motion: seeded, seamless, small, and absent when not wanted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aqgt import skeleton
from aqgt.generation import generate
from aqgt.generation.idle import IdleMotion
from aqgt.models.registry import LoadedModel, load_model
from aqgt.models.rest_pose import rest_pose
from aqgt.motion import Motion
from aqgt.protocol.messages import GenerateRequest
from aqgt.words import Word

FPS = 15.0
SECONDS = 6


def _speech() -> tuple[np.ndarray, list[Word]]:
    """Six words, every second one louder than its neighbours."""
    times = np.arange(SECONDS * 16_000) / 16_000
    loud = np.where((times % 2) < 1, 0.5, 0.05) * ((times % 1) < 0.6)
    sound = loud * np.sin(2 * np.pi * 180 * times)
    return sound.astype(np.float32), [Word("word", float(s), s + 0.6) for s in range(SECONDS)]


def _still(variants: int = 1) -> np.ndarray:
    frames = round(SECONDS * FPS)
    return np.broadcast_to(rest_pose(), (variants, frames, skeleton.N_JOINTS, 3)).astype(np.float32)


def _idle(seeds: list[int] | None = None, strength: float = 1.0, **options: float) -> IdleMotion:
    audio, words = _speech()
    return IdleMotion(audio, words, seeds or [3], FPS, strength, **options)


def _degrees_from_rest(vectors: np.ndarray, joint: int) -> np.ndarray:
    rest = rest_pose()[joint]
    cosine = vectors[:, joint] @ rest / np.linalg.norm(rest) / np.linalg.norm(vectors[:, joint], axis=1)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def test_any_stretch_alone_equals_the_whole() -> None:
    idle, still = _idle(), _still()
    whole = idle.apply(still, 0)
    np.testing.assert_allclose(idle.apply(still[:, 30:50], 30), whole[:, 30:50], atol=1e-7)


def test_a_variant_alone_equals_the_variant_among_others() -> None:
    both = _idle([3, 4]).apply(_still(2), 0)
    np.testing.assert_array_equal(both[1:], _idle([4]).apply(_still(), 0))
    assert np.abs(both[0] - both[1]).max() > 1e-3


def test_bone_lengths_stay_and_the_movement_is_small_but_there() -> None:
    moved = _idle().apply(_still(), 0)[0]
    lengths = np.linalg.norm(moved, axis=-1)
    np.testing.assert_allclose(lengths, np.linalg.norm(_still()[0], axis=-1), atol=1e-6)
    head, trunk = (_degrees_from_rest(moved, joint) for joint in (skeleton.HEAD_TOP, skeleton.THORAX))
    assert 1.5 < head.mean() < 8
    assert head.max() < 20
    assert 0.3 < trunk.mean() < 3


def test_stressed_words_are_nodded_to() -> None:
    audio, words = _speech()
    nods = IdleMotion(audio, words, [3], FPS, 1.0).apply(_still(), 0)[0]
    without = IdleMotion(audio, [], [3], FPS, 1.0).apply(_still(), 0)[0]
    # The nose sinks, that is: y grows, only where the loud words are.
    sunk = (nods - without)[:, skeleton.NOSE, 1]
    seconds = np.arange(len(sunk)) / FPS
    assert sunk.max() > 1e-3
    assert ((seconds[sunk > 0.5 * sunk.max()] + 0.2) % 2 < 1.2).all()


def test_it_grows_from_a_given_pose() -> None:
    moved = _idle(grows_from=0.0).apply(_still(), 0)[0]
    np.testing.assert_allclose(moved[0], _still()[0, 0], atol=1e-6)
    whole = _idle().apply(_still(), 0)[0]
    np.testing.assert_allclose(moved[20:], whole[20:], atol=1e-6)


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    debug = load_model("debug")
    return replace(debug, config=debug.config.model_copy(update={"idle_motion": True}))


def test_streamed_frames_are_the_result(model: LoadedModel) -> None:
    audio, words = _speech()
    request = GenerateRequest(audio, tuple(words))
    streamed = np.zeros((round(SECONDS * FPS), skeleton.N_JOINTS, 3), np.float32)

    def keep(progress: object) -> None:
        start, vectors = progress.start_frame, progress.bone_vectors  # type: ignore[attr-defined]
        streamed[start : start + len(vectors)] = vectors

    result = generate(request, model, on_progress=keep).motions[0]
    np.testing.assert_allclose(streamed, result.bone_vectors, atol=1e-5)


def test_a_request_can_turn_it_off(model: LoadedModel) -> None:
    audio, words = _speech()
    motions = [
        generate(GenerateRequest(audio, tuple(words), idle=strength), model).motions[0]
        for strength in (0.0, 1.0)
    ]
    plain = generate(GenerateRequest(audio, tuple(words)), load_model("debug")).motions[0]
    assert isinstance(plain, Motion)
    np.testing.assert_array_equal(motions[0].bone_vectors, plain.bone_vectors)
    assert np.abs(motions[1].bone_vectors - plain.bone_vectors).max() > 1e-3
