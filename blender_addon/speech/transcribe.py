# SPDX-License-Identifier: GPL-3.0-or-later
"""One transcription: from the sound to the word list and the transcript."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import bpy

from aqgt.errors import AqgtError
from aqgt.protocol.messages import TranscribeRequest
from aqgt.words import sentence

from ..connection import session
from ..translations import rpt
from .align import Alignment, owner_of
from .source import origin, read_sound
from .transcribers import reason_not
from .transcript_ops import set_transcript
from .words import check_editable, heard, list_of_sound, read, stored


@dataclass
class Transcription(Alignment):
    """A running transcription.

    Attributes:
        scene: name of the scene whose transcript it writes.
    """

    scene: str = ""
    doing: ClassVar[str] = "Transcribing"

    def store(self) -> str:
        """Write words, transcript and, where none was given, the language; a sentence for the user.

        Raises:
            AqgtError: the list cannot be written, or sound or scene are gone.
        """
        scene: bpy.types.Scene | None = bpy.data.scenes.get(self.scene)
        if scene is None:
            raise AqgtError(f"The scene “{self.scene}” is gone.", "Transcribe again.", "no-scene")
        self.transcript = sentence(self.merged())
        words = self._write(f"Heard by {self.result.model}")
        set_transcript(scene, self.transcript)
        if not scene.aqgt_speech.language:
            scene.aqgt_speech.language = self.result.language
            self.notes.append(rpt("The language is taken to be “{language}”", language=self.result.language))
        self.notes.append(rpt("Read the words and correct them; Align Words then finds finer times"))
        return rpt("{number} words heard", number=len(words))


def gather_transcription(context: bpy.types.Context) -> Transcription:
    """The sound that is heard; what is listed outside of it stays.

    Raises:
        AqgtError: there is no sound or no engine, or it cannot transcribe.
    """
    group = list_of_sound(context)
    check_editable(group)
    if reason := reason_not(session.hello()):
        raise AqgtError("The engine cannot transcribe.", reason, "no-transcription")
    speech = context.scene.aqgt_speech
    sound = read_sound(context)
    offset = sound.start - origin(context)
    kept = []
    if stored(context) is not None:
        known = read(group, speech.language or "en")
        kept = [word for word in known if not heard((word,), offset, sound.duration)]
    owner, filepath = owner_of(context, group)
    return Transcription(
        client=session.client(),
        request=TranscribeRequest(sound.samples, speech.language or None, speech.whisper or None),
        owner=owner,
        filepath=filepath,
        transcript="",
        offset=offset,
        kept=kept,
        scene=context.scene.name,
    )
