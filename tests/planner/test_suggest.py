# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner's suggestions: seeded, spaced, complete, and out of the way of what the user set."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from aqgt.annotations import Span, spans_to_track
from aqgt.errors import AqgtError
from aqgt.planner import suggest
from aqgt.planner.forms import HAND_FAMILIES, forms
from aqgt.planner.planning import plan_gestures
from aqgt.words import Word, spread

TEXT = (
    "I think that we must never forget the people over there on the left because all of them are important "
    "and you know what this big house means to me but perhaps it is not enough for any of us today"
)
WORDS = spread(TEXT, 0.4, 15.0)


def tone(seconds: float, rate: float = 3.0) -> np.ndarray:
    """Noise that swells ``rate`` times a second."""
    time = np.arange(int(seconds * 16000)) / 16000
    noise = np.random.default_rng(0).standard_normal(len(time))
    return (0.2 * noise * (0.02 + np.sin(np.pi * rate * time) ** 4)).astype(np.float32)


def test_same_seed_same_spans_other_seed_others() -> None:
    assert suggest(WORDS, None, seed=3) == suggest(WORDS, None, seed=3)
    assert suggest(WORDS, None, seed=3) != suggest(WORDS, None, seed=4)


@pytest.mark.parametrize("seed", range(5))
def test_every_channel_of_every_active_hand_is_filled_with_a_measured_combination(seed: int) -> None:
    known = {(form.side, tuple(sorted(form.labels().items()))) for form in forms()}
    for span in suggest(WORDS, None, seed=seed):
        hand_labels = {k: v for k, v in span.labels.items() if k not in ("entity", "speech_position")}
        hand_labels = {k: v for k, v in hand_labels.items() if not k.startswith("form")}
        assert set(hand_labels) == {f"{family}_{side}" for family in HAND_FAMILIES for side in span.sides}
        assert (span.side, tuple(sorted(hand_labels.items()))) in known


@pytest.mark.parametrize("seed", range(5))
def test_the_track_of_a_suggestion_has_no_unknown_value_within_a_gesture(seed: int) -> None:
    spans = suggest(WORDS, None, duration=16, seed=seed)
    track = spans_to_track(spans, 240, 15.0).values
    for phase, rows in ((2, (4, 6, 9, 11, 13, 15)), (3, (5, 7, 10, 12, 14, 16))):
        active = track[phase] > 0
        assert active.any()
        assert (track[list(rows)][:, active] > 0).all()


def test_density_decides_how_many() -> None:
    counts = [
        np.mean([len(suggest(WORDS, None, density=d, seed=s)) for s in range(6)]) for d in (0, 0.5, 1, 1.8)
    ]
    assert counts[0] == 0
    assert counts[0] < counts[1] < counts[2] < counts[3]
    assert 14.6 / counts[2] == pytest.approx(2.2, abs=0.5)  # seconds of speech per gesture at density 1


def test_more_energy_means_larger_movements() -> None:
    def share_of_large(energy: float) -> float:
        planned = [g for s in range(12) for g in plan_gestures(WORDS, None, energy=energy, seed=s)]
        return sum(g.extent == "large" for g in planned) / len(planned)

    assert share_of_large(0.5) < share_of_large(1.0) < share_of_large(1.8)


def test_handedness_decides_the_hand() -> None:
    def share_of_right(handedness: float) -> float:
        sides = [x.side for s in range(12) for x in suggest(WORDS, None, handedness=handedness, seed=s)]
        return sides.count("right") / max(1, sides.count("right") + sides.count("left"))

    assert share_of_right(0.05) < 0.35
    assert share_of_right(0.95) > 0.65


@pytest.mark.parametrize("seed", range(6))
def test_kept_spans_come_back_untouched_and_block_their_time(seed: int) -> None:
    keep = [Span(4.0, 6.5, "right", {"phrase": "iconic"}, locked=True), Span(10.0, None, "left")]
    spans = suggest(WORDS, None, seed=seed, keep=keep)
    assert [span for span in spans if span.source == "user"] == keep
    for span in spans:
        if span.source == "planner":
            assert span.end is not None
            assert span.end <= 4.0 - 0.37 + 1e-9 or span.start >= 6.5
            assert span.end <= 10.0 - 0.37 + 1e-9 or span.start >= 11.2


@pytest.mark.parametrize("seed", range(6))
def test_a_gesture_is_over_before_the_next_one_prepares(seed: int) -> None:
    spans = suggest(WORDS, None, density=1.5, seed=seed)
    for before, after in itertools.pairwise(spans):
        assert before.end is not None
        assert before.end <= after.start + 1e-9


def test_hands_rest_in_a_long_pause() -> None:
    words = [*spread("we must all stop this now", 0.5, 3.0), *spread("you know that it is big", 7.0, 9.5)]
    for seed in range(8):
        for span in suggest(words, None, duration=10, seed=seed):
            assert span.end is not None
            assert span.end <= 3.3 or span.start >= 6.0


def test_words_name_kind_and_place() -> None:
    kinds = {
        WORDS[g.word].text: g.kind for s in range(30) for g in plan_gestures(WORDS, None, density=1.5, seed=s)
    }
    assert kinds["left"] == "left"
    assert kinds["never"] == "negation"
    assert any(
        span.labels.get("entity") == "building" for s in range(30) for span in suggest(WORDS, None, seed=s)
    )


def test_german_words_have_rules_too() -> None:
    words = [
        Word(w.text, w.start, w.end, "de")
        for w in spread("Dort links steht die Kirche, nicht rechts", 0.8, 5)
    ]
    kinds = {g.kind for s in range(20) for g in plan_gestures(words, None, density=1.5, seed=s)}
    assert {"left", "negation"} <= kinds


def test_sound_alone_gives_gestures_where_it_is_loud() -> None:
    audio = np.concatenate([tone(6), np.zeros(16000 * 4, dtype=np.float32), tone(6)])
    spans = suggest([], audio, seed=1)
    assert len(spans) >= 3
    for span in spans:
        assert span.end is not None
        assert span.end <= 6.4 or span.start >= 9.3


@pytest.mark.parametrize("audio", [None, np.zeros(0, np.float32), np.zeros(32000, np.float32)])
def test_nothing_to_hear_nothing_suggested(audio: np.ndarray | None) -> None:
    assert suggest([], audio) == []


@pytest.mark.parametrize(
    "setting", [{"density": -1}, {"energy": 99}, {"handedness": 2}, {"duration": float("inf")}]
)
def test_settings_out_of_range_are_named(setting: dict) -> None:
    with pytest.raises(AqgtError, match=next(iter(setting))):
        suggest(WORDS, None, **setting)
