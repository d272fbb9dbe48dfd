# SPDX-License-Identifier: GPL-3.0-or-later
"""Which character and which part of the sound are meant; the panel asks at every draw."""

from __future__ import annotations

import bpy

from aqgt.annotations import HANDS, hand_gestures
from aqgt.errors import AqgtError

from ..annotate import store
from ..annotate.reading import read_annotations
from ..scene.context import seconds
from ..scene.markers import preview_range
from ..scene.nla import check_editable
from ..speech.source import chosen_strip
from .choices import model_info, speaker_number

_EDGE = 1e-6


def chosen_character(context: bpy.types.Context) -> bpy.types.Object:
    """The armature that is to gesture: the chosen one, else the active object.

    Raises:
        AqgtError: there is none, or it is not in this scene.
    """
    character = context.scene.aqgt_generate.character
    if character is None and context.object is not None and context.object.type == "ARMATURE":
        character = context.object
    if character is None:
        raise AqgtError("No character is chosen.", "Choose the armature that is to gesture.", "no-character")
    if character.name not in context.scene.objects:
        raise AqgtError(
            f"“{character.name}” is not in the scene “{context.scene.name}”.",
            "Choose an armature of this scene.",
            "no-character",
        )
    return character


def check_ready(context: bpy.types.Context) -> None:
    """Whether a press of Generate could work, as far as can be told in no time.

    Raises:
        AqgtError: what is missing.
    """
    character = chosen_character(context)
    check_editable(character)
    speech, settings = context.scene.aqgt_speech, context.scene.aqgt_generate
    if speech.source != "FILE":
        chosen_strip(context)
    elif not speech.filepath:
        raise AqgtError("No sound file is chosen.", "Choose one under Speech, or pick a strip.", "no-sound")
    chosen_range(context, character)
    speaker_number(settings.speaker, model_info(settings.model))


def chosen_range(context: bpy.types.Context, character: bpy.types.Object) -> tuple[float, float] | None:
    """Start and end of the chosen part on the timeline, in seconds; None: the whole sound.

    Raises:
        AqgtError: there is no such part.
    """
    scene = context.scene
    settings = scene.aqgt_generate
    if settings.extent == "WHOLE":
        return None
    if settings.extent == "ANNOTATION":
        return _annotation(scene, character)
    if settings.extent == "PREVIEW":
        if not scene.use_preview_range:
            raise AqgtError("The timeline has no preview range.", "Set one (P in the timeline).", "bad-range")
        return preview_range(scene)
    if settings.last_frame <= settings.first_frame:
        raise AqgtError(
            f"The range from frame {settings.first_frame} to {settings.last_frame} is empty.",
            "Choose a later last frame.",
            "bad-range",
        )
    return seconds(scene, settings.first_frame), seconds(scene, settings.last_frame + 1)


def _annotation(scene: bpy.types.Scene, character: bpy.types.Object) -> tuple[float, float]:
    from aqgt.splice import JOIN_SECONDS, LEAD_SECONDS

    marker = store.active(scene)
    if marker is None:
        raise AqgtError("No annotation is chosen.", "Choose one in the list under Annotate.", "bad-range")
    time = store.read(scene, marker).time
    spans = read_annotations(scene, character.name).spans
    found = [
        gesture
        for hand in HANDS
        for gesture in hand_gestures(spans, hand)
        if abs(gesture.span.start - time) < _EDGE
    ]
    if not found:
        raise AqgtError(
            f"“{marker.name}” is no gesture of “{character.name}”.",
            "Choose another annotation in the list under Annotate.",
            "bad-range",
        )
    # The hand is on its way before and after the gesture itself, and that is where the joins belong.
    begin, end = min(one.begin for one in found), max(one.release for one in found)
    return begin - LEAD_SECONDS / 2, end + JOIN_SECONDS
