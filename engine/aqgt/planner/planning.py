# SPDX-License-Identifier: GPL-3.0-or-later
"""Chooses the gestures of a clip: which moments, which hands, how large, how long they stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from aqgt.annotations import LONGEST_OPEN_SPAN, PREPARATION, RETRACTION, STROKE, Span
from aqgt.planner.candidates import Candidate, describe, find_candidates
from aqgt.planner.forms import Form, Pair, draw, form_labels, sides_of
from aqgt.planner.rules import kinds
from aqgt.planner.sound import RATE, Sound, hear
from aqgt.words import Word

SECONDS_PER_GESTURE = 2.2
"""Speech per gesture at density 1."""
LONGEST_GAP = 3.2
"""Seconds of speech without a gesture at density 1 after which one is added."""
HOLD_GAP = 2.0
"""With less time than this before the next gesture, the hands usually stay up instead of going to rest."""
HOLD_PROBABILITY = 0.8
REST_PAUSE = 0.8
"""Pauses at least this long let the hands come to rest."""
_SAME_HAND = 0.75


@dataclass(frozen=True)
class PlannedGesture:
    """One gesture of a plan.

    Attributes:
        kind: kind of gesture (gestures.toml).
        arrival: second at which the hands arrive.
        end: second until which they stay.
        side: active hands.
        extent: ``"small"``, ``"medium"`` or ``"large"``.
        stress: how much the voice stresses the moment, 0 to 1.
        form: the measured combination of labels.
        speech: labels of the channels that describe what is said (``entity``, ``speech_position``).
        word: index of the word, or -1.
        gesture_forms: hand → gesture form.
    """

    kind: str
    arrival: float
    end: float
    side: str
    extent: str
    stress: float
    form: Form
    speech: dict[str, str] = field(default_factory=dict)
    word: int = -1
    gesture_forms: dict[str, str] = field(default_factory=dict)

    @property
    def start(self) -> float:
        """Onset of the stroke in seconds: the hands arrive when it ends."""
        return max(0.0, self.arrival - STROKE)

    def span(self) -> Span:
        """The gesture as an annotation with labels for all channels of its hands."""
        labels = {**self.form.labels(), **form_labels(self.gesture_forms, self.side), **self.speech}
        return Span(self.start, self.end, self.side, labels, source="planner")


def plan_gestures(
    words: Sequence[Word],
    audio: NDArray | None,
    *,
    duration: float | None = None,
    density: float = 1.0,
    energy: float = 1.0,
    handedness: float = 0.6,
    seed: int = 0,
    keep: Sequence[Span] = (),
    sound: Sound | None = None,
) -> list[PlannedGesture]:
    """The gestures for a clip in order of time; see :func:`aqgt.planner.suggest` for the arguments.

    ``sound``: what :func:`aqgt.planner.sound.hear` heard, where that is known already.
    """
    random = np.random.default_rng([0x61716774, seed & 0xFFFFFFFF])
    sound = sound or hear(audio, words, duration)
    blocked = [occupied(span) for span in keep]
    free = [c for c in find_candidates(words, sound) if not is_blocked(c.arrival, blocked)]
    free = [c for c in free if 0.7 <= c.arrival <= sound.duration - 0.15]
    chosen = _choose(free, sound, density, random)
    gestures: list[PlannedGesture] = []
    used: Counter[Pair] = Counter()
    hand = "right" if random.random() < handedness else "left"
    for candidate in chosen:
        gesture, hand = shape(candidate, hand, words, sound, energy, handedness, random, used)
        gestures.append(gesture)
    return _with_ends(gestures, sound, blocked, random)


def shape(
    candidate: Candidate,
    hand: str,
    words: Sequence[Word],
    sound: Sound,
    energy: float,
    handedness: float,
    random: np.random.Generator,
    used: Counter[Pair],
) -> tuple[PlannedGesture, str]:
    """The gesture of a candidate, ending as it arrives; and the hand that a run of gestures goes on with.

    ``used`` counts the gesture forms so far, this gesture's included when it returns.
    """
    side, hand = _side(candidate.kind, hand, handedness, random)
    extent = _extent(candidate, sound, energy, random)
    form = draw(candidate.kind, side, extent, random, used)
    # A stream of its own: the gestures of a seed stay as they were before they had forms.
    gesture_forms = form.draw_gesture_form(random.spawn(1)[0], used=used)
    if gesture_forms:
        used[gesture_forms["left"], gesture_forms["right"]] += 1
    gesture = PlannedGesture(
        kind=candidate.kind,
        arrival=candidate.arrival,
        end=candidate.arrival,
        side=side,
        extent=form.extent,
        stress=candidate.stress,
        form=form,
        speech=describe(words, candidate.word) if candidate.word >= 0 else {},
        word=candidate.word,
        gesture_forms=gesture_forms,
    )
    return gesture, hand


def _choose(
    candidates: Sequence[Candidate], sound: Sound, density: float, random: np.random.Generator
) -> list[Candidate]:
    """Candidates by weight and chance, spaced, about one per 2.2 s of speech; then long gaps are filled."""
    if density <= 0 or not candidates:
        return []
    wanted = round(0.9 * sound.speech_seconds / SECONDS_PER_GESTURE * density)
    spacing = float(np.clip(1.15 / density, 0.75, 4.0))
    noise = random.gumbel(size=len(candidates))
    score = [c.weight * (0.55 + 0.45 * c.stress) + 0.13 * g for c, g in zip(candidates, noise, strict=True)]
    chosen: list[Candidate] = []

    def take(indices: Sequence[int], limit: int) -> None:
        for index in sorted(indices, key=lambda i: -score[i]):
            if len(chosen) >= limit:
                return
            if all(abs(candidates[index].arrival - other.arrival) >= spacing for other in chosen):
                chosen.append(candidates[index])

    # In stretches of a few gestures each, so that no part of the clip is left alone by chance.
    stretch = 3 * SECONDS_PER_GESTURE / density
    for start in np.arange(0.0, sound.duration, stretch):
        inside = [i for i, c in enumerate(candidates) if start <= c.arrival < start + stretch]
        spoken = float(sound.speech[int(start * RATE) : int((start + stretch) * RATE)].sum()) / RATE
        exact = 0.85 * spoken / SECONDS_PER_GESTURE * density
        take(inside, len(chosen) + int(exact + random.random()))
    take(range(len(candidates)), wanted)
    _fill_gaps(chosen, candidates, score, sound, density, spacing)
    return sorted(chosen, key=lambda c: c.arrival)


def _fill_gaps(
    chosen: list[Candidate],
    candidates: Sequence[Candidate],
    score: Sequence[float],
    sound: Sound,
    density: float,
    spacing: float,
) -> None:
    """Adds the best candidate inside each stretch in which somebody speaks long without a gesture."""
    longest = LONGEST_GAP / density
    edges = [0.0, *sorted(c.arrival for c in chosen), sound.duration]
    while len(edges) > 1:
        start = edges.pop(0)
        spoken = float(sound.speech[int(start * RATE) : int(edges[0] * RATE)].sum()) / RATE
        inside = [i for i, c in enumerate(candidates) if start + spacing <= c.arrival <= edges[0] - spacing]
        if spoken > longest and inside:
            best = candidates[max(inside, key=lambda i: score[i])]
            chosen.append(best)
            edges = [start, best.arrival, *edges]


def _side(kind: str, hand: str, handedness: float, random: np.random.Generator) -> tuple[str, str]:
    """The active hands, and the hand that a run of one-handed gestures goes on with."""
    rule = kinds()[kind]
    possible = sides_of(kind) or frozenset(("left", "right", "both"))
    if "both" in possible and (random.random() < rule.both or len(possible) == 1):
        return "both", hand
    if rule.side is not None and random.random() < 0.85:
        return rule.side, rule.side
    if random.random() > _SAME_HAND:
        hand = "right" if random.random() < handedness else "left"
    return (hand, hand) if hand in possible else ("both", hand)


def _extent(candidate: Candidate, sound: Sound, energy: float, random: np.random.Generator) -> str:
    """How large: stress, loudness, the kind's own size and the wished energy, with some chance."""
    loud = np.clip(1 + sound.level(candidate.arrival - 0.1, candidate.arrival + 0.1) / 20, 0, 1)
    wish = 0.45 * candidate.stress + 0.25 * loud + 0.35 * kinds()[candidate.kind].size
    wish = (0.12 + wish) * max(energy, 0.0) + 0.16 * random.standard_normal()
    return "small" if wish < 0.42 else "medium" if wish < 0.74 else "large"


def _with_ends(
    gestures: list[PlannedGesture],
    sound: Sound,
    blocked: Sequence[tuple[float, float]],
    random: np.random.Generator,
) -> list[PlannedGesture]:
    pauses = sound.pauses(REST_PAUSE)
    ended = []
    for index, gesture in enumerate(gestures):
        shortest, longest = kinds()[gesture.kind].hold
        end = gesture.arrival + random.uniform(shortest, longest)
        next_up = gestures[index + 1].start - PREPARATION if index + 1 < len(gestures) else sound.duration
        stays = index + 1 < len(gestures) and next_up - end < HOLD_GAP and random.random() < HOLD_PROBABILITY
        if stays and shares_a_hand(gesture, gestures[index + 1]):
            end = next_up
        for start, stop in pauses:
            if start >= gesture.arrival - 0.05 and end > start + 0.2 and stop - start >= REST_PAUSE:
                end = start + 0.2
        latest = [start for start, _ in blocked if start > gesture.arrival - STROKE]
        end = min([end, next_up, sound.duration, *latest])
        ended.append(replace(gesture, end=max(end, gesture.start + 0.3)))
    return ended


def shares_a_hand(first: PlannedGesture, second: PlannedGesture) -> bool:
    """Whether a hand takes part in both."""
    return "both" in (first.side, second.side) or first.side == second.side


def occupied(span: Span) -> tuple[float, float]:
    """The time that a user's span occupies, its preparation and retraction included."""
    end = span.end if span.end is not None else span.start + LONGEST_OPEN_SPAN
    return max(0.0, span.start - PREPARATION), end + RETRACTION


def is_blocked(arrival: float, blocked: Sequence[tuple[float, float]]) -> bool:
    """Whether a gesture that arrives then would get into one of the times (see `occupied`)."""
    first = arrival - STROKE - PREPARATION
    return any(first < end and arrival + 0.2 > start for start, end in blocked)
