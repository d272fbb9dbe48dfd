# SPDX-License-Identifier: GPL-3.0-or-later
"""From what the scene says to a job; whatever is wrong is said before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import bpy

from aqgt.errors import AqgtError
from aqgt.protocol.messages import GenerateRequest
from aqgt.retarget import RetargetOptions

from ..annotate.presets import load_request_preset
from ..annotate.reading import read_annotations
from ..connection import session
from ..preview.buffer import Buffer
from ..preview.live import Source
from ..preview.shown import Shown
from ..retarget.mapping import finding
from ..retarget.props import of_parts
from ..retarget.source import read_shown_pose
from ..scene.armature import describe
from ..speech.said import spoken
from ..speech.source import read_sound
from ..takes.sounds import sound_source
from ..translations import rpt
from .choices import model_info, speaker_number
from .chosen import check_ready, chosen_character, chosen_range
from .extent import Joining, join
from .job import Job

_USUAL_FPS = 15.0
"""Of every model that was made so far; an engine that was checked says it itself."""


def gather(context: bpy.types.Context) -> Job:
    """Everything the engine needs, read from the scene.

    Raises:
        AqgtError: no usable character, sound or engine; the sentence names the next step.
    """
    check_ready(context)
    character = chosen_character(context)
    rig = describe(character)
    mapping = finding(character, rig)
    sound = read_sound(context)
    annotations = read_annotations(context.scene, character.name, sound.start, sound.duration)
    settings, speech = context.scene.aqgt_generate, context.scene.aqgt_speech
    notes = [f"Left out: {entry.name} ({entry.problem})" for entry in annotations.entries if entry.problem]
    said = spoken(context, sound)
    model = model_info(settings.model)
    options = _options(context.scene)
    request = GenerateRequest(
        audio=sound.samples,
        words=said.words,
        spans=tuple(annotations.spans),
        annotate="around" if settings.annotate else "none",
        preset=load_request_preset(settings.preset) if settings.preset else None,
        model=settings.model,
        speaker=speaker_number(settings.speaker, model),
        seed=settings.seed,
        variants=settings.variants,
        language=speech.language or "en",
        head="head" in options.parts,
    )
    chosen = chosen_range(context, character)
    joining = join(context, character, sound, chosen) if chosen is not None else None
    if isinstance(joining, Joining):
        request = joining.asked(request)
    else:
        if joining is not None:
            request = replace(request, start=joining[0], end=joining[1])
            notes.append(rpt("Nothing is there yet to join the range to: it stands by itself"))
            joining = None
        if settings.start_from == "POSE":
            request = replace(request, seed_pose=read_shown_pose(character))
    fps, buffer = model.fps if model is not None else _USUAL_FPS, Buffer()
    shown = Shown(context.scene.name, character.name, sound.start + request.start, fps)
    return Job(
        client=session.client(),
        request=request,
        transcript=said.transcript,
        scene=context.scene.name,
        character=character.name,
        start=sound.start,
        sound=sound_source(context, sound),
        notes=notes + said.notes,
        joining=joining,
        parts=options.parts,
        buffer=buffer,
        prepare=lambda: Source(shown, buffer, rig, mapping(), options),
    )


def _options(scene: bpy.types.Scene) -> RetargetOptions:
    """What a preview is laid on with: what shows at once and takes no time.

    Raises:
        AqgtError: every part is left out.
    """
    settings: Any = scene.aqgt_retarget
    parts = frozenset(part for part, used in of_parts(settings, "use").items() if used)
    if not parts:
        raise AqgtError("Every part of the body is left out.", "Tick at least one part.", "no-parts")
    return RetargetOptions(
        parts=parts,
        mirror=settings.mirror,
        smoothing=settings.smoothing,
        depth_gain=settings.depth_gain,
        head_neutral="reference",  # what the middle of the clip is, is not known yet
        keep_out=False,
    )
