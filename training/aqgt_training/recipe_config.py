# SPDX-License-Identifier: GPL-3.0-or-later
"""What a recipe says: every step from raw material to a model folder, read from YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from aqgt.settings import Settings


class WordVectorStep(Settings):
    """The word vectors: trained on plain text, or taken from a larger table.

    A model whose config says ``text.vectors: fasttext`` or ``none`` needs neither; the step is then left out.
    """

    dimension: int = Field(48, ge=8, le=300)
    buckets: int = Field(40_000, ge=1000)
    minimum_count: int = Field(4, ge=1)
    pretrained: Path | None = None
    """A fastText .bin or a table of ours, relative to the recipe's file: the words of the texts, or of a clip
    corpus that is there, get its vectors, reduced to ``dimension``, and nothing is trained."""
    epochs: int = Field(30, ge=1)
    source: str = ""
    """What the texts are; goes into the file's metadata and the model's card."""


class CorpusStep(Settings):
    """The corpus: composed, or one that is there. Paths are relative to the recipe's file."""

    config: Path | None = None
    """Corpus config, to compose one."""
    folder: Path | None = None
    """Folder of a clip corpus that is there."""
    shards: tuple[str, ...] = ()
    """Folders or URLs of shards that are there."""
    hours: float | None = Field(None, gt=0)
    """Hours of training data; None: as the corpus config says."""
    seed: int = 1

    @model_validator(mode="after")
    def _one_of_them(self) -> CorpusStep:
        if [self.config is None, self.folder is None and not self.shards].count(False) != 1:
            raise ValueError("give config, to compose a corpus, or folder and shards of one that is there")
        return self


class StageStep(Settings):
    """Training of a network that the generator needs, or that judges it."""

    stage: Path
    """Stage config, relative to the recipe's file."""


class GeneratorStep(Settings):
    """Training of the gesture generator."""

    model: Path
    """Model config, relative to the recipe's file."""
    stage: Path
    """Stage config, relative to the recipe's file."""
    minutes: float | None = Field(None, gt=0)
    """Overrides the stage's minutes."""
    max_steps: int | None = Field(None, ge=1)
    """Overrides the stage's steps."""


class Recipe(Settings):
    """A whole training: word vectors, corpus, networks, generator, evaluation, export."""

    title: str
    word_vectors: WordVectorStep = WordVectorStep()
    corpus: CorpusStep
    pose_vq: StageStep | None = None
    audio_vq: StageStep | None = None
    annotation: StageStep | None = None
    autoencoder: StageStep | None = None
    """With it, the generator's best weights are those of the lowest FGD."""
    encoders: Path | Literal["random"] | None = None
    """Folder with ``wav2vec2`` and ``bert``; random: tiny ones with random weights, for tests; none: those
    that the model's config names."""
    generator: GeneratorStep
    evaluation_clips: int = Field(20, ge=1)
    """Held-out clips that the evaluation generates."""
    limits: tuple[str, ...] = ()
    """Sentences for the model's card: what the model is not."""
