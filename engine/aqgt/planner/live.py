# SPDX-License-Identifier: GPL-3.0-or-later
"""Chooses gestures while somebody is still speaking: only from what was heard, only for frames not yet made.

A gesture begins before the moment that it marks, so it can only be chosen where both lie within the sound
that is heard ahead of the motion. Where they do not, the next stretch has to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from aqgt.annotations import PREPARATION, RETRACTION, STROKE, Span
from aqgt.planner.candidates import Candidate, find_candidates
from aqgt.planner.forms import Pair
from aqgt.planner.planning import (
    HOLD_GAP,
    HOLD_PROBABILITY,
    LONGEST_GAP,
    REST_PAUSE,
    SECONDS_PER_GESTURE,
    PlannedGesture,
    is_blocked,
    occupied,
    shape,
    shares_a_hand,
)
from aqgt.planner.rules import kinds
from aqgt.planner.sound import RATE, Sound, hear
from aqgt.speech.audio import SAMPLE_RATE
from aqgt.words import Word, shifted

SOFTEST_VOICE = -30.0
"""Decibels of full scale that the loud parts of a voice have at least; else a silent room would be heard."""
_SHORTEST_PREPARATION = 0.13
_EDGE = 0.1
"""Seconds before the end of what was heard in which a swell may still grow."""
_WORDS_LATE = 2.5
"""Seconds without a word after which the sound decides."""
_MOST_OWED = 1.5
_REMEMBERED = 10.0


class LivePlanner:
    """The planner of one live motion; all its times are seconds from the motion's beginning.

    Args:
        density, energy, handedness, seed: as for `aqgt.planner.suggest`.
    """

    def __init__(self, *, density: float, energy: float, handedness: float, seed: int) -> None:
        self._density, self._energy, self._handedness = density, energy, handedness
        self._random = np.random.default_rng([0x6C697665, seed & 0xFFFFFFFF])
        self._used: Counter[Pair] = Counter()
        self._hand = "right" if self._random.random() < handedness else "left"
        self._gestures: list[PlannedGesture] = []
        self._heard_until = 0.0
        self._owed = 0.0
        self._spoken_since = 0.0

    def plan(
        self,
        audio: np.ndarray,
        words: Sequence[Word],
        *,
        offset: float,
        made_until: float,
        keep: Sequence[Span] = (),
    ) -> list[Span]:
        """Listen to more, and choose the gestures that fit into it.

        Args:
            audio: `[N]` mono 16 kHz samples of the last seconds.
            words: the words in them, timed from the motion's beginning.
            offset: second at which ``audio`` begins.
            made_until: second up to which the motion has been made.
            keep: spans of the user; nothing is chosen in their time.

        Returns:
            the spans of the last seconds and of those to come, in order of time.
        """
        # Words that come late, or no more, must not be taken for silence.
        current = any(word.end > offset + len(audio) / SAMPLE_RATE - _WORDS_LATE for word in words)
        near = shifted(words, -offset) if current else []
        sound = hear(audio, near, len(audio) / SAMPLE_RATE, softest_voice=SOFTEST_VOICE)
        until = offset + sound.duration
        spoken = self._count_speech(sound, offset, until)
        self._owed = min(self._owed + 0.9 * spoken / SECONDS_PER_GESTURE * self._density, _MOST_OWED)
        self._spoken_since += spoken
        earliest = made_until + _SHORTEST_PREPARATION + STROKE
        taken = [occupied(span) for span in keep]
        possible = [
            (offset + each.arrival, each)
            for each in find_candidates(near, sound)
            if earliest <= offset + each.arrival <= until - _EDGE
        ]
        chosen = self._choose([c for at, c in possible if not is_blocked(at, taken)], offset)
        for candidate in chosen:
            self._add(candidate, near, sound, offset, made_until)
        self._end_in_pauses(sound, offset, made_until)
        self._gestures = [g for g in self._gestures if g.end + RETRACTION > made_until - _REMEMBERED]
        return [gesture.span() for gesture in self._gestures]

    def _count_speech(self, sound: Sound, offset: float, until: float) -> float:
        first = max(0, round((self._heard_until - offset) * RATE))
        self._heard_until = until
        return float(sound.speech[first:].sum()) / RATE

    def _choose(self, candidates: Sequence[Candidate], offset: float) -> list[Candidate]:
        """By weight and chance, spaced; more than none where somebody has spoken long without a gesture."""
        if self._density <= 0 or not candidates:
            return []
        spacing = float(np.clip(1.15 / self._density, 0.75, 4.0))
        noise = self._random.gumbel(size=len(candidates))
        score = [
            c.weight * (0.55 + 0.45 * c.stress) + 0.13 * g for c, g in zip(candidates, noise, strict=True)
        ]
        wanted = int(self._owed + self._random.random())
        if self._spoken_since > LONGEST_GAP / self._density:
            wanted = max(wanted, 1)
        last = self._gestures[-1].arrival - offset if self._gestures else -np.inf
        chosen: list[Candidate] = []
        for index in sorted(range(len(candidates)), key=lambda i: -score[i]):
            at = candidates[index].arrival
            if len(chosen) < wanted and all(
                abs(at - x) >= spacing for x in (last, *(c.arrival for c in chosen))
            ):
                chosen.append(candidates[index])
        self._owed -= len(chosen)
        if chosen:
            self._spoken_since = 0.0
        return sorted(chosen, key=lambda candidate: candidate.arrival)

    def _add(
        self, candidate: Candidate, words: Sequence[Word], sound: Sound, offset: float, made_until: float
    ) -> None:
        gesture, self._hand = shape(
            candidate, self._hand, words, sound, self._energy, self._handedness, self._random, self._used
        )
        arrival = offset + gesture.arrival
        end = arrival + self._random.uniform(*kinds()[gesture.kind].hold)
        gesture = replace(gesture, arrival=arrival, end=end)
        if self._gestures:
            before, up = self._gestures[-1], gesture.start - PREPARATION
            # Hands that are still up usually stay there.
            near = before.end >= made_until and 0 < up - before.end < HOLD_GAP
            if near and shares_a_hand(before, gesture) and self._random.random() < HOLD_PROBABILITY:
                self._gestures[-1] = replace(before, end=up)
        self._gestures.append(gesture)

    def _end_in_pauses(self, sound: Sound, offset: float, made_until: float) -> None:
        for start, _ in sound.pauses(REST_PAUSE):
            rest = max(offset + start + 0.2, made_until)
            for index, gesture in enumerate(self._gestures):
                if gesture.arrival - 0.05 <= offset + start and gesture.end > rest:
                    self._gestures[index] = replace(gesture, end=max(rest, gesture.start + 0.3))
