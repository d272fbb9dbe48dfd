# SPDX-License-Identifier: GPL-3.0-or-later
"""Ablations of a recipe: each variant is one change, they go on where they were, and the table tells all."""

from __future__ import annotations

import json

import pytest
import yaml

from aqgt.models.config import ModelConfig, read_config
from aqgt.models.generator import GestureGenerator
from aqgt.resources import data_path
from aqgt_training.ablation.running import FIGURES, TABLE, Ablations, Sizes
from aqgt_training.ablation.table import ablation_table
from aqgt_training.ablation.variants import BASE, VARIANTS, Variant, changed
from aqgt_training.corpora.compose_config import ComposeConfig
from aqgt_training.evaluation.features import QuickTraining, train_extractor
from aqgt_training.stages.config import GeneratorStage
from aqgt_training.stages.core.inputs import Inputs
from aqgt_training.stages.running import read_stage
from tests.training.tiny_corpus import write_tiny_corpus

SIZES = Sizes(steps=3, batch=4, vq_steps=2, clips=1, controlled=1)
NAMES = (BASE, "another seed", "vq")


def _settings(variant: Variant) -> GeneratorStage:
    path = data_path("configs", "stages", "compact-forms.yaml")
    model = data_path("configs", "models", "compact-forms.yaml")
    found = read_stage("generator", path, variant.stage, Inputs(model=model).model_dump())
    assert isinstance(found, GeneratorStage)
    return found


def _config(variant: Variant) -> ModelConfig:
    base = read_config(data_path("configs", "models", "compact-forms.yaml"))
    forms = base.annotation.model_copy(update={"forms": ("cup", "beat")})
    return variant.config(base.model_copy(update={"annotation": forms}))


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_a_variant_changes_one_part_of_the_recipe_and_is_allowed(variant: Variant) -> None:
    base = Variant(BASE, "")
    compose = ComposeConfig.read(data_path("configs", "corpora", "composed-forms.yaml"))
    own = ComposeConfig.model_validate(changed(compose.model_dump(), variant.corpus))
    differs = [
        _settings(variant) != _settings(base),
        _config(variant) != _config(base),
        own != compose or variant.share != 1,
    ]
    assert sum(differs) == (variant.name != BASE)
    assert variant.own_corpus == differs[2]


def test_widths_scale_the_network() -> None:
    half, base, wide = (
        sum(p.numel() for p in GestureGenerator(_config(Variant("", "", width=width))).parameters())
        for width in (0.5, 1.0, 1.5)
    )
    assert 0.2 < half / base < 0.5
    assert 1.5 < wide / base < 2.5


@pytest.fixture(scope="module")
def ablations(tmp_path_factory: pytest.TempPathFactory) -> Ablations:
    """Of a tiny recipe on a corpus of seconds, not yet run."""
    folder = tmp_path_factory.mktemp("recipes")
    corpus = write_tiny_corpus(tmp_path_factory.mktemp("corpus"), train_clips=6, val_clips=2, seconds=6)
    extractor = folder / "extractor"
    train_extractor(corpus, extractor, QuickTraining(steps=1, batch_size=4))
    model = yaml.safe_load(data_path("configs", "models", "debug_trained.yaml").read_text())
    model["text"] = {"vectors": "none", "width": 8}
    (folder / "model.yaml").write_text(yaml.safe_dump(model))
    compose = {"gestures": "none", "texts": ["none"], "speakers": 2}
    (folder / "compose.yaml").write_text(yaml.safe_dump(compose))
    recipe = {
        "title": "Tiny",
        "corpus": {"config": "compose.yaml"},
        "generator": {"model": "model.yaml", "stage": str(data_path("configs", "stages", "debug.yaml"))},
    }
    (folder / "tiny.yaml").write_text(yaml.safe_dump(recipe))
    work = tmp_path_factory.mktemp("work")
    return Ablations(folder / "tiny.yaml", work, SIZES, corpus=corpus, extractor=extractor)


def test_variants_are_trained_measured_and_not_repeated(ablations: Ablations) -> None:
    variants = [variant for variant in VARIANTS if variant.name in NAMES]
    figures = ablations.run(variants)
    assert tuple(figures["variants"]) == NAMES
    losses = [each["loss"]["annotated"] for each in figures["variants"].values()]
    assert len(set(losses)) == len(NAMES), "each was another training"
    kept = {path: path.stat().st_mtime_ns for path in ablations.work.glob("*/run/checkpoint.pt")}
    assert len(kept) == len(NAMES)
    assert ablations.run(variants) == figures
    assert {path: path.stat().st_mtime_ns for path in kept} == kept

    measured = next(ablations.work.glob("base-*/figures.json"))
    measured.unlink()
    again = ablations.run(variants)
    for each in (again, figures):
        each["variants"][BASE].pop("train_minutes")
    assert again == figures, "a lost measurement is made again of the same training"

    lines = (ablations.work / TABLE).read_text(encoding="utf-8").splitlines()
    assert [line.split("**")[1] for line in lines if line.startswith("| **")] == list(NAMES)
    assert "nan" not in "\n".join(lines)
    written = json.loads((ablations.work / FIGURES).read_text(encoding="utf-8"))
    spread = abs(losses[0] - losses[1])
    assert f"in the seed alone differs by up to {spread:.3f}" in ablation_table(written).note


def test_other_steps_are_another_training(ablations: Ablations) -> None:
    longer = Ablations(
        ablations.path,
        ablations.work,
        Sizes(steps=4, batch=4, vq_steps=2, clips=1, controlled=1),
        corpus=ablations._given["corpus"],
        extractor=ablations._given["extractor"],
    )
    assert longer._folder(Variant(BASE, "")) != ablations._folder(Variant(BASE, ""))
    assert longer._folder(Variant(BASE, "said otherwise")) == longer._folder(Variant(BASE, ""))
