# SPDX-License-Identifier: GPL-3.0-or-later
"""The gesture forms of composed clips: as labels of their strokes, and as spans beside their matrix."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from aqgt.annotations import HANDS, Span
from aqgt.gesture_forms import FORM, gesture_forms
from aqgt_training.corpora.clip_lmdb import ClipRecord
from aqgt_training.corpora.form_names import MIRRORED, form_rows
from aqgt_training.evaluation.gestures import asked_gestures


def all_forms() -> tuple[str, ...]:
    """Names of all gesture forms, in the order of `forms_of_clip`'s numbers."""
    return tuple(gesture_forms())


def forms_of_clip(clip: ClipRecord) -> NDArray[np.float32]:
    """Forms of both hands over the clip, `[2, T]`: 1 + place in `all_forms`, 0 none, -1 unknown."""
    return form_rows(clip, clip.track().values, all_forms())


def form_spans(clip: ClipRecord, known: Sequence[str]) -> tuple[Span, ...]:
    """The clip's forms as spans that go beside its matrix; those that a model doesn't know are left out.

    A named phase makes a span last from its start to its end, without preparation and retraction, so that the
    network reads the same frames as in its training.
    """
    spans = []
    for hand, row in zip(HANDS, form_rows(clip, clip.track().values, tuple(known)), strict=True):
        edges = [0, *(np.flatnonzero(np.diff(row)) + 1), len(row)]
        spans += [
            Span(
                start / clip.fps,
                end / clip.fps,
                hand,
                {FORM: known[int(row[start]) - 1], "phase": "stroke"},
            )
            for start, end in pairwise(map(int, edges))
            if row[start] > 0
        ]
    return tuple(spans)


def takes_of_clip(clip: ClipRecord) -> list[str]:
    """For each of `asked_gestures` the recorded gesture that it was made from; empty where nobody knows."""
    takes = []
    for asked in asked_gestures(clip.track().values):
        begun = [
            gesture
            for gesture in clip.meta.get("gestures", ())
            # Begins are rounded to milliseconds and may lie a frame beside the first annotated one.
            if gesture["side"] in (asked.side, "both") and gesture["begin"] * clip.fps < asked.begin + 1.5
        ]
        latest = max(begun, key=lambda gesture: gesture["begin"], default=None)
        takes.append("" if latest is None else str(latest["clip"]).removesuffix(MIRRORED))
    return takes
