# SPDX-License-Identifier: GPL-3.0-or-later
"""The gesture forms: names for movements that were recorded, such as "shrug", "chop" or "offer".

The 17 channels say what a gesture is like; its form says which movement it is. A span names one as its
label ``form``, for both of its hands, or ``form_left`` and ``form_right``. Which forms a model has learned
stands in its config; others mean nothing to it. The list is data, `planner/rules/gesture_forms.json`, made
from gesture clips by ``aqgt-train corpus gesture-forms``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aqgt.annotation_channels import NOTHING, UNKNOWN, Channel, Label
from aqgt.annotation_spans import HANDS, Span
from aqgt.annotation_track import frames_between, hand_gestures

FORM = "form"
"""Label key of a span's gesture form."""
_FILE = Path(__file__).parent / "planner" / "rules" / "gesture_forms.json"


@dataclass(frozen=True)
class GestureForm:
    """One named movement of a hand.

    Attributes:
        number: stays with the name, whatever forms come and go.
        name: as in annotations, e.g. ``"no-outward"``; outward is away from the other hand, inward across.
        title: for people, e.g. ``"No Outward"``.
        kind: kind of gesture in the planner's terms.
        sides: hands that it was recorded with, the commonest first: ``"both"``, ``"right"``, ``"left"``.
    """

    number: int
    name: str
    title: str
    kind: str
    sides: tuple[str, ...]


@dataclass(frozen=True)
class FormChannel(Channel):
    """The form of one hand, with the names and labels of a channel; it is no row of the matrix."""

    @property
    def labels(self) -> tuple[Label, ...]:
        """The forms; a label's value is the form's number."""
        return tuple(Label(form.number, form.name) for form in gesture_forms().values())


FORM_CHANNELS: Mapping[str, FormChannel] = {
    channel.key: channel
    for channel in (
        FormChannel(-1, "form_left", FORM, "left", "Form, left hand", "Form, linke Hand"),
        FormChannel(-1, "form_right", FORM, "right", "Form, right hand", "Form, rechte Hand"),
    )
}


@lru_cache(maxsize=1)
def gesture_forms() -> Mapping[str, GestureForm]:
    """All forms by name, in order of their numbers."""
    table = json.loads(_FILE.read_text(encoding="utf-8"))
    forms = [GestureForm(**{**row, "sides": tuple(row["sides"])}) for row in table["forms"]]
    return {form.name: form for form in sorted(forms, key=lambda form: form.number)}


def forms_of(span: Span) -> dict[str, str]:
    """Hand → what a span says of its form: a form's name, "nothing" or "unknown"; hands of which it says
    nothing are left out.

    Raises:
        AqgtError: there is no form of that name; the message lists those there are.
    """
    found = {}
    for hand in span.sides:
        label = span.label_of(FORM, hand)
        if label is not None:
            channel = FORM_CHANNELS[f"form_{hand}"]
            value = channel.value_of(label)
            special = "nothing" if value == NOTHING else "unknown"
            found[hand] = channel.name_of(value) or special
    return found


def forms_to_rows(
    spans: Sequence[Span],
    n_frames: int,
    fps: float,
    known: Sequence[str],
) -> NDArray[np.float32]:
    """What a network with forms reads beside the annotation matrix.

    Args:
        spans: in any order.
        n_frames: frames of the clip.
        fps: frames per second of the clip.
        known: the forms of the model, in its order.

    Returns:
        `[2, T]`, left and right hand: 1 + place in ``known``; 0 no form; -1 unknown, everywhere where
        there are no spans. A form holds from the
        preparation to the end of the retraction; one that the model has not learned is unknown.

    Raises:
        AqgtError: a span names an unknown form.
    """
    number = {name: float(place + 1) for place, name in enumerate(known)} | {"nothing": NOTHING}
    rows = np.full((len(HANDS), n_frames), UNKNOWN, np.float32)
    if not spans:
        return rows
    named = {id(span): forms_of(span) for span in spans}
    for row, hand in zip(rows, HANDS, strict=True):
        row[:] = NOTHING
        gestures = hand_gestures(spans, hand)
        for gesture in sorted(gestures, key=lambda gesture: not gesture.span.rest):
            name = "nothing" if gesture.span.rest else named[id(gesture.span)].get(hand, "unknown")
            row[frames_between(gesture.begin, gesture.release, n_frames, fps)] = number.get(name, UNKNOWN)
    return rows
