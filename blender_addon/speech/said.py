# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said in the sound that is heard: the listed words, else the transcript that is to be aligned."""

from __future__ import annotations

from dataclasses import dataclass, field

import bpy

from aqgt.words import Word

from ..scene.sound import HeardSound
from ..translations import rpt
from .source import origin, read_transcript
from .words import heard, outdated, read, stored


@dataclass(frozen=True)
class Said:
    """Words with times, or a transcript without.

    Attributes:
        words: in seconds from the start of what is heard.
        transcript: what remains to be aligned; empty where there is a list of words.
        notes: sentences for the user.
    """

    words: tuple[Word, ...] = ()
    transcript: str = ""
    notes: list[str] = field(default_factory=list)


def spoken(context: bpy.types.Context, sound: HeardSound) -> Said:
    """What is said in ``sound``, which is the chosen one as it is heard."""
    group, transcript = stored(context), read_transcript(context)
    if group is None:
        return Said(transcript=transcript)
    kept = read(group, context.scene.aqgt_speech.language or "en")
    words = heard(kept, sound.start - origin(context), sound.duration)
    notes = []
    if len(words) < len(kept):
        notes.append(
            rpt(
                "{left} of {number} words lie outside what is heard",
                left=len(kept) - len(words),
                number=len(kept),
            )
        )
    if outdated(group, transcript):
        notes.append(rpt("The transcript has changed since the words were made; align them again to use it"))
    return Said(words, "", notes)
