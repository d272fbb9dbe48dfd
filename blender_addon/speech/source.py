# SPDX-License-Identifier: GPL-3.0-or-later
"""From the settings to samples and text."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import bpy

from aqgt.errors import AqgtError

from ..scene.context import seconds, sequencer_scene
from ..scene.decoding import Unread, unread_file
from ..scene.sound import (
    HeardSound,
    file_seconds,
    read_file,
    read_strip,
    sound_strips,
    strip_origin,
    strip_range,
    strip_times,
    unread_strip,
)


def read_sound(context: bpy.types.Context) -> HeardSound:
    """The chosen sound.

    Raises:
        AqgtError: none is chosen, or it cannot be read.
    """
    speech = context.scene.aqgt_speech
    if speech.source == "FILE":
        return read_file(speech.filepath)
    return read_strip(*chosen_strip(context))


def sound_times(context: bpy.types.Context) -> tuple[float, float]:
    """Start on the timeline and length of what `read_sound` gives, in seconds, without decoding it.

    Raises:
        AqgtError: no sound is chosen, or it cannot be read.
    """
    speech = context.scene.aqgt_speech
    if speech.source == "FILE":
        if not speech.filepath:
            raise AqgtError("No sound file is chosen.", "Choose one, or pick a strip.", "no-sound")
        return 0.0, file_seconds(Path(bpy.path.abspath(speech.filepath)))
    return strip_times(*chosen_strip(context))


def unread(context: bpy.types.Context) -> Unread | None:
    """What `read_sound` would take long to read; None where it takes no time.

    Raises:
        AqgtError: no sound is chosen.
    """
    speech = context.scene.aqgt_speech
    if speech.source == "FILE":
        return unread_file(Path(bpy.path.abspath(speech.filepath))) if speech.filepath else None
    return unread_strip(*chosen_strip(context))


def chosen_strip(context: bpy.types.Context) -> tuple[bpy.types.Scene, Any]:
    """The chosen sound strip, after the scene it lies in.

    Raises:
        AqgtError: there is none, or it is not clear which.
    """
    scene, name = sequencer_scene(context), context.scene.aqgt_speech.strip
    strips = {strip.name: strip for strip in sound_strips(scene)}
    if not strips:
        raise AqgtError(
            "The sequencer holds no sound strip.", "Add the voice as a strip, or choose a file.", "no-sound"
        )
    if name:
        if name not in strips:
            raise AqgtError(f"There is no sound strip “{name}”.", "Choose another strip.", "no-sound")
        return scene, strips[name]
    if len(strips) > 1:
        raise AqgtError(
            f"The sequencer holds {len(strips)} sound strips.", "Choose the one with the voice.", "no-sound"
        )
    return scene, next(iter(strips.values()))


def origin(context: bpy.types.Context) -> float:
    """Where on the timeline the chosen sound file begins, trimmed or not, in seconds.

    Raises:
        AqgtError: no strip is chosen.
    """
    return 0.0 if context.scene.aqgt_speech.source == "FILE" else strip_origin(*chosen_strip(context))


def heard_range(context: bpy.types.Context) -> tuple[float, float]:
    """From when to when the chosen sound is heard on the timeline, in seconds; of a file the end is unknown.

    Raises:
        AqgtError: no strip is chosen.
    """
    if context.scene.aqgt_speech.source == "FILE":
        return 0.0, math.inf
    scene, strip = chosen_strip(context)
    first, last = strip_range(strip)
    return seconds(scene, first), seconds(scene, last)


def read_transcript(context: bpy.types.Context) -> str:
    """What is said, on one line; empty where nothing is given."""
    speech = context.scene.aqgt_speech
    text = speech.text.as_string() if speech.text is not None else speech.transcript
    return " ".join(text.split())
