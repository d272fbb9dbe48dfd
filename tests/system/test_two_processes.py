# SPDX-License-Identifier: GPL-3.0-or-later
"""Training on two devices, here two processes of the processor."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from aqgt.speech.word_vectors import WordVectors
from tests.system.conftest import Run
from tests.training.tiny_corpus import write_tiny_corpus

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def _rows(path: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_two_processes_train_one_model(run: Run, checkout: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    vectors, ngrams = rng.normal(size=(1, 8)), rng.normal(size=(20, 8))
    words = WordVectors(
        ["hello"], vectors.astype(np.float32), ngrams.astype(np.float32), shortest=3, longest=5
    )
    words.save(tmp_path / "words.safetensors")
    write_tiny_corpus(tmp_path / "corpus")
    configs = checkout / "configs"
    options = [
        "--model",
        configs / "models" / "debug_trained.yaml",
        "--config",
        configs / "stages" / "debug.yaml",
    ]
    options += ["--corpus", "corpus", "--word-vectors", "words.safetensors", "--output", "work"]
    result = run("aqgt-train", "stage", "generator", *options, "--accelerator", "cpu", "--devices", 2)
    assert result.returncode == 0, result.stderr
    assert "MEMBER: 2/2" in result.stderr, "there was no second process"
    rows = _rows(tmp_path / "work" / "log.jsonl")
    assert [row["step"] for row in rows] == [6, 12], "one process writes the log"
    assert all(np.isfinite(value) for row in rows for value in row.values())
    state = torch.load(tmp_path / "work" / "checkpoint.pt", weights_only=True)
    assert state["position"]["step"] == 12
    assert len(state["random"]) == 2, "each process has random numbers of its own"


def test_two_processes_learn_what_one_learns_from_batches_twice_as_large(
    run: Run, checkout: Path, tmp_path: Path
) -> None:
    """Without dropout and noise the weights differ by the order of summation alone: losses within 0.1 %."""
    write_tiny_corpus(tmp_path / "corpus")
    model = yaml.safe_load((checkout / "configs" / "models" / "debug.yaml").read_text())
    model |= {"dropout": 0.0}
    model["text"] |= {"dropout": 0.0}
    model["backbone"] |= {"dropout": 0.0}
    model["backbone"]["transformer_1"] |= {"dropout": 0.0}
    model["backbone"]["transformer_2"] |= {"dropout": 0.0}
    (tmp_path / "model.yaml").write_text(yaml.safe_dump(model))
    stage = {
        "batch_size": 8,
        "stride": 4,
        "max_steps": 12,
        "validate_every": 6,
        "log_every": 1,
        "precision": "32-true",
        "seed_noise": 0.0,
        "no_seed": 0.0,
        "adversarial_from": 0.5,
        "annotation_dropout": {"everything": 0.0, "phases": 0.0, "form": 0.0, "channel": 0.0},
        # The style is drawn; so little of it enters that both runs see nearly the same numbers.
        "losses": {"style_divergence": 0.0},
    }
    (tmp_path / "stage.yaml").write_text(yaml.safe_dump(stage))
    options = ["stage", "generator", "--config", "stage.yaml", "--corpus", "corpus", "--model", "model.yaml"]
    options += ["--accelerator", "cpu"]

    alone = run("aqgt-train", *options, "--output", "one", "--set", "batch_size=16", "--devices", 1)
    assert alone.returncode == 0, alone.stderr
    torchrun = ["--standalone", "--nproc_per_node", 2, "-m", "aqgt_training.cli.app"]
    both = run("torchrun", *torchrun, *options, "--output", "two")
    assert both.returncode == 0, both.stderr
    one, two = _rows(tmp_path / "one" / "log.jsonl"), _rows(tmp_path / "two" / "log.jsonl")
    assert [row["step"] for row in two] == [6, 12]
    for ours, theirs in zip(two, one, strict=True):
        assert ours["val_total"] == pytest.approx(theirs["val_total"], rel=1e-3)
    assert two[-1]["val_total"] < two[0]["val_total"], "it learns"
