# SPDX-License-Identifier: GPL-3.0-or-later
"""Which steps of a recipe are done again, gone on with, or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aqgt.errors import AqgtError
from aqgt.resources import data_path
from aqgt.speech.word_vectors import WordVectors
from aqgt_training.corpora.clip_lmdb import ClipReader
from aqgt_training.recipe_config import Recipe
from aqgt_training.recipes import RecipeRun
from aqgt_training.stages.autoencoder import AutoencoderStage
from aqgt_training.stages.core.inputs import Inputs
from tests.speech.fasttext_files import random_bin
from tests.training.tiny_corpus import write_tiny_corpus


@pytest.fixture
def run(tmp_path: Path) -> RecipeRun:
    recipe = {
        "title": "x",
        "corpus": {"folder": "clips"},
        "generator": {"model": "model.yaml", "stage": "stage.yaml"},
    }
    made = RecipeRun(Recipe.model_validate(recipe), tmp_path, tmp_path / "work", tmp_path / "out")
    made.work.mkdir()
    return made


def _corpus(folder: Path, digest: str) -> Inputs:
    folder.mkdir(exist_ok=True)
    (folder / "data.mdb").touch()
    (folder / "manifest.json").write_text(json.dumps({"sha256": digest}))
    return Inputs(corpus=folder)


def test_a_step_that_was_cut_off_is_gone_on_with_only_for_the_same_settings(run: RecipeRun) -> None:
    result = run.work / "corpus"
    told: list[bool] = []

    def make(goes_on: bool, *, fails: bool = False) -> None:
        told.append(goes_on)
        result.mkdir(exist_ok=True)
        if fails:
            raise KeyboardInterrupt

    for settings in ("one", "one", "two", "two"):
        with pytest.raises(KeyboardInterrupt):
            run._steps.made("corpus", result, settings, lambda goes_on: make(goes_on, fails=True))
    assert told == [False, True, False, True]
    run._steps.made("corpus", result, "two", make)
    run._steps.made("corpus", result, "two", make)
    assert told == [False, True, False, True, True], "the last call found it done"
    run._steps.made("corpus", result, "one", make)
    assert told[-1] is False, "what was finished is not gone on with"


def test_a_training_of_something_else_is_not_gone_on_with(run: RecipeRun, tmp_path: Path) -> None:
    def claim(inputs: Inputs, **settings: Any) -> None:
        run._steps.claim("generator", AutoencoderStage.model_validate(settings), inputs)

    inputs = _corpus(tmp_path / "clips", "one")
    claim(inputs)
    claim(_corpus(tmp_path / "clips", "two"))  # nothing has been trained yet
    (run.work / "generator").mkdir()
    (run.work / "generator" / "checkpoint.pt").touch()
    claim(inputs, max_steps=8000, minutes=5.0)  # longer, or shorter
    with pytest.raises(AqgtError, match="other settings") as caught:
        claim(inputs, learning_rate=0.5)
    assert "Delete that folder" in caught.value.next_step
    _corpus(tmp_path / "clips", "three")
    with pytest.raises(AqgtError, match="another corpus"):
        claim(inputs)
    (run.work / "generator" / "checkpoint.pt").unlink()
    claim(inputs, learning_rate=0.5)


def test_a_training_begun_before_it_was_noted_may_go_on(run: RecipeRun, tmp_path: Path) -> None:
    (run.work / "generator").mkdir()
    (run.work / "generator" / "checkpoint.pt").touch()
    run._steps.claim("generator", AutoencoderStage(), _corpus(tmp_path / "clips", "one"))


def test_a_corpus_that_is_there_gives_its_words_and_speakers(tmp_path: Path) -> None:
    """A recipe for a fresh model, with a clip corpus in the place of a composed one."""
    corpus = write_tiny_corpus(tmp_path / "clips", train_clips=3, val_clips=1)
    recipe: dict[str, Any] = {
        "title": "x",
        "corpus": {"folder": "clips"},
        "word_vectors": {"dimension": 20, "minimum_count": 1},
        "generator": {
            "model": str(data_path("configs", "models", "debug_trained.yaml")),
            "stage": "stage.yaml",
        },
    }

    def run_of(raw: dict[str, Any]) -> RecipeRun:
        made = RecipeRun(Recipe.model_validate(raw), tmp_path, tmp_path / "work", tmp_path / "out")
        made.work.mkdir(exist_ok=True)
        return made

    run = run_of(recipe)
    config = run._model_config()
    speakers = {clip.speaker for clip in ClipReader(corpus)}
    assert config.speaker.count == max(speakers) + 1
    with pytest.raises(AqgtError, match="reads word vectors") as caught:
        run._inputs(config)
    assert "--word-vectors" in caught.value.next_step

    random_bin(tmp_path / "big.bin", 20)
    recipe["word_vectors"]["pretrained"] = "big.bin"
    inputs = run_of(recipe)._inputs(config)
    assert inputs.corpus == corpus
    assert inputs.word_vectors is not None
    assert WordVectors.load(inputs.word_vectors).words == ["hello"]
