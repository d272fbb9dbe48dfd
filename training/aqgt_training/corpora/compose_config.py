# SPDX-License-Identifier: GPL-3.0-or-later
"""What a composed corpus is made of: the contents of a file such as configs/corpora/composed.yaml."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field

from aqgt.settings import Settings, read_settings

SOURCES_VARIABLE = "AQGT_SOURCES"
"""Environment variable with the folder of gestures, texts and recordings."""


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
        words_per_clip: fewest and most words.
        phrases: share of clips made of the everyday sentences that come with the program.
        long_pauses: share of sentence ends followed by a pause of 0.9 to 2 s, in which hands rest.
        noise: level of hiss added to the sound, full scale = 1.
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
    words_per_clip: tuple[Annotated[int, Field(ge=5)], Annotated[int, Field(ge=5)]] = (35, 70)
    phrases: Annotated[float, Field(ge=0, le=1)] = 0.25
    long_pauses: Annotated[float, Field(ge=0, le=1)] = 0.3
    noise: Annotated[float, Field(ge=0, lt=0.5)] = 0.0005

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
