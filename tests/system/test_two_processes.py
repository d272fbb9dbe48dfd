# SPDX-License-Identifier: GPL-3.0-or-later
"""Training on two devices, here two processes of the processor."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from aqgt.speech.word_vectors import WordVectors
from tests.system.conftest import Run
from tests.training.tiny_corpus import write_tiny_corpus


@pytest.mark.slow
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
        "--stage",
        configs / "stages" / "debug.yaml",
    ]
    options += ["--word-vectors", "words.safetensors", "--work", "work"]
    result = run("aqgt-train", "generator", "corpus", *options, "--accelerator", "cpu", "--devices", 2)
    assert result.returncode == 0, result.stderr
    assert "MEMBER: 2/2" in result.stderr, "there was no second process"
    log = (tmp_path / "work" / "log.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in log]
    assert [row["step"] for row in rows] == [6, 12, 12], "one process writes the log"
    assert all(np.isfinite(value) for row in rows for value in row.values())
    state = torch.load(tmp_path / "work" / "checkpoint.pt", weights_only=True)
    assert state["position"]["step"] == 12
