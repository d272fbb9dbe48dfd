# SPDX-License-Identifier: GPL-3.0-or-later
"""The gesture forms that a network reads beside the annotation matrix, and what presets leave of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aqgt.annotations import CHANNEL_BY_KEY, HANDS, NOTHING, UNKNOWN, Span
from aqgt.gesture_forms import forms_of, forms_to_rows

_LOOKS = ("phrase", "position", "shape", "wrist", "practice")
"""Families that a form goes with: where a preset changes one, the gesture is no longer of that form."""


def form_rows(
    spans: Sequence[Span],
    track: NDArray[np.float32],
    read: NDArray[np.float32],
    fps: float,
    known: Sequence[str],
) -> NDArray[np.float32]:
    """What a network with forms reads for one variant: `[2, T]`.

    Args:
        spans: the variant's; beside a given matrix those that name forms, or none.
        track: `[17, T]` the matrix before the preset.
        read: `[17, T]` the matrix that the network reads.
        fps: frames per second of both.
        known: the forms of the model, in its order.

    Raises:
        AqgtError: a span names an unknown form.
    """
    rows = forms_to_rows(spans, track.shape[1], fps, known)
    for row, hand in zip(rows, HANDS, strict=True):
        phrase = read[CHANNEL_BY_KEY[f"phrase_{hand}"].index]
        looks = [CHANNEL_BY_KEY[f"{family}_{hand}"].index for family in _LOOKS]
        row[(track[looks] != read[looks]).any(axis=0)] = UNKNOWN
        row[(row == NOTHING) & (phrase != NOTHING)] = UNKNOWN  # a gesture of which no span speaks
        row[phrase == NOTHING] = NOTHING
    return rows


def unlearned(spans: Sequence[Span], known: Sequence[str]) -> list[str]:
    """A sentence about the forms that a user asked for and the model has not learned."""
    own = [span for span in spans if span.source == "user"]
    named = {name for span in own for name in forms_of(span).values()} - {"nothing", "unknown"}
    missing = sorted(named - set(known))
    if not missing:
        return []
    if not known:
        return ["This model knows no gesture forms; yours choose the other labels alone."]
    listed = ", ".join(missing)
    return [f"This model has not learned the gesture form {listed}; it chooses the other labels alone."]
