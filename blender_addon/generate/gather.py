# SPDX-License-Identifier: GPL-3.0-or-later
"""From what the scene says to a job; whatever is wrong is said before anything is sent."""

from __future__ import annotations

import bpy

from aqgt.errors import AqgtError
from aqgt.protocol.messages import GenerateRequest

from ..annotate.reading import read_annotations
from ..connection import session
from ..retarget.mapping import mapping_of
from ..scene.armature import describe
from ..scene.nla import check_editable
from ..speech.said import spoken
from ..speech.source import read_sound
from ..takes.sounds import sound_source
from .job import Job


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


def gather(context: bpy.types.Context) -> Job:
    """Everything the engine needs, read from the scene.

    Raises:
        AqgtError: no usable character, sound or engine; the sentence names the next step.
    """
    character = chosen_character(context)
    check_editable(character)
    mapping_of(character, describe(character))
    sound = read_sound(context)
    annotations = read_annotations(context.scene, character.name, sound.start, sound.duration)
    settings, speech = context.scene.aqgt_generate, context.scene.aqgt_speech
    language = speech.language or "en"
    notes = [f"Left out: {entry.name} ({entry.problem})" for entry in annotations.entries if entry.problem]
    said = spoken(context, sound)
    request = GenerateRequest(
        audio=sound.samples,
        words=said.words,
        spans=tuple(annotations.spans),
        annotate="around" if settings.annotate else "none",
        model=settings.model,
        seed=settings.seed,
        language=language,
    )
    return Job(
        client=session.client(),
        request=request,
        transcript=said.transcript,
        scene=context.scene.name,
        character=character.name,
        start=sound.start,
        sound=sound_source(context, sound),
        notes=notes + said.notes,
    )
