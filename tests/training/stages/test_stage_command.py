# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt-train stage` and what a training leaves in its folder."""

from __future__ import annotations

import json
import sys
from pathlib import Path

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
