# SPDX-License-Identifier: GPL-3.0-or-later
"""Recipes: every step from raw material to a model folder. A step whose result is there is not repeated."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from aqgt.models.config import ModelConfig, read_config
from aqgt.models.generator import GestureGenerator
from aqgt.models.registry import LoadedModel, load_model, save_model
from aqgt.models.word_table import open_word_vectors
from aqgt.settings import read_settings
from aqgt.speech.features import CompactFeatures
from aqgt.speech.file_hashes import file_sha256
from aqgt.speech.word_vectors import WordVectors
from aqgt_training.card import model_card
from aqgt_training.corpora.cli import compose_corpus
from aqgt_training.corpora.clip_lmdb import ClipReader
from aqgt_training.corpora.compose_config import ComposeConfig
from aqgt_training.evaluation.report import evaluate_model
from aqgt_training.recipe_config import Recipe
from aqgt_training.stages.build import build_generator_training
from aqgt_training.stages.config import GeneratorStage
from aqgt_training.stages.generator import GeneratorTraining
from aqgt_training.vocabulary import build_vocabulary, count_words
from aqgt_training.word_vectors import train_word_vectors


@dataclass
class RecipeRun:
    """One run of a recipe.

    Args:
        recipe: what to do.
        folder: folder of the recipe's file; its paths start there.
        work: folder for everything in between; an interrupted run goes on from it.
        output: the model folder to write.
        accelerator, devices: where to train, see `lightning_fabric.Fabric`.
    """

    recipe: Recipe
    folder: Path
    work: Path
    output: Path
    accelerator: str = "auto"
    devices: int | str = "auto"

    def run(self) -> dict[str, Any]:
        """All steps; returns the figures of the evaluation (none in a process that only helped to train)."""
        self.work.mkdir(parents=True, exist_ok=True)
        self._console = Console(stderr=True)
        config = self._model_config()
        compose = self._compose_config()
        vectors = self._word_vectors(config, compose)
        corpus = self._step("corpus", self.work / "corpus", lambda: self._compose(compose))
        training = self._training(config, corpus, vectors)
        self._console.print("[bold]generator[/bold]")
        training.run()
        if not training.fabric.is_global_zero:
            return {}  # the other devices' processes have done their part
        self._export(config, vectors, training, corpus, figures=None)
        self._console.print("[bold]evaluation[/bold]")
        figures = evaluate_model(self._finished(config, vectors), corpus, self.recipe.evaluation_clips)
        (self.work / "evaluation.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        self._export(config, vectors, training, corpus, figures)
        self._console.print(f"The model lies in {self.output}.")
        return figures

    @property
    def _words_path(self) -> Path:
        return self.work / "words.safetensors"

    def _step(self, name: str, result: Path, make: Callable[[], None]) -> Path:
        """Makes a result unless it is there from the same settings."""
        stamp = self.work / f"{result.stem}.done"
        wanted = hashlib.sha256(self._settings_of(name).encode()).hexdigest()
        if result.exists() and stamp.is_file() and stamp.read_text() == wanted:
            self._console.print(f"[bold]{name}[/bold]: already there")
            return result
        self._console.print(f"[bold]{name}[/bold]")
        make()
        stamp.write_text(wanted)
        return result

    def _settings_of(self, name: str) -> str:
        if name == "corpus":
            return self.recipe.corpus.model_dump_json() + self._compose_config().model_dump_json()
        step = self.recipe.word_vectors
        source = "" if step.pretrained is None else file_sha256(self.folder / step.pretrained)
        return step.model_dump_json() + source

    def _compose_config(self) -> ComposeConfig:
        step = self.recipe.corpus
        changes: dict[str, Any] = {"seed": step.seed}
        if step.hours is not None:
            changes["hours"] = step.hours
        return ComposeConfig.read(self.folder / step.config).model_copy(update=changes)

    def _model_config(self) -> ModelConfig:
        config = read_config(self.folder / self.recipe.generator.model)
        # An identity the corpus does not have would be an untrained one that a user can choose.
        speaker = config.speaker.model_copy(update={"count": self._compose_config().speakers})
        return config.model_copy(update={"speaker": speaker})

    def _word_vectors(self, config: ModelConfig, compose: ComposeConfig) -> WordVectors | None:
        words = None
        if config.text.vectors == "file":
            words = self._step("word vectors", self._words_path, lambda: self._make_words(compose))
        folder = (self.folder / self.recipe.generator.model).parent
        return open_word_vectors(config, folder, words, fresh=True)

    def _make_words(self, compose: ComposeConfig) -> None:
        step = self.recipe.word_vectors
        if step.pretrained is not None:
            source = WordVectors.load(self.folder / step.pretrained)
            table, summary = build_vocabulary(
                source,
                count_words(compose.texts),
                minimum_count=step.minimum_count,
                dimension=step.dimension,
            )
            table.save(self._words_path)
            for name, value in summary.rows():
                self._console.print(f"{name}: {value}")
            return
        train_word_vectors(
            compose.texts,
            self._words_path,
            dimension=step.dimension,
            buckets=step.buckets,
            minimum_count=step.minimum_count,
            epochs=step.epochs,
            source=step.source,
        )

    def _compose(self, compose: ComposeConfig) -> None:
        compose_corpus(compose, self.work / "corpus")

    def _training(self, config: ModelConfig, corpus: Path, vectors: WordVectors | None) -> GeneratorTraining:
        step = self.recipe.generator
        stage = read_settings(self.folder / step.stage, GeneratorStage)
        changes = {"minutes": step.minutes, "max_steps": step.max_steps}
        stage = stage.model_copy(update={k: v for k, v in changes.items() if v is not None})
        return build_generator_training(
            config,
            stage,
            corpus,
            CompactFeatures(config.features, vectors),
            self.work / "generator",
            accelerator=self.accelerator,
            devices=self.devices,
        )

    def _finished(self, config: ModelConfig, vectors: WordVectors | None) -> LoadedModel:
        foreign = vectors is not None and config.text.vectors == "fasttext"
        return load_model(self.output, word_vectors=vectors.origin if foreign and vectors else None)

    def _words_in_words(self, config: ModelConfig, vectors: WordVectors | None) -> str:
        if vectors is None:
            return "none; words are timed but not understood"
        name = vectors.metadata.get("source", "")
        if config.text.vectors == "fasttext":
            return f"those of {name} (SHA-256 {vectors.digest}), which is not part of the model"
        if self.recipe.word_vectors.pretrained is not None:
            return f"those that {name} gives the words of {self.recipe.word_vectors.source or 'plain text'}"
        return f"fastText, trained on {self.recipe.word_vectors.source or 'plain text'}"

    def _export(
        self,
        config: ModelConfig,
        vectors: WordVectors | None,
        training: GeneratorTraining,
        corpus: Path,
        figures: dict[str, Any] | None,
    ) -> None:
        state = training.averaged_state()
        parameters = sum(p.numel() for p in GestureGenerator(config).parameters())
        card = model_card(
            config,
            parameters=parameters,
            manifest=ClipReader(corpus).manifest,
            word_vectors=self._words_in_words(config, vectors),
            training={
                "steps": training.counters.step,
                "batch_size": training.stage.batch_size,
                "minutes": training.counters.seconds / 60,
                "device": str(training.fabric.device),
                "val_loss": training.counters.history[-1]["val_total"],
            },
            figures=figures,
            limits=self.recipe.limits,
        )
        save_model(self.output, config, state, words=vectors, card=card)
