# SPDX-License-Identifier: GPL-3.0-or-later
"""The annotation channels as Blender shows them: names, choices, and what each does to the motion."""

from __future__ import annotations

from typing import Any

import bpy

from aqgt.annotations import CHANNEL_BY_KEY, SIDED_FAMILIES
from aqgt.gesture_forms import FORM, FORM_CHANNELS

from ..translations import CONTEXT

NOT_NAMED = "NONE"
"""Choice of a channel that the annotation does not name."""

CHANNELS = {**CHANNEL_BY_KEY, **FORM_CHANNELS}
"""The channels of the matrix, and the gesture forms of both hands."""
OF_HANDS = (*SIDED_FAMILIES, FORM)
"""Families with one channel per hand."""

TITLES = {
    FORM: "Gesture",
    "phrase": "Type",
    "phase": "Phase",
    "extent": "Extent",
    "shape": "Hand Shape",
    "position": "Position",
    "practice": "Practice",
    "wrist": "Wrist Distance",
    "entity": "Entity",
    "position_speech": "Position in Speech",
}
"""Families of the hands in the order of the panel, then the channels of no hand."""

_LISTENERS = " Heard by compact and aqgt-a; aqgt takes it, but was trained without annotations"
_EFFECTS = {
    FORM: "Which recorded movement the hand makes, such as Shrug, Chop, Frame or Offer. Heard by compact"
    " and other models that have learned gesture forms; with aqgt and aqgt-a it chooses fitting"
    " labels for all that is not named",
    "phrase": "Kind of movement: a beat with the rhythm, pointing (deictic), a form in the air (iconic)."
    + _LISTENERS,
    "phase": "Holds the hand in one phase for the whole annotation; not named: it prepares, strokes, holds"
    " and sinks in turn." + _LISTENERS,
    "extent": "How far the hand travels: small, medium or large." + _LISTENERS,
    "shape": "How the fingers are held, from flat (B) to a pointing finger (G)." + _LISTENERS,
    "position": "Where the gesture places what it shows, such as left, behind or on top." + _LISTENERS,
    "practice": "What the hand does in the air: draw, model, grasp, count, size." + _LISTENERS,
    "wrist": "How far the wrist is from the body, in the codes of the SaGA corpus: from D-C, touching, to"
    " D-O, the arm stretched out." + _LISTENERS,
    "entity": "Which thing of the SaGA route descriptions is spoken of. Heard by aqgt-a; it has no reliable"
    " effect on compact, and aqgt was trained without annotations",
    "position_speech": "Where the words themselves place a thing. Heard by aqgt-a; it has no reliable effect"
    " on compact, and aqgt was trained without annotations",
}


def label_items(channel_key: str) -> tuple[tuple[str, str, str, int], ...]:
    """Choices of a channel. Their numbers are the stored values, so that files survive new labels."""
    channel = CHANNELS[channel_key]
    labels = [
        (label.name, _title(label.name), f"The marker says “{label.name}”", label.value + 2)
        for label in channel.labels
    ]
    return (
        (NOT_NAMED, "Any", "Not named: the planner chooses what is plausible", 0),
        ("unknown", "Unknown", "The model is told nothing, and the planner chooses nothing", 1),
        ("nothing", "Nothing", "The model is told that there is nothing of this kind", 2),
        *labels,
    )


def choice(family: str, hand: str = "", **options: Any) -> Any:
    """An enum property for the labels of a family, of one hand where ``hand`` is “left” or “right”."""
    channel = f"{family}_{hand or 'left'}" if family in OF_HANDS else family
    return bpy.props.EnumProperty(
        name=f"{TITLES[family]}, {hand.title()} Hand" if hand else TITLES[family],
        description=_EFFECTS[family],
        items=label_items(channel),
        default=NOT_NAMED,
        translation_context=CONTEXT,
        **options,
    )


def side_choice(**options: Any) -> Any:
    """An enum property for the hands."""
    return bpy.props.EnumProperty(
        name="Hand",
        description="Which hand gestures; the other is left to its own annotations." + _LISTENERS,
        items=(
            ("left", "Left", "The character's left hand"),
            ("right", "Right", "The character's right hand"),
            ("both", "Both", "Both hands"),
        ),
        default="both",
        translation_context=CONTEXT,
        **options,
    )


def length_choice(**options: Any) -> Any:
    """A float property for the length in seconds."""
    return bpy.props.FloatProperty(
        name="Length",
        description="Seconds from the stroke to the end of its hold; the hand starts 0.37 s before and sinks"
        " 0.4 s after. 0: up to the next marker of that hand, at most 1.2 s." + _LISTENERS,
        min=0.0,
        max=600.0,
        soft_max=10.0,
        default=0.0,
        precision=2,
        **options,
    )


def rest_choice(**options: Any) -> Any:
    """A boolean property for an explicit "no gesture"."""
    return bpy.props.BoolProperty(
        name="Rest",
        description="No gesture from here on: the hands rest until their next annotation." + _LISTENERS,
        default=False,
        **options,
    )


def _title(name: str) -> str:
    words = name.replace("-", " ").replace("_", " ")
    return "None" if name == "0" else words[:1].upper() + words[1:]
