# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains and measures the variants of a recipe one after the other; what is finished is not repeated."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rich.console import Console

from aqgt.errors import AqgtError
from aqgt.models.config import ModelConfig, read_config, write_config
from aqgt.models.registry import load_model
from aqgt.resources import data_path
from aqgt.settings import check_settings, read_settings
from aqgt.speech.features import CompactFeatures
from aqgt.speech.file_hashes import file_sha256
from aqgt_training.ablation.measuring import Measure
from aqgt_training.ablation.table import ablation_table
from aqgt_training.ablation.variants import BASE, Variant, changed
from aqgt_training.card import markdown
from aqgt_training.corpora.cli import compose_corpus
from aqgt_training.corpora.clip_lmdb import ClipReader
from aqgt_training.corpora.compose import forms_of_training
from aqgt_training.corpora.compose_config import ComposeConfig
from aqgt_training.evaluation.comparison import write_figures
from aqgt_training.evaluation.features import extractor_for
from aqgt_training.recipe_config import Recipe
from aqgt_training.recipe_steps import RecipeSteps
from aqgt_training.stages.core.inputs import Inputs
from aqgt_training.stages.core.network_files import CONFIG as NETWORK
from aqgt_training.stages.data import Cut, MotionClips
from aqgt_training.stages.exporting import features_of, write_model
from aqgt_training.stages.running import open_stage, read_stage
from aqgt_training.word_vectors import train_word_vectors

FIGURES, TABLE = "ablations.json", "ablations.md"


@dataclass(frozen=True)
class Sizes:
    """How long the trainings are, and how much is measured.

    Attributes:
        hours: of training clips, where the corpus is composed; None: the recipe's.
        val_minutes: of held-out clips, likewise.
        steps, batch: of every training.
        vq_steps: of a pose VQ's training, in batches of 256.
        clips, controlled: held-out clips to generate, and those that get single typed gestures.
    """

    hours: float | None = None
    val_minutes: float | None = None
    steps: int = 1200
    batch: int = 48
    vq_steps: int = 2000
    clips: int = 12
    controlled: int = 6


class Ablations:
    """The short trainings of one recipe.

    Args:
        recipe: its file; it must compose its corpus.
        work: folder of everything; run again with the same one, it goes on.
        sizes: see `Sizes`.
        corpus: composed by the recipe before, which saves the time; its feature cache is written to.
        words: table of word vectors; None: trained as the recipe says.
        extractor: output of the stage ``autoencoder``; None: one is trained.
    """

    def __init__(
        self,
        recipe: Path,
        work: Path,
        sizes: Sizes = Sizes(),
        *,
        corpus: Path | None = None,
        words: Path | None = None,
        extractor: Path | None = None,
    ) -> None:
        self.path, self.recipe = recipe, read_settings(recipe, Recipe)
        self.work, self.sizes = work, sizes
        self._given = {"corpus": corpus, "words": words, "extractor": extractor}
        self._console = Console(stderr=True)
        self._steps = RecipeSteps(work, self._console)
        if self.recipe.corpus.config is None:
            raise AqgtError(f"The recipe {recipe.name} composes no corpus.", "Name another one.", "no-corpus")
        work.mkdir(parents=True, exist_ok=True)

    def run(self, variants: Sequence[Variant]) -> dict[str, Any]:
        """Trains and measures; the figures so far are written after each variant."""
        for number, variant in enumerate(variants, 1):
            self._console.print(f"[bold]{number} of {len(variants)}: {variant.name}[/bold]")
            self._variant(variant)
            figures = self.collect(variants)
        return figures

    def collect(self, variants: Sequence[Variant]) -> dict[str, Any]:
        """Writes the JSON and the table of those variants that are finished, and returns the figures."""
        found: dict[str, Any] = {}
        for variant in variants:
            path = self._folder(variant) / "figures.json"
            if path.is_file():
                own = json.loads(path.read_text(encoding="utf-8"))
                found[variant.name] = {"about": variant.about, **own}
        manifest = ClipReader(self._base_corpus).manifest
        figures = {
            "recipe": self.path.stem,
            "corpus_sha256": manifest.get("sha256", ""),
            "hours": manifest["splits"]["train"]["seconds"] / 3600,
            "steps": self.sizes.steps,
            "batch": self.sizes.batch,
            "vq_steps": self.sizes.vq_steps,
            "clips": len(self._measure.clips),
            "variants": found,
        }
        write_figures(figures, self.work / FIGURES)
        text = "\n".join([*markdown(ablation_table(figures)), ""])
        (self.work / TABLE).write_text(text, encoding="utf-8")
        return figures

    def _variant(self, variant: Variant) -> None:
        folder = self._folder(variant)
        if (folder / "figures.json").is_file():
            self._console.print("already there")
            return
        began = time.monotonic()
        folder.mkdir(exist_ok=True)
        config, inputs = self._config(variant), self._inputs(variant, folder)
        if config.pose_head.kind != "mlp":
            inputs = inputs.model_copy(update={"pose_vq": self._pose_vq(folder, inputs)})
        settings = self._stage(variant, inputs)
        run = open_stage("generator", settings, folder / "run", config=config, accelerator="cpu", devices=1)
        position = run.trainer.run()
        write_model(folder / "model", config, run.trainer.exported_state(), inputs, "An ablation's.\n")
        model = load_model(folder / "model")
        figures = {
            "parameters": sum(p.numel() for p in model.generator.parameters()),
            "train_hours": ClipReader(self._corpus(variant)).manifest["splits"]["train"]["seconds"] / 3600,
            "train_minutes": position.seconds / 60,
            **self._measure.figures(model, lambda what, _: self._console.print(f"  measuring: {what}")),
        }
        write_figures(figures, folder / "figures.json")
        self._console.print(f"  took {(time.monotonic() - began) / 60:.1f} min")

    def _stage(self, variant: Variant, inputs: Inputs) -> Any:
        sizes = self.sizes
        return read_stage(
            "generator",
            self.path.parent / self.recipe.generator.stage,
            {
                "max_steps": sizes.steps, "minutes": 100_000, "batch_size": sizes.batch,
                "validate_every": sizes.steps, "warmup_steps": min(100, max(1, sizes.steps // 10)),
                # The recipe's average looks back 200 steps, which may be most of a short training.
                "ema_decay": 1 - 1 / max(2, min(200, sizes.steps // 10)), "checkpoint_minutes": 1,
                **variant.stage,
            },
            inputs.model_dump(),
        )  # fmt: skip

    def _pose_vq(self, folder: Path, inputs: Inputs) -> Path:
        output = folder / "pose-vq"
        if not (output / NETWORK).is_file():
            changes = {"max_steps": self.sizes.vq_steps, "validate_every": self.sizes.vq_steps}
            stage = data_path("configs", "stages", "pose-vq.yaml")
            settings = read_stage("pose-vq", stage, changes, inputs.model_dump())
            open_stage("pose-vq", settings, output, accelerator="cpu", devices=1).run(output)
        return output

    def _inputs(self, variant: Variant, folder: Path) -> Inputs:
        write_config(self._config(variant), folder / "config.yaml")
        return Inputs(model=folder / "config.yaml", corpus=self._corpus(variant), word_vectors=self._words)

    def _config(self, variant: Variant) -> ModelConfig:
        compose = self._compose(variant)
        base = read_config(self._model_file)
        forms = forms_of_training(compose) if base.annotation.form_width else ()
        values = base.model_dump()
        changed(values, {"speaker.count": compose.speakers, "annotation.forms": forms})
        return variant.config(check_settings(values, ModelConfig, str(self.path)))

    def _compose(self, variant: Variant) -> ComposeConfig:
        step, sizes = self.recipe.corpus, self.sizes
        assert step.config is not None
        values = ComposeConfig.read(self.path.parent / step.config).model_dump()
        hours = sizes.hours or step.hours or values["hours"]
        changed(values, {"seed": step.seed, "hours": hours * variant.share, **variant.corpus})
        if variant.own_corpus:
            values["val_minutes"] = 1.0  # all are measured on the base's held-out clips
        elif sizes.val_minutes is not None:
            values["val_minutes"] = sizes.val_minutes
        return check_settings(values, ComposeConfig, f"variant “{variant.name}”")

    def _corpus(self, variant: Variant) -> Path:
        return self._composed(variant) if variant.own_corpus else self._base_corpus

    def _composed(self, variant: Variant) -> Path:
        compose, name = self._compose(variant), f"corpus-{_slug(variant.name)}"
        return self._steps.made(
            name,
            self.work / name,
            compose.model_dump_json(),
            lambda goes_on: compose_corpus(compose, self.work / name, resume=goes_on),
        )

    @cached_property
    def _base_corpus(self) -> Path:
        return self._given["corpus"] or self._composed(Variant(BASE, ""))

    @cached_property
    def _words(self) -> Path | None:
        if read_config(self._model_file).text.vectors != "file":
            return None
        if (given := self._given["words"]) is not None:
            return given
        step, texts = self.recipe.word_vectors, self._compose(Variant(BASE, "")).texts
        path = self.work / "words.safetensors"
        return self._steps.made(
            "word vectors",
            path,
            step.model_dump_json(),
            lambda _: train_word_vectors(
                texts,
                path,
                dimension=step.dimension,
                buckets=step.buckets,
                minimum_count=step.minimum_count,
                epochs=step.epochs,
                source=step.source,
            ),
        )

    @cached_property
    def _measure(self) -> Measure:
        config = self._config(Variant(BASE, ""))
        inputs = Inputs(model=self._model_file, word_vectors=self._words)
        cut = Cut(config.window, config.stride, 1, config.seed_frames).of_model(config)
        floor = self._stage(Variant(BASE, ""), inputs).std_floor
        statistics = MotionClips(self._base_corpus, "train", cut).statistics().floored(floor)
        extractor = extractor_for(self._base_corpus, self._given["extractor"], cache=self.work)
        windows = features_of(config, inputs)
        assert isinstance(windows, CompactFeatures)
        return Measure.of(
            self._base_corpus, self.sizes.clips, self.sizes.controlled, windows, statistics, extractor
        )

    @property
    def _model_file(self) -> Path:
        return self.path.parent / self.recipe.generator.model

    @cached_property
    def _common(self) -> str:
        """What the figures of all variants depend on."""
        sizes = self.sizes
        counts = (sizes.steps, sizes.batch, sizes.vq_steps, sizes.clips, sizes.controlled)
        corpus = ClipReader(self._base_corpus).manifest.get("sha256", "")
        stage = (self.path.parent / self.recipe.generator.stage).read_text(encoding="utf-8")
        words = "" if self._words is None else file_sha256(self._words)
        return f"{counts} {corpus} {words} {stage}"

    def _folder(self, variant: Variant) -> Path:
        """Of one variant; other settings, sizes or another corpus make it another one."""
        own = [dict(variant.stage), dict(variant.corpus), variant.share]  # its model is in the config
        text = f"{json.dumps(own)} {self._config(variant).model_dump_json()} {self._common}"
        return self.work / f"{_slug(variant.name)}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _slug(name: str) -> str:
    return name.replace(" ", "-").replace(".", "")
