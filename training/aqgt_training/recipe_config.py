# SPDX-License-Identifier: GPL-3.0-or-later
"""What a recipe says: every step from raw material to a model folder, read from YAML."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from aqgt.settings import Settings


class WordVectorStep(Settings):
    """The word vectors: trained on plain text, or taken from a larger table.

    A model whose config says ``text.vectors: fasttext`` or ``none`` needs neither; the step is then left out.
    """

    dimension: int = Field(48, ge=8, le=300)
    buckets: int = Field(40_000, ge=1000)
    minimum_count: int = Field(4, ge=1)
    pretrained: Path | None = None
    """A fastText .bin, relative to the recipe's file: the texts' words get its vectors, reduced to
    ``dimension``, and nothing is trained."""
    epochs: int = Field(30, ge=1)
    source: str = ""
    """What the texts are; goes into the file's metadata and the model's card."""


class CorpusStep(Settings):
    """Composition of the corpus."""

    config: Path
    """Corpus config, relative to the recipe's file."""
    hours: float | None = Field(None, gt=0)
    """Hours of training data; None: as the corpus config says."""
    seed: int = 1


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
    """A whole training: word vectors, corpus, generator, evaluation, export."""

    title: str
    word_vectors: WordVectorStep = WordVectorStep()
    corpus: CorpusStep
    generator: GeneratorStep
    evaluation_clips: int = Field(20, ge=1)
    """Held-out clips that the evaluation generates."""
    limits: tuple[str, ...] = ()
    """Sentences for the model's card: what the model is not."""
