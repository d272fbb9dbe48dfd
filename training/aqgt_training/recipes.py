# SPDX-License-Identifier: GPL-3.0-or-later
"""Recipes: every step from raw material to a model folder. A step whose result is there is not repeated."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from aqgt.errors import AqgtError
from aqgt.models.config import ModelConfig, read_config
from aqgt.models.registry import CONFIG, WEIGHTS, load_model
from aqgt.speech.file_hashes import file_sha256
from aqgt.speech.word_vectors import WordVectors
from aqgt_training.card import model_card
from aqgt_training.corpora.cli import compose_corpus
from aqgt_training.corpora.clip_lmdb import ClipReader
from aqgt_training.corpora.compose import forms_of_training
from aqgt_training.corpora.compose_config import ComposeConfig
from aqgt_training.evaluation.comparison import write_figures
from aqgt_training.evaluation.evaluator import evaluate
from aqgt_training.publishing import EVALUATION, published
from aqgt_training.recipe_config import Recipe, StageStep
from aqgt_training.recipe_steps import RecipeSteps
from aqgt_training.stages.autoencoder import load_extractor
from aqgt_training.stages.core.inputs import Inputs
from aqgt_training.stages.core.network_files import CONFIG as NETWORK
from aqgt_training.stages.core.trainer import Trainer
from aqgt_training.stages.exporting import words_of, write_model
from aqgt_training.stages.running import open_stage, read_stage
from aqgt_training.stages.tiny_encoders import write_tiny_encoders
from aqgt_training.training_facts import corpus_facts, write_facts
from aqgt_training.vocabulary import build_vocabulary, count_words
from aqgt_training.word_vectors import train_word_vectors

NETWORKS = {
    "pose_vq": "pose-vq",
    "audio_vq": "audio-vq",
    "annotation": "annotation",
    "autoencoder": "autoencoder",
}
"""Steps that train a network for the generator, in their order, and the stages they run."""


@dataclass
class RecipeRun:
    """One run of a recipe.

    Args:
        recipe: what to do.
        folder: folder of the recipe's file; its paths start there.
        work: folder for everything in between; an interrupted run goes on from it.
        output: the model folder to write.
        accelerator, devices: where to train, see `core.devices.make_fabric`.
        name: of the recipe, for the model's `training_facts`.
    """

    recipe: Recipe
    folder: Path
    work: Path
    output: Path
    accelerator: str = "auto"
    devices: int | str = "auto"
    name: str = ""

    def __post_init__(self) -> None:
        self._console = Console(stderr=True)
        self._steps = RecipeSteps(self.work, self._console)

    def run(self) -> dict[str, Any]:
        """All steps; returns the figures of the evaluation (none in a process that only helped to train)."""
        self.work.mkdir(parents=True, exist_ok=True)
        config = self._model_config()
        inputs = self._inputs(config)
        for field, name in NETWORKS.items():
            step = getattr(self.recipe, field)
            if step is not None:
                folder = self._network(name, step, inputs)
                key = "extractor" if field == "autoencoder" else field
                inputs = inputs.model_copy(update={key: folder})
        self._console.print("[bold]generator[/bold]")
        training = self._training(config, inputs)
        training.run()
        if not training.fabric.is_global_zero:
            return {}  # the other devices' processes have done their part
        self._export(config, inputs, training, figures=None)
        if inputs.corpus is None:  # shards hold windows and no clips to judge a model by
            return {}
        figures = self._evaluation(config, inputs, inputs.corpus)
        self._export(config, inputs, training, figures)
        self._console.print(f"The model lies in {self.output}.")
        return figures

    def _evaluation(self, config: ModelConfig, inputs: Inputs, corpus: Path) -> dict[str, Any]:
        """The figures of the exported model."""
        path = self.work / "evaluation.json"

        def judge(_: bool) -> None:
            vectors = words_of(config, inputs)
            foreign = vectors is not None and config.text.vectors == "fasttext"
            model = load_model(self.output, word_vectors=vectors.origin if foreign and vectors else None)
            extractor = None if inputs.extractor is None else load_extractor(inputs.extractor)
            figures = evaluate(model, corpus, self.recipe.evaluation_clips, extractor=extractor).figures
            path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")

        digest = ClipReader(corpus).manifest.get("sha256", "")
        extracted = "" if inputs.extractor is None else (inputs.extractor / NETWORK).read_text()
        model = " ".join(file_sha256(self.output / name) for name in (WEIGHTS, CONFIG))
        mark = f"{model} {digest} {self.recipe.evaluation_clips} {extracted}"
        self._steps.made("evaluation", path, mark, judge)
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    @property
    def _words_path(self) -> Path:
        return self.work / "words.safetensors"

    def _compose_config(self) -> ComposeConfig | None:
        step = self.recipe.corpus
        if step.config is None:
            return None
        changes: dict[str, Any] = {"seed": step.seed}
        if step.hours is not None:
            changes["hours"] = step.hours
        return ComposeConfig.read(self.folder / step.config).model_copy(update=changes)

    def _model_config(self) -> ModelConfig:
        config = read_config(self.folder / self.recipe.generator.model)
        compose, folder = self._compose_config(), self.recipe.corpus.folder
        if compose is not None:
            speakers = compose.speakers
        elif folder is not None and config.published is None:
            entries = ClipReader(self.folder / folder).manifest.get("entries", {}).values()
            speakers = 1 + max((int(entry["speaker"]) for entry in entries), default=config.speaker.count - 1)
        else:
            return config
        # An identity the corpus does not have would be an untrained one that a user can choose.
        speaker = config.speaker.model_copy(update={"count": speakers})
        config = config.model_copy(update={"speaker": speaker})
        if compose is None or config.annotation.form_width == 0:
            return config
        # So would be a gesture form that no clip of the training shows.
        forms = forms_of_training(compose)
        return config.model_copy(update={"annotation": config.annotation.model_copy(update={"forms": forms})})

    def _inputs(self, config: ModelConfig) -> Inputs:
        """Corpus, word vectors and encoders."""
        compose, step, encoders = self._compose_config(), self.recipe.corpus, self.recipe.encoders
        inputs = Inputs(model=self.recipe.generator.model, corpus=step.folder, shards=step.shards)
        found: dict[str, Any] = {}
        if compose is not None:
            found["word_vectors"] = self._words(config, compose.texts)
            mark = step.model_dump_json(exclude={"folder", "shards"}) + compose.model_dump_json()
            found["corpus"] = self._steps.made(
                "corpus",
                self.work / "corpus",
                mark,
                lambda goes_on: compose_corpus(compose, self.work / "corpus", resume=goes_on),
            )
        elif config.text.vectors == "file" and config.published is None:
            found["word_vectors"] = self._words_of_recordings(config)
        if encoders == "random" and config.published is not None:
            tokens, width = config.published.logit_tokens, config.published.sentence_width
            found["encoders"] = self._steps.made(
                "encoders",
                self.work / "encoders",
                f"{tokens} {width}",
                lambda _: write_tiny_encoders(self.work / "encoders", tokens=tokens, width=width),
            )
        elif isinstance(encoders, Path):
            found["encoders"] = self.folder / encoders
        return inputs.from_folder(self.folder).model_copy(update=found)

    def _words_of_recordings(self, config: ModelConfig) -> Path | None:
        """The table for a corpus that is there: its words, from a larger table; shards have theirs already.

        Raises:
            AqgtError: no table was named.
        """
        pretrained, folder = self.recipe.word_vectors.pretrained, self.recipe.corpus.folder
        if pretrained is None:
            raise AqgtError(
                f"The model “{config.name}” reads word vectors, and the recipe names none for this corpus.",
                "Give --word-vectors TABLE: a fastText .bin, or a model's words.safetensors.",
                "no-words",
            )
        return self.folder / pretrained if folder is None else self._words(config, [self.folder / folder])

    def _words(self, config: ModelConfig, texts: Sequence[Path]) -> Path | None:
        """The table of word vectors, where the model wants one of its own.

        Args:
            texts: what the words are from: texts, or the folder of a clip corpus.
        """
        if config.text.vectors != "file":
            return None
        step = self.recipe.word_vectors
        source = "" if step.pretrained is None else file_sha256(self.folder / step.pretrained)
        mark = step.model_dump_json() + source
        return self._steps.made("word vectors", self._words_path, mark, lambda _: self._make_words(texts))

    def _make_words(self, texts: Sequence[Path]) -> None:
        step = self.recipe.word_vectors
        if step.pretrained is not None:
            source = WordVectors.load(self.folder / step.pretrained)
            table, summary = build_vocabulary(
                source,
                count_words(texts),
                minimum_count=step.minimum_count,
                dimension=step.dimension,
            )
            table.save(self._words_path)
            for name, value in summary.rows():
                self._console.print(f"{name}: {value}")
            return
        train_word_vectors(
            texts,
            self._words_path,
            dimension=step.dimension,
            buckets=step.buckets,
            minimum_count=step.minimum_count,
            epochs=step.epochs,
            source=step.source,
        )

    def _network(self, name: str, step: StageStep, inputs: Inputs) -> Path:
        """The output folder of a stage."""
        folder = self.work / name
        settings = read_stage(name, self.folder / step.stage, {}, inputs.model_dump())
        own = settings.inputs
        before = [each / NETWORK for each in (own.pose_vq, own.audio_vq, own.annotation) if each is not None]
        mark = settings.model_dump_json() + "".join(path.read_text() for path in before)
        self._steps.claim(name, settings, own)

        def train(goes_on: bool) -> None:
            where = {"accelerator": self.accelerator, "devices": self.devices}
            open_stage(name, settings, folder, **where).run(folder)  # type: ignore[arg-type]

        self._steps.made(name, folder / NETWORK, mark, train)
        return folder

    def _training(self, config: ModelConfig, inputs: Inputs) -> Trainer:
        step = self.recipe.generator
        changes = {"minutes": step.minutes, "max_steps": step.max_steps}
        settings = read_stage(
            "generator",
            self.folder / step.stage,
            {key: value for key, value in changes.items() if value is not None},
            inputs.model_dump(),
        )
        self._steps.claim(
            "generator", settings, settings.inputs, config.model_dump_json(exclude_defaults=True)
        )
        where = {"accelerator": self.accelerator, "devices": self.devices}
        folder = self.work / "generator"
        return open_stage("generator", settings, folder, config=config, **where).trainer  # type: ignore[arg-type]

    def _words_in_words(self, config: ModelConfig, vectors: WordVectors | None) -> str:
        if config.published is not None:
            return "none; a language model reads the sentences"
        if vectors is None:
            return "none; words are timed but not understood"
        name = vectors.metadata.get("source", "")
        if config.text.vectors == "fasttext":
            return f"those of {name} (SHA-256 {vectors.digest}), which is not part of the model"
        if self.recipe.word_vectors.pretrained is not None:
            own = "the corpus" if self.recipe.corpus.config is None else self.recipe.word_vectors.source
            return f"those that {name} gives the words of {own or 'plain text'}"
        return f"fastText, trained on {self.recipe.word_vectors.source or 'plain text'}"

    def _export(
        self, config: ModelConfig, inputs: Inputs, training: Trainer, figures: dict[str, Any] | None
    ) -> None:
        manifest: Mapping[str, Any] = {} if inputs.corpus is None else ClipReader(inputs.corpus).manifest
        facts = {
            "recipe": self.name,
            "word_vectors": self._words_in_words(config, words_of(config, inputs)),
            "corpus": corpus_facts(manifest),
            "training": {
                "steps": training.position.step,
                "batch_size": training.settings.batch_size,
                "minutes": training.position.seconds / 60,
                "device": str(training.fabric.device),
                "val_loss": training.position.history[-1]["val_total"],
            },
            "limits": list(self.recipe.limits),
        }
        card = model_card(config, facts, figures)
        write_model(self.output, config, training.exported_state(), inputs, card)
        write_facts(self.output, facts)
        if figures is not None:
            write_figures(published(figures), self.output / EVALUATION)
