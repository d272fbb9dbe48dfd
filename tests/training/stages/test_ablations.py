# SPDX-License-Identifier: GPL-3.0-or-later
"""Each ablation is a line of a config: it can be built and trained, and what is left out has no weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from aqgt.models.config import read_config
from aqgt.resources import data_path
from aqgt_training.stages.generator import GeneratorTask
from tests.training.stages.conftest import OpenStage

ABLATIONS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "no GRU": ({"backbone": {"gru": False}}, ("backbone.gru",)),
    "no transformer": ({"backbone": {"transformer": False}}, ("backbone.transformer",)),
    "no aligner": ({"aligner": {"context": "none"}}, ("aligner.align", "aligner.head", "aligner.residual")),
    "no VQ": ({"pose_head": {"kind": "mlp"}}, ("aligner.head.vq",)),
    "no annotations": ({"annotation": {"learned": False}}, ()),
}


def _model(tmp_path: Path, change: dict[str, Any]) -> Path:
    """The tiny fresh model with a pose VQ, and the ablation's line."""
    raw = yaml.safe_load(data_path("configs", "models", "debug.yaml").read_text())
    published = yaml.safe_load(data_path("configs", "models", "debug_published.yaml").read_text())
    raw["pose_head"] = published["pose_head"]
    for section, values in change.items():
        raw[section] = {**raw.get(section, {}), **values}
    path = tmp_path / "model.yaml"
    path.write_text(yaml.safe_dump(raw))
    return path


@pytest.mark.parametrize("name", [*ABLATIONS, "nothing", "no GAN"])
def test_it_takes_a_step(small: OpenStage, chain: Path, tmp_path: Path, name: str) -> None:
    change, gone = ABLATIONS.get(name, ({}, ()))
    model = _model(tmp_path, change)
    adversarial_from = 1.0 if name == "no GAN" else 0.0
    training = small(
        "generator",
        inputs={"model": model, "pose_vq": chain / "pose-vq"},
        adversarial_from=adversarial_from,
        max_steps=1,
    ).trainer
    assert isinstance(training.task, GeneratorTask)
    generator = training.task.generator
    before = {key: value.clone() for key, value in generator.state_dict().items()}
    training.run()
    after = generator.state_dict()
    assert not [key for key in after if key.startswith(gone)] if gone else True
    assert any(not torch.equal(before[key], after[key]) for key in after)
    assert ("discriminator" in training.task.players) == (name != "no GAN")
    frozen = [key for key in after if key.startswith("aligner.head.vq.")]
    assert bool(frozen) == (name not in ("no VQ", "no aligner"))
    assert all(torch.equal(before[key], after[key]) for key in frozen)


def test_without_annotations_they_change_nothing(small: OpenStage, chain: Path, tmp_path: Path) -> None:
    model = _model(tmp_path, ABLATIONS["no annotations"][0])
    assert not read_config(model).annotation.learned
    inputs = {"model": model, "pose_vq": chain / "pose-vq"}
    task = small("generator", inputs=inputs, max_steps=1).trainer
    batch = next(iter(task.validation.epoch(0, shuffle=False)))
    other = {**batch, "annotations": torch.zeros_like(batch["annotations"])}
    task.task.main.network.eval()
    with torch.no_grad():
        assert float(task.task.losses(batch)["total"]) == float(task.task.losses(other)["total"])
