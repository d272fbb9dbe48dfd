# SPDX-License-Identifier: GPL-3.0-or-later
"""From the settings to samples and text."""

from __future__ import annotations

import bpy

from aqgt.errors import AqgtError

from ..scene.context import sequencer_scene
from ..scene.sound import HeardSound, read_file, read_strip, sound_strips


def read_sound(context: bpy.types.Context) -> HeardSound:
    """The chosen sound.

    Raises:
        AqgtError: none is chosen, or it cannot be read.
    """
    speech = context.scene.aqgt_speech
    if speech.source == "FILE":
        return read_file(speech.filepath)
    scene = sequencer_scene(context)
    strips = {strip.name: strip for strip in sound_strips(scene)}
    if not strips:
        raise AqgtError(
            "The sequencer holds no sound strip.", "Add the voice as a strip, or choose a file.", "no-sound"
        )
    if speech.strip:
        if speech.strip not in strips:
            raise AqgtError(f"There is no sound strip “{speech.strip}”.", "Choose another strip.", "no-sound")
        return read_strip(scene, strips[speech.strip])
    if len(strips) > 1:
        raise AqgtError(
            f"The sequencer holds {len(strips)} sound strips.", "Choose the one with the voice.", "no-sound"
        )
    return read_strip(scene, next(iter(strips.values())))


def read_transcript(context: bpy.types.Context) -> str:
    """What is said, on one line; empty where nothing is given."""
    speech = context.scene.aqgt_speech
    text = speech.text.as_string() if speech.text is not None else speech.transcript
    return " ".join(text.split())
