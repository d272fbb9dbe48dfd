# SPDX-License-Identifier: GPL-3.0-or-later
"""The generator's training: it learns, stops when told to, and goes on where it stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from aqgt.errors import AqgtError
from aqgt.models.config import ModelConfig, read_config
from aqgt.resources import data_path
from aqgt.settings import read_settings
from aqgt.speech.features import CompactFeatures
from aqgt_training.stages.build import build_generator_training
from aqgt_training.stages.config import GeneratorStage
from aqgt_training.stages.core.inputs import Inputs
from aqgt_training.stages.core.trainer import Trainer
from tests.training.tiny_corpus import write_tiny_corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_corpus(tmp_path_factory.mktemp("corpus"))


def _training(corpus: Path, folder: Path, **changes: object) -> Trainer:
    config: ModelConfig = read_config(data_path("configs", "models", "debug.yaml"))
    settings = {"batch_size": 8, "max_steps": 6, "precision": "32-true", "validate_every": 100, **changes}
    stage = GeneratorStage.model_validate({**settings, "inputs": Inputs(corpus=corpus)})
    features = CompactFeatures(config.features)
    return build_generator_training(config, stage, features, folder, accelerator="cpu", devices=1)


def test_it_learns(corpus: Path, tmp_path: Path) -> None:
    training = _training(corpus, tmp_path, max_steps=50, adversarial_from=1.0, warmup_steps=10)
    before = training.validate()["total"]
    training.run()
    assert training.position.step == 50
    assert training.validate()["total"] < 0.7 * before


def test_it_goes_on_where_it_stopped(corpus: Path, tmp_path: Path) -> None:
    first = _training(corpus, tmp_path / "run", max_steps=3)
    first.run()
    second = _training(corpus, tmp_path / "run", max_steps=6)
    second.run()
    assert second.position.step == 6
    lines = (tmp_path / "run" / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [3, 6]


def test_a_finished_training_is_not_repeated(corpus: Path, tmp_path: Path) -> None:
    _training(corpus, tmp_path / "run", max_steps=3).run()
    log = (tmp_path / "run" / "log.jsonl").read_text()
    again = _training(corpus, tmp_path / "run", max_steps=3)
    assert again.run().step == 3
    assert again.position.history
    assert (tmp_path / "run" / "log.jsonl").read_text() == log


def test_a_corpus_smaller_than_a_batch_is_refused(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(AqgtError, match="fewer than 5000 windows"):
        _training(corpus, tmp_path, batch_size=5000).run()


def test_a_held_out_part_without_a_window_is_refused_before_the_training(
    corpus: Path, tmp_path: Path
) -> None:
    training = _training(corpus, tmp_path)
    training.validation.starts = training.validation.starts[:0]  # type: ignore[attr-defined]
    with pytest.raises(AqgtError, match="held-out part"):
        training.run()
    assert training.position.step == 0


def test_a_training_that_diverges_says_so_and_keeps_its_last_checkpoint(corpus: Path, tmp_path: Path) -> None:
    training = _training(corpus, tmp_path, max_steps=6, checkpoint_steps=2)
    step = training.task.step

    def poisoned(*arguments: Any) -> dict[str, float]:
        if training.position.step == 3:
            with torch.no_grad():
                next(training.task.main.network.parameters()).fill_(torch.nan)
        return step(*arguments)

    training.task.step = poisoned  # type: ignore[method-assign]
    with pytest.raises(AqgtError, match="diverged"):
        training.run()
    kept = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert kept["position"]["step"] == 2
    assert all(bool(value.isfinite().all()) for value in kept["players"]["main"]["network"].values())


def test_an_average_that_was_not_kept_begins_at_the_weights(corpus: Path, tmp_path: Path) -> None:
    _training(corpus, tmp_path, max_steps=3, ema_decay=0.0).run()
    later = _training(corpus, tmp_path, max_steps=3, ema_decay=0.99)
    later.run()  # loads, and finds nothing to do
    weights = later.task.main.network.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in later.exported_state().items())


def test_the_discriminator_joins_and_is_saved(corpus: Path, tmp_path: Path) -> None:
    training = _training(corpus, tmp_path, adversarial_from=0.5)
    training.run()
    assert "discriminator" in training.position.history[-1]
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert state["position"]["step"] == 6
    assert any(key.startswith("score") for key in state["players"]["discriminator"]["network"])


def test_the_same_seed_gives_the_same_weights(corpus: Path, tmp_path: Path) -> None:
    states = []
    for name in ("one", "two"):
        training = _training(corpus, tmp_path / name, max_steps=3)
        training.run()
        states.append(training.exported_state())
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_a_wrong_key_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "stage.yaml"
    path.write_text("batch_sise: 4\n")
    with pytest.raises(AqgtError, match=r"batch_sise.*batch_size"):
        read_settings(path, GeneratorStage)
