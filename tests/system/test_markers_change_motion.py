# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user writes on a marker shows in the motion of the default model: `G: iconic right large`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aqgt.annotations import Span
from aqgt.generation import generate
from aqgt.markers import markers_to_spans
from aqgt.models.registry import LoadedModel, load_model
from aqgt.motion import Motion
from aqgt.protocol.messages import SAMPLE_RATE, GenerateRequest
from aqgt.skeleton import RIGHT_WRIST, THORAX
from aqgt.speech.alignment import align
from aqgt.speech.audio import read_audio
from aqgt.words import Word

MARKER = "G: iconic right large"
SECONDS = 12.0
TIMES = (1.2, 4.0, 7.5, 9.6)
"""Where the markers stand, in seconds of the recording."""
SEEDS = (0, 1, 2)
BEFORE, AFTER = 0.4, 0.4
"""Preparation and retraction around a span belong to its gesture."""


@pytest.fixture(scope="module")
def model(compact: str) -> LoadedModel:
    return load_model(compact)


@pytest.fixture(scope="module")
def speech(voice: Path, transcript: Path) -> tuple[np.ndarray, tuple[Word, ...]]:
    """The beginning of the recording and its words."""
    audio = read_audio(voice)
    words = align(audio, transcript.read_text(encoding="utf-8"))
    return audio[: round(SECONDS * SAMPLE_RATE)], tuple(word for word in words if word.end <= SECONDS)


def span_at(seconds: float) -> Span:
    """The span that a marker at this time means."""
    spans, problems = markers_to_spans([(seconds, MARKER)])
    assert not problems
    return spans[0]


def excursion(motion: Motion, span: Span) -> float:
    """Largest distance of the right wrist from its resting place during the gesture, in model units."""
    positions = motion.positions()
    wrist = positions[:, RIGHT_WRIST] - positions[:, THORAX]
    end = span.end if span.end is not None else span.start + 1.2
    frames = slice(max(0, round((span.start - BEFORE) * motion.fps)), round((end + AFTER) * motion.fps))
    return float(np.linalg.norm(wrist[frames] - wrist[0], axis=1).max())


def excursions(model: LoadedModel, speech: tuple, seed: int, annotate: str) -> np.ndarray:
    """Excursions `[TIMES, 2]` without and with the marker, all else equal."""
    audio, words = speech
    rows = []
    base = GenerateRequest(audio, words, annotate=annotate, model="compact", seed=seed)
    without = generate(base, model).motions[0]
    for seconds in TIMES:
        span = span_at(seconds)
        request = GenerateRequest(audio, words, (span,), annotate=annotate, model="compact", seed=seed)
        rows.append((excursion(without, span), excursion(generate(request, model).motions[0], span)))
    return np.array(rows)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_it_lifts_the_hand_of_a_model_that_is_left_alone(
    model: LoadedModel, speech: tuple, seed: int
) -> None:
    pairs = excursions(model, speech, seed, "none")
    assert (pairs[:, 1] > pairs[:, 0]).all(), pairs
    assert np.median(pairs[:, 1] / pairs[:, 0]) > 1.5, pairs


@pytest.mark.slow
def test_it_reaches_further_than_what_the_planner_suggests_there(model: LoadedModel, speech: tuple) -> None:
    pairs = np.concatenate([excursions(model, speech, seed, "auto") for seed in SEEDS])
    # A planned gesture may be large and right-handed by itself, so not each single pair has to differ.
    assert pairs[:, 1].mean() > pairs[:, 0].mean(), pairs
    assert (pairs[:, 1] > pairs[:, 0]).mean() > 0.6, pairs


@pytest.mark.slow
def test_large_reaches_further_than_small(model: LoadedModel, speech: tuple) -> None:
    audio, words = speech
    reach: dict[str, list[float]] = {"small": [], "large": []}
    for extent, found in reach.items():
        for seed in SEEDS:
            for seconds in TIMES:
                spans, _ = markers_to_spans([(seconds, f"G: iconic right {extent}")])
                request = GenerateRequest(
                    audio, words, tuple(spans), annotate="none", model="compact", seed=seed
                )
                found.append(excursion(generate(request, model).motions[0], spans[0]))
    assert np.mean(reach["large"]) > 1.1 * np.mean(reach["small"]), reach
