# SPDX-License-Identifier: GPL-3.0-or-later
"""The word vectors of a recipe: trained, built from a larger table, a fastText file, or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aqgt.models.config import ModelConfig, read_config
from aqgt.resources import data_path
from aqgt.speech.word_vectors import FastTextVectors, WordVectors
from aqgt_training.corpora.compose_config import ComposeConfig
from aqgt_training.recipe_config import Recipe
from aqgt_training.recipes import RecipeRun
from aqgt_training.stages.core.inputs import Inputs
from aqgt_training.stages.exporting import words_of
from tests.speech.fasttext_files import random_bin


def _model(dimension: int, **text: Any) -> ModelConfig:
    raw = read_config(data_path("configs", "models", "debug_trained.yaml")).model_dump()
    raw["features"]["word_dimension"] = dimension
    raw["text"] |= text
    return ModelConfig.model_validate(raw)


def _vectors(folder: Path, config: ModelConfig, **step: Any) -> tuple[WordVectors | None, str]:
    """The step's result in a folder that holds `models/` and `text.txt`, and what the card says of it."""
    (folder / "text.txt").write_text("hello there hand. hands point. " * 5)
    recipe = Recipe.model_validate(
        {
            "title": "x",
            "word_vectors": step,
            "corpus": {"config": "corpus.yaml"},
            "generator": {"model": "models/x.yaml", "stage": "stage.yaml"},
        }
    )
    run = RecipeRun(recipe, folder, folder / "work", folder / "out")
    run.work.mkdir()
    compose = ComposeConfig(gestures=folder, texts=[folder / "text.txt"])
    inputs = Inputs(model=folder / "models" / "x.yaml", word_vectors=run._words(config, compose.texts))
    vectors = words_of(config, inputs)
    return vectors, run._words_in_words(config, vectors)


def test_built_from_a_larger_table(tmp_path: Path) -> None:
    source = WordVectors.load(random_bin(tmp_path / "big.bin", 20))
    step = {"pretrained": "big.bin", "dimension": 20, "minimum_count": 5, "source": "a text"}
    vectors, said = _vectors(tmp_path, _model(20), **step)
    assert vectors is not None
    assert sorted(vectors.words) == ["hand", "hands", "hello", "point", "there"]
    np.testing.assert_allclose(vectors.vector("hello"), source.vector("hello"), atol=2e-3)
    assert said == "those that big.bin gives the words of a text"
    assert (tmp_path / "work" / "words.safetensors").is_file()


def test_a_fasttext_file_is_used_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AQGT_FASTTEXT", raising=False)
    (tmp_path / "models").mkdir()
    random_bin(tmp_path / "models" / "v.bin", 20)
    vectors, said = _vectors(tmp_path, _model(20, vectors="fasttext", path="v.bin"))
    assert isinstance(vectors, FastTextVectors)
    assert said.startswith(f"those of v.bin (SHA-256 {vectors.digest})")
    assert str(tmp_path) not in said
    assert not list((tmp_path / "work").iterdir())


def test_a_model_without_vectors_gets_none(tmp_path: Path) -> None:
    vectors, said = _vectors(tmp_path, _model(20, vectors="none"))
    assert vectors is None
    assert said.startswith("none")
