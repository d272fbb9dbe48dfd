# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner's two services: suggest spans for a clip, and complete spans that name only some channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from aqgt.annotation_channels import NOT_LABELS
from aqgt.annotations import STROKE, Span, canonical
from aqgt.errors import AqgtError
from aqgt.gesture_forms import forms_of
from aqgt.planner.candidates import describe
from aqgt.planner.forms import HAND_FAMILIES, form_labels, nearest
from aqgt.planner.planning import plan_gestures
from aqgt.planner.rules import load_rules, token
from aqgt.words import Word


def suggest(
    words: Sequence[Word],
    audio: NDArray | None = None,
    *,
    duration: float | None = None,
    density: float = 1.0,
    energy: float = 1.0,
    handedness: float = 0.6,
    seed: int = 0,
    keep: Sequence[Span] = (),
) -> list[Span]:
    """Annotation spans for a clip, in order of time, with labels for all channels of their hands.

    Args:
        words: timed words; may be empty, then the sound alone decides.
        audio: `[N]` mono 16 kHz samples, or None, then the words alone decide.
        duration: length of the clip in seconds (default: that of the sound, else the last word's end).
        density: 1 = about one gesture per 2.2 s of speech, 0 = none.
        energy: 1 = usual; larger means larger movements.
        handedness: probability that a one-handed gesture is the right hand's.
        seed: another seed gives another, equally fitting suggestion.
        keep: spans of the user; returned untouched, and nothing is suggested in their time.

    Raises:
        AqgtError: density, energy, handedness or duration is out of range.
    """
    for name, value, top in (
        ("density", density, 10.0),
        ("energy", energy, 10.0),
        ("handedness", handedness, 1.0),
    ):
        if not 0 <= value <= top:
            raise AqgtError(
                f"The {name} is {value}.", f"Give a number from 0 to {top:g}.", "bad-planner-setting"
            )
    if duration is not None and not 0 <= duration < float("inf"):
        raise AqgtError(
            f"The duration is {duration} s.", "Give the clip's length in seconds.", "bad-planner-setting"
        )
    planned = plan_gestures(
        words,
        audio,
        duration=duration,
        density=density,
        energy=energy,
        handedness=handedness,
        seed=seed,
        keep=keep,
    )
    return sorted([*keep, *(gesture.span() for gesture in planned)], key=lambda span: span.start)


def complete(spans: Sequence[Span], *, words: Sequence[Word] = (), seed: int = 0) -> list[Span]:
    """The spans with plausible labels for the channels they do not name.

    Times, hands and named labels stay as they are, those of locked spans too; spans of rest are untouched.
    A span's completion depends on its own time and labels, not on its neighbours.
    """
    return [span if span.rest else _complete_one(span, words, seed) for span in spans]


def _complete_one(span: Span, words: Sequence[Word], seed: int) -> Span:
    random = np.random.default_rng([seed & 0xFFFFFFFF, round(span.start * 1000), len(span.side)])
    index = _spoken_word(span, words)
    kind = _kind_of(words, index) if index >= 0 else None
    labels = dict(span.labels)
    if "phrase" not in labels and not any(key.startswith("phrase_") for key in labels) and kind is None:
        kind = "beat"
    given = forms_of(span)
    named = {hand: name for hand, name in given.items() if canonical(name) not in NOT_LABELS}
    form = nearest(labels, span.side, kind, random, named)
    if len(given) < len(span.sides):
        drawn = form.draw_gesture_form(random, named)
        labels |= form_labels({hand: name for hand, name in drawn.items() if hand not in given}, span.side)
    for side in span.sides:
        hand = form.hands.get(side) or next(iter(form.hands.values()))
        for family in HAND_FAMILIES:
            if family not in labels and f"{family}_{side}" not in labels:
                labels[f"{family}_{side}"] = hand[family]
    if index >= 0:
        for key, label in describe(words, index).items():
            labels.setdefault(key, label)
    return replace(span, labels=labels)


def _spoken_word(span: Span, words: Sequence[Word]) -> int:
    """The word that the hands arrive on, or -1."""
    arrival = span.start + STROKE / 2
    near = [(abs((word.start + word.end) / 2 - arrival), i) for i, word in enumerate(words)]
    distance, index = min(near, default=(float("inf"), -1))
    return index if distance < 1.0 else -1


def _kind_of(words: Sequence[Word], index: int) -> str | None:
    rules = load_rules(words[index].language)
    for at in (index, index + 1, index - 1):
        if 0 <= at < len(words):
            invitation = rules.invitation([token(word.text) for word in words[at : at + 5]])
            if invitation is not None:
                return invitation.kind
    return None
