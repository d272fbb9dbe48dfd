# SPDX-License-Identifier: GPL-3.0-or-later
"""What a composed corpus is made of: the contents of a file such as configs/corpora/composed.yaml."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from aqgt.settings import Settings, read_settings

SOURCES_VARIABLE = "AQGT_SOURCES"
"""Environment variable with the folder of gestures, texts and recordings."""


class SoundEffects(Settings):
    """What of a composed motion follows the sound and stands in no annotation; 0 of each: nothing does.

    Attributes:
        size: share by which a gesture grows at moments 10 dB louder than the clip's usual speech, and shrinks
            at quieter ones.
        sharpness: how much later and more suddenly a stroke comes where the sound sets in hard, and how much
            earlier and more gently where softly: 1 moves its middle by up to a quarter of its way. Begin and
            arrival stay.
        accents: beats of held hands and nods grow by this share at accents 10 dB louder.
        nods: how strictly nods go to the loudest accents: 0 to 60 % of them by chance, 1 to the loudest.
    """

    size: Annotated[float, Field(ge=0, le=1)] = 0.0
    sharpness: Annotated[float, Field(ge=0, le=1)] = 0.0
    accents: Annotated[float, Field(ge=0, le=2)] = 0.0
    nods: Annotated[float, Field(ge=0, le=1)] = 0.0


class ComposeConfig(Settings):
    """A composed corpus.

    Attributes:
        sources: folder that the other paths begin in; ``$AQGT_SOURCES`` takes its place where it is named.
        gestures: folder of the gesture clips (arrays, metadata), or a checkout of the SmartBody repository.
        texts: archives, folders or files of plain text in English.
        recordings: folders of recorded speech with transcripts (see corpora/recordings.py); may be empty.
        recorded: share of clips that are made of recordings.
        hours: hours of training clips.
        val_minutes: minutes of validation clips, of documents and gestures that training never sees.
        seed: the same seed gives the same corpus.
        speakers: number of speakers (rest pose, voice, style).
        hold_out: share of documents and of gesture names kept for validation.
        hold_out_by: what of the gestures validation keeps to itself. ``gesture``: names, so that training
            knows no form in it; ``performer``: all clips of some performers, whose forms others show, too.
        performers: those to hold out, by their names in the clips; none: drawn until ``hold_out`` is reached.
        words_per_clip: fewest and most words.
        phrases: share of clips made of the everyday sentences that come with the program.
        long_pauses: share of sentence ends followed by a pause of 0.9 to 2 s, in which hands rest.
        noise: level of hiss added to the sound, full scale = 1.
        sound: what of the motion follows the sound alone.
        other_hands: share of gestures that are made with the fingers of another recording, so that the
            hand-shape label says something that the gesture does not.
        fit_extent: whether each gesture's size is fitted to the extent that the planner gave it, so that the
            extent label says something that the gesture does not.
    """

    sources: Path = Path()
    gestures: Path
    texts: list[Path] = Field(min_length=1)
    recordings: list[Path] = Field(default_factory=list)
    recorded: Annotated[float, Field(ge=0, le=1)] = 0.1
    hours: Annotated[float, Field(gt=0, le=1000)] = 3.0
    val_minutes: Annotated[float, Field(ge=0, le=600)] = 10.0
    seed: Annotated[int, Field(ge=0)] = 0
    speakers: Annotated[int, Field(ge=1, le=1000)] = 6
    hold_out: Annotated[float, Field(gt=0, lt=0.9)] = 0.15
    hold_out_by: Literal["gesture", "performer"] = "gesture"
    performers: tuple[str, ...] = ()
    words_per_clip: tuple[Annotated[int, Field(ge=5)], Annotated[int, Field(ge=5)]] = (35, 70)
    phrases: Annotated[float, Field(ge=0, le=1)] = 0.25
    long_pauses: Annotated[float, Field(ge=0, le=1)] = 0.3
    noise: Annotated[float, Field(ge=0, lt=0.5)] = 0.0005
    sound: SoundEffects = SoundEffects()
    other_hands: Annotated[float, Field(ge=0, le=1)] = 0.0
    fit_extent: bool = False

    @model_validator(mode="after")
    def _performers_are_held_out(self) -> ComposeConfig:
        if self.performers and self.hold_out_by != "performer":
            raise ValueError("performers go with hold_out_by: performer")
        return self

    @classmethod
    def read(cls, path: str | Path) -> ComposeConfig:
        """The configuration of a YAML file; ``sources`` starts at its folder, other paths at ``sources``.

        Raises:
            AqgtError: the file is missing, or holds an unknown key or a wrong value; the message names it.
        """
        config = read_settings(path, cls)
        base = Path(path).resolve().parent / config.sources
        if "sources" in config.model_fields_set and (own := os.environ.get(SOURCES_VARIABLE)):
            base = Path(own).absolute()
        return config.model_copy(
            update={
                "sources": base,
                "gestures": base / config.gestures,
                "texts": [base / text for text in config.texts],
                "recordings": [base / folder for folder in config.recordings],
            }
        )
