# SPDX-License-Identifier: GPL-3.0-or-later
"""Every stage takes windows of shards as it takes those of a clip corpus."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from aqgt.resources import data_path
from aqgt_training.cli.app import app
from aqgt_training.stages.autoencoder import load_extractor
from tests.training.stages.conftest import OpenStage

pytest.importorskip("aqgt_training.corpora.shard_batches", reason="the corpora have no shards yet")


@pytest.fixture(scope="module")
def shards(chain: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny corpus as shards, with the features of the debug model."""
    folder: Path = tmp_path_factory.mktemp("shards") / "tiny"
    model = data_path("configs", "models", "debug.yaml")
    arguments = ["corpus", "shards", chain / "corpus", "--output", folder, "--model", model]
    made = CliRunner().invoke(app, list(map(str, arguments)))
    assert made.exception is None, made.output
    return folder


@pytest.mark.parametrize("name", ["pose-vq", "annotation", "autoencoder", "generator"])
def test_a_stage_trains(small: OpenStage, shards: Path, tmp_path: Path, name: str) -> None:
    run = small(name, max_steps=3, inputs={"corpus": None, "shards": (str(shards),)})
    run.run(tmp_path / "run")
    assert run.trainer.position.step == 3
    assert run.trainer.position.history[-1]["val_total"] > 0
    if name == "autoencoder":
        assert load_extractor(tmp_path / "run").mean_bone_vectors.any()
