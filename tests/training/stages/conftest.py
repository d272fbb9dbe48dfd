# SPDX-License-Identifier: GPL-3.0-or-later
"""Every stage on a corpus of seconds: settings, and what the earlier stages hand to the later ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from aqgt.resources import data_path
from aqgt_training.stages.running import StageRun, open_stage, read_stage
from aqgt_training.stages.tiny_encoders import write_tiny_encoders
from tests.training.tiny_corpus import write_tiny_corpus

SMALL: dict[str, dict[str, Any]] = {
    "pose-vq": {"stride": 6, "adversarial": 1.0, "max_steps": 6},
    "audio-vq": {
        "network": {"channels": 16, "residual_channels": 8, "residual_blocks": 1, "codes": 32},
        "max_steps": 6,
    },
    "annotation": {"stride": 6, "max_steps": 6, "self_training": {"threshold": 0.2}},
    "autoencoder": {
        "network": {"decoder_state": 8, "decoder_layers": 1, "decoder_hidden": 8, "width": 4},
        "schedule": "plateau",
        "patience": 0,
        "lookahead_steps": 3,
        "max_steps": 6,
    },
    "generator": {"stride": 10, "max_steps": 6, "precision": "32-true", "adversarial_from": 0.5},
    "published": {
        "stride": 20,
        "max_steps": 6,
        "learning_rate": 1e-3,
        "dropout": {"step": 0.05, "every_epochs": 1, "most": 0.1},
        "discriminator": {
            "hidden": 8,
            "audio_width": 4,
            "sentence_hidden": 8,
            "text_width": 4,
            "state_width": 4,
            "state_layers": 1,
            "pose_channels": [4, 4, 4, 4, 4],
        },
    },
}
EVERY = {"batch_size": 8, "validate_every": 3, "validation_batches": 2, "log_every": 1}

OpenStage = Callable[..., StageRun]


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``corpus``, ``encoders`` and an output folder of each stage before the generator's."""
    folder = tmp_path_factory.mktemp("chain")
    write_tiny_corpus(folder / "corpus", train_clips=6, val_clips=2)
    write_tiny_encoders(folder / "encoders", tokens=32, width=16)
    with torch.random.fork_rng():
        for name in ("pose-vq", "audio-vq", "annotation", "autoencoder"):
            small_stage(folder, name, folder / name, max_steps=3).run(folder / name)
    return folder


@pytest.fixture
def small(chain: Path, tmp_path: Path) -> OpenStage:
    """`small("annotation", "run", max_steps=4)`: a stage in a folder of the test's own."""

    def opened(name: str, folder: str = "run", **changes: Any) -> StageRun:
        return small_stage(chain, name, tmp_path / folder, **changes)

    return opened


def small_stage(chain: Path, name: str, output: Path, **changes: Any) -> StageRun:
    """A stage with tiny sizes; ``published`` is the generator of a published network."""
    models = data_path("configs", "models")
    inputs: dict[str, Any] = {"corpus": chain / "corpus", "model": models / "debug_published.yaml"}
    if name in ("annotation", "published"):
        inputs["pose_vq"] = chain / "pose-vq"
    if name == "published":
        inputs |= {"audio_vq": chain / "audio-vq", "annotation": chain / "annotation"}
        inputs |= {"encoders": chain / "encoders", "extractor": chain / "autoencoder"}
    if name == "generator":
        inputs["model"] = models / "debug.yaml"
    inputs |= changes.pop("inputs", {})
    stage = "generator" if name == "published" else name
    settings = read_stage(stage, None, {**EVERY, **SMALL[name], **changes}, inputs)
    return open_stage(stage, settings, output, accelerator="cpu", devices=1)
