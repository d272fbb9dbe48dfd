# SPDX-License-Identifier: GPL-3.0-or-later
"""One alignment, from the sound and its text to the word list. `pump` moves it on and never waits.

A transcription (see `transcribe`) is followed in the same way; one of both runs at a time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, ClassVar

import bpy

from aqgt.errors import AqgtError
from aqgt.protocol.messages import AlignRequest
from aqgt.words import Word, sentence, shifted

from ..connection import session
from ..connection.request_job import RequestJob
from ..translations import iface, rpt
from .source import origin, read_sound, read_transcript
from .words import check_editable, heard, list_of_sound, outdated, read, stored, write


@dataclass
class Alignment(RequestJob):
    """A running alignment. Names stand for the list's owner, which undo or deleting may replace.

    Attributes:
        request: sound and text, as the engine takes them.
        owner: the collection of `bpy.data` and the name of the data-block that keeps the list.
        filepath: the sound file, where the list belongs to a file.
        transcript: what the transcript says.
        offset: from the start of the sound file to the first sample that is heard, in seconds.
        kept: words of the list that are not heard, and stay.
    """

    request: Any
    owner: tuple[str, str]
    filepath: str
    transcript: str
    offset: float
    kept: list[Word]
    result: Any = None
    _position: int = 0
    _began: float = 0.0
    doing: ClassVar[str] = "Aligning words"

    def begin(self) -> None:
        """Have the request sent."""
        self._began = time.monotonic()
        self.send(lambda: self.request)

    @property
    def answered(self) -> bool:
        """Whether there are words."""
        return self.result is not None

    @property
    def text(self) -> str:
        """How it stands, for people."""
        if self._position:
            return iface("Waiting: {number} before this", number=self._position)
        return f"{iface(self.doing)}… {100 * self.fraction:.0f} %, {time.monotonic() - self._began:.0f} s"

    def waits(self, position: int) -> None:
        """Others may go before it."""
        self._position = position

    def take(self, answer: Any) -> None:
        """The words."""
        if hasattr(answer, "words"):
            self.result = answer

    def store(self) -> str:
        """Write the words into the list; a sentence for the user.

        Raises:
            AqgtError: the list cannot be written, or its sound is gone.
        """
        words = self._write("Aligned")
        estimated = sum(word.estimated for word in words)
        if estimated == len(words):
            self.notes.append(
                rpt(
                    "All times are estimated from the letters: the engine cannot find words of “{language}”"
                    " in the sound. Correct them, or import words with times",
                    language=self.request.language,
                )
            )
        return rpt(
            "{number} words aligned, {estimated} of them estimated", number=len(words), estimated=estimated
        )

    def merged(self) -> list[Word]:
        """What came back and what stays, in order of time."""
        words = shifted(self.result.words, self.offset)
        return sorted([*self.kept, *words], key=lambda word: word.start)

    def _write(self, made: str) -> list[Word]:
        """Put what came back into the list, among the words that stay; the new ones."""
        kind, name = self.owner
        owner: Any = getattr(bpy.data, kind).get(name)
        if owner is None:
            raise AqgtError(f"The sound “{name}” is gone.", "Choose a sound and try again.", "no-sound")
        group = owner.aqgt_words if kind == "sounds" else owner.aqgt_speech.file_words
        write(group, self.merged(), made, self.transcript, self.filepath)
        self.notes.extend(self.result.notes)
        return list(self.result.words)


def gather_alignment(context: bpy.types.Context) -> Alignment:
    """What is to be aligned: the transcript; the words of the list where it says the same or is missing.

    Raises:
        AqgtError: there is no sound, no text, or no engine.
    """
    group, transcript = list_of_sound(context), read_transcript(context)
    check_editable(group)
    speech = context.scene.aqgt_speech
    language = speech.language or "en"
    sound = read_sound(context)
    offset = sound.start - origin(context)
    text, kept = transcript, list[Word]()
    if stored(context) is not None and not outdated(group, transcript):
        known = read(group, language)
        text = sentence(heard(known, offset, sound.duration))
        kept = [word for word in known if not heard((word,), offset, sound.duration)]
    if not text:
        raise AqgtError(
            "There is no transcript.", "Type, paste or import what is said in the sound.", "no-transcript"
        )
    owner, filepath = owner_of(context, group)
    return Alignment(
        client=session.client(),
        request=AlignRequest(sound.samples, text, language),
        owner=owner,
        filepath=filepath,
        transcript=transcript,
        offset=offset,
        kept=kept,
    )


def owner_of(context: bpy.types.Context, group: Any) -> tuple[tuple[str, str], str]:
    """Which data-block keeps a list, as collection and name, and the sound file, where it is one."""
    is_sound = group.id_data != context.scene
    owner = "sounds" if is_sound else "scenes", group.id_data.name
    return owner, "" if is_sound else context.scene.aqgt_speech.filepath
