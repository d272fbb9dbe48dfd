# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt-train stage` and what a training leaves in its folder."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from aqgt.errors import AqgtError
from aqgt_training.cli.app import app
from aqgt_training.stages.running import read_stage
from tests.training.stages.conftest import OpenStage

CONFIG = """
inputs: {corpus: corpus}
batch_size: 8
max_steps: 2
log_every: 1
validate_every: 0
network: {decoder_state: 8, decoder_layers: 1, decoder_hidden: 8, width: 4}
"""


def command(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["stage", "autoencoder", *map(str, arguments), "--accelerator", "cpu"])


def test_from_a_config_to_a_network(chain: Path, tmp_path: Path) -> None:
    config = tmp_path / "stage.yaml"
    config.write_text(CONFIG)
    (tmp_path / "corpus").symlink_to(chain / "corpus")
    output = tmp_path / "out"
    first = command("--config", config, "--output", output, "--devices", 1)
    assert first.exception is None, first.output
    made = {path.name for path in output.iterdir()}
    assert made == {
        "best.pt", "checkpoint.pt", "curve.jsonl", "curves.png", "log.jsonl",
        "network.safetensors", "network.yaml", "stage.yaml", "tensorboard",
    }  # fmt: skip

    again = command("--config", config, "--output", output, "--devices", 1)
    assert isinstance(again.exception, AqgtError)
    assert "--resume" in again.exception.next_step
    longer = command(
        "--config", config, "--output", output, "--devices", 1, "--resume", "--set", "max_steps=4"
    )
    assert longer.exception is None, longer.output
    rows = [json.loads(line) for line in (output / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [2, 4]
    assert yaml.safe_load((output / "stage.yaml").read_text())["max_steps"] == 4


def test_mistakes_are_named(tmp_path: Path) -> None:
    config = tmp_path / "stage.yaml"
    config.write_text(CONFIG)
    wrong = command("--config", config, "--output", tmp_path / "out", "--set", "batch_sise=4")
    assert isinstance(wrong.exception, AqgtError)
    assert "batch_sise" in wrong.exception.sentence
    unclear = command("--config", config, "--output", tmp_path / "out", "--set", "batch_size")
    assert isinstance(unclear.exception, AqgtError)
    assert "KEY=VALUE" in unclear.exception.sentence
    many = command("--config", config, "--output", tmp_path / "out", "--devices", "all")
    assert isinstance(many.exception, AqgtError)
    assert "--devices auto" in many.exception.next_step
    nothing = command("--output", tmp_path / "out")
    assert isinstance(nothing.exception, AqgtError)
    assert "inputs.corpus" in nothing.exception.sentence


def test_paths_of_a_config_start_at_its_folder(tmp_path: Path) -> None:
    config = tmp_path / "stage.yaml"
    config.write_text("inputs: {corpus: here, shards: [there, 'https://x.test/y']}\n")
    own = read_stage("autoencoder", config, {}, {}).inputs
    assert own.corpus == tmp_path / "here"
    assert own.shards == (str(tmp_path / "there"), "https://x.test/y")
    given = read_stage("autoencoder", config, {}, {"corpus": Path("mine")}).inputs
    assert given.corpus == Path("mine")


def test_the_key_of_weights_and_biases_is_not_written_down(
    small: OpenStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    run = small("autoencoder", wandb={"project": "p", "key": "very-secret"})
    written = (tmp_path / "run" / "stage.yaml").read_text()
    assert "very-secret" not in written
    assert "project: p" in written
    with pytest.raises(AqgtError, match="wandb is not installed"):
        run.trainer.run()


class FakeWandb:
    """Notes what the real package is asked for."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.logins: list[str] = []
        self.runs: list[dict[str, Any]] = []
        self.logged: list[tuple[int, dict[str, float]]] = []
        self.problem = problem

    def login(self, key: str) -> None:
        if self.problem is not None:
            raise self.problem
        self.logins.append(key)

    def init(self, **options: Any) -> SimpleNamespace:
        self.runs.append(options)
        return SimpleNamespace(
            log=lambda values, step: self.logged.append((step, values)), finish=lambda: None
        )


def test_a_run_on_weights_and_biases_is_its_folders(
    small: OpenStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two trainings in folders of one name are two runs; one that goes on stays the same run."""
    fake = FakeWandb()
    monkeypatch.setitem(sys.modules, "wandb", fake)
    wandb = {"project": "p", "key": "very-secret", "mode": "offline"}
    for folder, steps in (("a/run", 2), ("b/run", 2), ("a/run", 3)):
        small("autoencoder", folder, max_steps=steps, validate_every=1000, wandb=wandb).trainer.run()
    first, second, resumed = (run["id"] for run in fake.runs)
    assert first != second
    assert resumed == first
    assert not fake.logins, "offline, a key can't be checked"
    assert [step for step, values in fake.logged if "train/total" in values] == [1, 2, 1, 2, 3]
    assert "very-secret" not in repr(fake.runs)


def test_a_key_that_is_refused_is_said(small: OpenStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", FakeWandb(problem=OSError("the key is not known")))
    run = small("autoencoder", wandb={"project": "p", "key": "very-secret"})
    with pytest.raises(AqgtError, match="the key is not known") as caught:
        run.trainer.run()
    assert "offline" in caught.value.next_step
