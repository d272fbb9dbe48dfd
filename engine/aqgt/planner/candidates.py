# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments that could carry a gesture: words that invite one, stressed words, swells of the voice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aqgt.planner.rules import Rules, load_rules, token
from aqgt.planner.sound import Sound
from aqgt.words import Word

LONGEST_PHRASE = 5
"""Words in a row that a rule may ask for."""


@dataclass(frozen=True)
class Candidate:
    """A moment that could carry a gesture.

    Attributes:
        arrival: second at which the hands should arrive.
        kind: kind of gesture invited.
        weight: how strongly, 0 to 1.
        stress: how much the voice stresses the moment, 0 to 1.
        word: index of the word, or -1 for a swell of the voice.
    """

    arrival: float
    kind: str
    weight: float
    stress: float
    word: int = -1


def find_candidates(words: Sequence[Word], sound: Sound) -> list[Candidate]:
    """All candidates of a clip in order of time."""
    if not words:
        return [
            Candidate(at, "beat" if strength < 0.9 else "emphasis", 0.25 + 0.3 * strength, strength)
            for at, strength in sound.swells()
        ]
    stresses = word_stress(words, sound)
    tokens = [token(word.text) for word in words]
    found = []
    for index, word in enumerate(words):
        rules = load_rules(word.language)
        stress = float(stresses[index])
        arrival = sound.peak_time(word.start, word.end)
        invitation = rules.invitation(_in_a_row(words, tokens, index))
        if invitation is not None:
            found.append(Candidate(arrival, invitation.kind, invitation.weight, stress, index))
        if tokens[index] not in rules.unstressed:
            found.append(Candidate(arrival, "beat", 0.08 + 0.32 * stress, stress, index))
    return found


def word_stress(words: Sequence[Word], sound: Sound) -> np.ndarray:
    """Stress of each word `[N]`, 0 to 1: loud and long words score, function words are lowered."""
    light = [token(word.text) in load_rules(word.language).unstressed for word in words]
    if len(sound.words) == len(words):
        score = np.array([word.stress for word in sound.words])
        return np.clip(np.where(light, 0.5 * score, score), 0, 1)
    level = np.array([sound.level(word.start, word.end) for word in words])
    letters = np.array([max(1, len(token(word.text))) for word in words])
    length = np.array([word.end - word.start for word in words])
    slowness = length / np.maximum(letters, 1)
    score = 0.6 * _ranks(level) + 0.25 * _ranks(length) + 0.15 * _ranks(slowness)
    return np.clip(np.where(light, 0.35 * score, score), 0, 1)


def describe(words: Sequence[Word], index: int) -> dict[str, str]:
    """Labels of what is spoken of (entity, speech position) at a word and its neighbours."""
    labels: dict[str, str] = {}
    for near in sorted(range(max(0, index - 1), min(len(words), index + 3)), key=lambda i: abs(i - index)):
        rules: Rules = load_rules(words[near].language)
        name = token(words[near].text)
        if name in rules.entities:
            labels.setdefault("entity", rules.entities[name])
        if name in rules.speech_positions:
            labels.setdefault("speech_position", rules.speech_positions[name])
    return labels


def _in_a_row(words: Sequence[Word], tokens: Sequence[str], index: int) -> list[str]:
    """Tokens from a word on, up to the next gap in speech: a phrase does not reach over a pause."""
    row = [tokens[index]]
    for after in range(index + 1, min(len(words), index + LONGEST_PHRASE)):
        if words[after].start - words[after - 1].end > 0.3:
            break
        row.append(tokens[after])
    return row


def _ranks(values: np.ndarray) -> np.ndarray:
    if len(values) < 2 or np.ptp(values) < 1e-9:
        return np.full(len(values), 0.5)
    order = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return order / (len(values) - 1)
