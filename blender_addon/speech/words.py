# SPDX-License-Identifier: GPL-3.0-or-later
"""The timed words of a sound, kept in the .blend.

Times count from the start of the sound file, so words stay right when the strip is moved or trimmed. They
live on the sound's data-block; those of a sound that is a mere file live in the scene.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import bpy

from aqgt.errors import AqgtError
from aqgt.formats.intervals import words_in
from aqgt.words import Word

from ..scene.context import frames_per_second
from .changes import changed
from .source import chosen_strip, origin
from .times import read_times

VERSION = 1
"""Of the layout of `AQGT_PG_words`; 0 in a list that was never written."""

_quiet = False


def _on_start(word: Any, _context: bpy.types.Context) -> None:
    if not _quiet:
        with quiet():
            word.end, word.estimated = max(word.end, word.start), False


def _on_end(word: Any, _context: bpy.types.Context) -> None:
    if not _quiet:
        with quiet():
            word.start, word.estimated = min(word.start, word.end), False


def _on_change(_word: Any, _context: bpy.types.Context) -> None:
    if not _quiet:
        changed()


def _on_index(group: Any, context: bpy.types.Context) -> None:
    """A click on a word sets the playhead where it begins."""
    if _quiet or not 0 <= group.index < len(group.words):
        return
    with contextlib.suppress(AqgtError):  # the list of a sound that is not chosen has no place in time
        seconds = origin(context) + group.words[group.index].start
        context.scene.frame_current = round(seconds * frames_per_second(context.scene))


class AQGT_PG_word(bpy.types.PropertyGroup):
    """One word; a time that is set by hand is no estimate any more."""

    text: bpy.props.StringProperty(name="Word", description="The word as it is said", update=_on_change)
    start: bpy.props.FloatProperty(
        name="Start",
        description="Seconds from the start of the sound file",
        min=0.0,
        precision=2,
        step=1,
        update=_on_start,
    )
    end: bpy.props.FloatProperty(
        name="End",
        description="Seconds from the start of the sound file",
        min=0.0,
        precision=2,
        step=1,
        update=_on_end,
    )
    estimated: bpy.props.BoolProperty(
        name="Estimated",
        description="The times were laid between the neighbours, not found in the sound",
        default=False,
        update=_on_change,
    )


class AQGT_PG_words(bpy.types.PropertyGroup):
    """The words of one sound."""

    version: bpy.props.IntProperty()
    words: bpy.props.CollectionProperty(type=AQGT_PG_word)
    count: bpy.props.IntProperty(
        name="Words",
        description="How many words a gesture is set on, from the chosen one on",
        default=1,
        min=1,
        soft_max=20,
        update=_on_change,
    )
    index: bpy.props.IntProperty(
        name="Word", description="A click sets the playhead where the word begins", update=_on_index
    )
    made: bpy.props.StringProperty(description="Where the words come from, for people")
    said: bpy.props.StringProperty(description="Digest of the transcript at the time")
    filepath: bpy.props.StringProperty(description="The sound file, where it is no data-block")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Within it, setting a property has no further effect; at its end, all of it counts as one change."""
    global _quiet
    _quiet = True
    try:
        yield
    finally:
        _quiet = False
        changed()


def list_of_sound(context: bpy.types.Context) -> Any:
    """The word list of the chosen sound; it may be empty.

    Raises:
        AqgtError: no sound is chosen.
    """
    speech = context.scene.aqgt_speech
    if speech.source == "STRIP":
        strip = chosen_strip(context)[1]
        if strip.sound is None:
            raise AqgtError(f"The strip “{strip.name}” has no sound.", "Choose another strip.", "no-sound")
        return strip.sound.aqgt_words
    if not speech.filepath:
        raise AqgtError("No sound file is chosen.", "Choose one, or pick a strip.", "no-sound")
    return speech.file_words


def stored(context: bpy.types.Context) -> Any | None:
    """The word list of the chosen sound where it holds words, else None."""
    try:
        group = list_of_sound(context)
    except AqgtError:
        return None
    return group if len(group.words) and is_current(context, group) else None


def chosen_words(context: bpy.types.Context) -> tuple[float, float]:
    """From when to when the chosen words are said on the timeline, in seconds.

    Raises:
        AqgtError: no words are listed, or they are said before the timeline begins.
    """
    group = stored(context)
    if group is None:
        raise AqgtError("No words are listed.", "Align or transcribe the voice first.", "no-words")
    first = max(0, min(group.index, len(group.words) - 1))
    rows = group.words[first : first + group.count]
    shift = origin(context)
    start, end = shift + min(row.start for row in rows), shift + max(row.end for row in rows)
    if start < 0:
        raise AqgtError(
            f"“{rows[0].text}” is said before the timeline begins.", "Move the strip, or choose a later word."
        )
    return start, end


def is_current(context: bpy.types.Context, group: Any) -> bool:
    """Whether the list belongs to the chosen sound: a scene keeps one list for files, whichever it is."""
    return group.id_data != context.scene or group.filepath == context.scene.aqgt_speech.filepath


def read(group: Any, language: str) -> list[Word]:
    """The words of a list in order of time; a row of several words is shared among them.

    Raises:
        AqgtError: a newer extension wrote the list.
    """
    if group.version > VERSION:
        raise AqgtError(
            "The words were written by a newer version of the extension.",
            "Update the extension, or clear the list.",
            "newer-words",
        )
    found = [
        replace(word, estimated=word.estimated or row.estimated)
        for row in group.words
        if row.text.strip()
        for word in words_in(row.text, row.start, row.end, language)
    ]
    return sorted(found, key=lambda word: (word.start, word.end))


def heard(words: Iterable[Word], offset: float, duration: float) -> tuple[Word, ...]:
    """The words within what is heard, their times from its start on.

    Args:
        words: times from the start of the sound file.
        offset: from the start of the file to the first sample that is heard, in seconds.
        duration: how long it is heard, in seconds.
    """
    return tuple(
        replace(word, start=max(0.0, word.start - offset), end=min(duration, word.end - offset))
        for word in words
        if word.end > offset and word.start < offset + duration
    )


def write(group: Any, words: Iterable[Word], made: str, transcript: str, filepath: str = "") -> None:
    """Replace the words of a list.

    Args:
        group: of `list_of_sound`.
        words: times from the start of the sound file.
        made: where they come from, for people.
        transcript: what the transcript says now; `outdated` compares it.
        filepath: the sound file, where the list belongs to a file.

    Raises:
        AqgtError: the list is linked from another file.
    """
    check_editable(group)
    with quiet():
        group.words.clear()
        for word in words:
            row = group.words.add()
            row.text, row.start, row.end, row.estimated = word.text, word.start, word.end, word.estimated
        group.version, group.index = VERSION, 0
        group.made, group.said, group.filepath = made, digest(transcript), filepath
    read_times(group)  # so that the next draw need not


def check_editable(group: Any) -> None:
    """Raises: AqgtError where the list is linked from another file."""
    if not group.id_data.is_editable:
        raise AqgtError(
            f"“{group.id_data.name}” is linked from another file.", "Make it local first.", "linked"
        )


def outdated(group: Any, transcript: str) -> bool:
    """Whether the transcript has changed since the words were made."""
    return bool(transcript) and digest(transcript) != group.said


def digest(transcript: str) -> str:
    """Short mark of a transcript."""
    return hashlib.sha256(transcript.encode()).hexdigest()[:16]
