# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a take's sound was read, and finding the very same samples again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from aqgt.errors import AqgtError

from ..scene.context import sequencer_scene
from ..scene.decoding import Unread, unread_file
from ..scene.sound import (
    HeardSound,
    is_retimed,
    read_file,
    read_part,
    read_strip,
    sound_strips,
    strip_origin,
    unread_sound,
    unread_strip,
)
from ..speech.source import chosen_strip, read_sound
from .recipe import Recipe, SoundSource

CHANGED = "sound-changed"
"""Code of the error that a sound is not the one that a take was made from."""


def sound_source(context: bpy.types.Context, sound: HeardSound) -> SoundSource:
    """Where the chosen sound, just read, comes from."""
    speech = context.scene.aqgt_speech
    if speech.source == "FILE":
        return SoundSource(sound.name, filepath=speech.filepath, seconds=sound.duration)
    scene, strip = chosen_strip(context)
    return SoundSource(
        sound.name,
        strip.name,
        strip.sound.name,
        strip.sound.filepath,
        sound.start - strip_origin(scene, strip),
        sound.duration,
    )


def unread_source(context: bpy.types.Context, recipe: Recipe) -> Unread | None:
    """What `find_sound` would take long to read first; None where it takes no time."""
    source = recipe.sound
    for strip in _strips(context, source):
        return unread_strip(sequencer_scene(context), strip)
    if source.sound and source.sound in bpy.data.sounds:
        return unread_sound(bpy.data.sounds[source.sound])
    return unread_file(Path(bpy.path.abspath(source.filepath))) if source.filepath else None


def find_sound(context: bpy.types.Context, recipe: Recipe, first: int = 0) -> tuple[HeardSound, int]:
    """The likeliest sound that a take was made from, wherever it lies now; a moved strip is followed.

    Args:
        context: its sequencer is searched.
        recipe: what the take remembers.
        first: number of the first way to read it that is tried; those before gave another sound.

    Returns:
        The sound, whose samples are still to be compared (`check_same`), and the number of the next way.

    Raises:
        AqgtError: it is gone.
    """
    failure: AqgtError | None = None
    for number, read in enumerate(_candidates(context, recipe)):
        if number < first:
            continue
        try:
            return read(), number + 1
        except AqgtError as error:
            failure = failure or error
    raise failure or AqgtError(
        f"The sound “{recipe.sound.name}” is no longer there.", "Put it back.", "no-sound"
    )


def check_same(sound: HeardSound, recipe: Recipe, digest: str) -> None:
    """Whether a sound is the one that a take was made from; nothing of Blender's is touched.

    Args:
        sound: of `find_sound`.
        recipe: what the take remembers.
        digest: SHA-256 of the samples.

    Raises:
        AqgtError: it is another one, with the code `CHANGED`.
    """
    if hashlib.sha256(np.ascontiguousarray(sound.samples, np.float32).data).hexdigest() != digest:
        raise AqgtError(
            f"The sound “{recipe.sound.name}” is not the one that the take was made from.",
            "Put that sound back, or press Generate for a take of this one.",
            CHANGED,
        )


def _candidates(context: bpy.types.Context, recipe: Recipe) -> Iterator[Callable[[], HeardSound]]:
    """Ways to read the sound, likeliest first: by strip and file, as strips are heard, as chosen now."""
    source, scene = recipe.sound, sequencer_scene(context)
    strips = _strips(context, source)
    for strip in strips:
        start = strip_origin(scene, strip) + source.skipped

        def part(sound: bpy.types.Sound = strip.sound, start: float = start) -> HeardSound:
            return HeardSound(read_part(sound, source.skipped, source.seconds), start, source.name)

        def heard(strip: Any = strip) -> HeardSound:
            return read_strip(scene, strip)

        # Of a retimed strip the part of the file is not what was heard, but for one that was retimed since.
        yield from (heard, part) if is_retimed(strip) else (part, heard)
    if source.sound and not strips and source.sound in bpy.data.sounds:
        sound = bpy.data.sounds[source.sound]
        yield lambda: HeardSound(read_part(sound, source.skipped, source.seconds), recipe.start, source.name)
    if not source.strip and source.filepath:
        yield lambda: read_file(source.filepath)
    yield lambda: read_sound(context)


def _strips(context: bpy.types.Context, source: SoundSource) -> list[Any]:
    """The strips a sound may have been read from: that of its name, else those that play the same sound."""
    strips = [strip for strip in sound_strips(sequencer_scene(context)) if strip.sound is not None]
    named = [strip for strip in strips if source.strip and strip.name == source.strip]
    return named or [strip for strip in strips if source.sound and strip.sound.name == source.sound]
