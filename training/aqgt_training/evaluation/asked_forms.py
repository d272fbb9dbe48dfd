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
from aqgt_training.corpora.form_names import form_rows


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
