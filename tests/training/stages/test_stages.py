# SPDX-License-Identifier: GPL-3.0-or-later
"""What each stage promises: it learns, what is frozen stays, and what it makes can be loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from aqgt.errors import AqgtError
from aqgt.resources import data_path
from aqgt_training.stages.annotation import AnnotationTask, load_annotation_network
from aqgt_training.stages.audio_vq import AudioVqTask, load_audio_vq, pictures
from aqgt_training.stages.config import GrowingDropout
from aqgt_training.stages.core.trainer import Trainer
from aqgt_training.stages.disturbances import disturbed
from aqgt_training.stages.pose_vq import load_pose_vq
from aqgt_training.stages.published_generator import PublishedGeneratorTask, grow_dropout
from aqgt_training.stages.running import read_stage
from tests.training.stages.conftest import OpenStage


def state_of(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def changed(before: dict[str, Tensor], after: dict[str, Tensor]) -> set[str]:
    return {name for name in before if not torch.equal(before[name], after[name])}


@pytest.mark.parametrize(
    ("name", "share", "changes"),
    [
        ("pose-vq", 0.9, {"adversarial": 0.0, "learning_rate": 3e-3, "max_steps": 60}),
        ("audio-vq", 0.9, {"learning_rate": 3e-3, "max_steps": 40}),
        # The published loss takes probabilities for scores, so that it can't come near 0.
        ("annotation", 0.95, {"learning_rate": 5e-3, "max_steps": 60}),
    ],
)
def test_it_learns(small: OpenStage, name: str, share: float, changes: dict[str, Any]) -> None:
    training = small(name, validate_every=1000, **changes).trainer
    before = training.validate()["total"]
    training.run()
    assert training.validate()["total"] < share * before


def test_codebooks_move_only_where_they_are_trained(small: OpenStage, chain: Path) -> None:
    training = small("annotation").trainer
    assert isinstance(training.task, AnnotationTask)
    before = state_of(training.task.head)
    training.run()
    assert changed(before, state_of(training.task.head)) == set()
    for name, value in load_pose_vq(chain / "pose-vq").head.state_dict().items():
        assert torch.equal(before[name], value), "it is the one that the stage before made"

    vq = small("pose-vq", "vq").trainer
    before = state_of(vq.task.main.network)
    vq.run()
    codebooks = {name for name in before if name.endswith("embed")}
    assert codebooks <= changed(before, state_of(vq.task.main.network))


def test_frozen_networks_of_a_published_generator_stay(small: OpenStage, chain: Path) -> None:
    training = small("published").trainer
    assert isinstance(training.task, PublishedGeneratorTask)
    generator = training.task.generator
    before = state_of(generator)
    training.run()
    frozen = ("aligner.head.vq.", "encoders.seed_annotations.network.")
    moved = changed(before, state_of(generator))
    assert not {name for name in moved if name.startswith(frozen)}
    assert any(name.startswith("backbone.") for name in moved)
    assert any(name.startswith("encoders.seed_annotations.gru") for name in moved)
    generator.train()
    assert not any(module.training for module in generator.pose_vq.modules())
    network = load_annotation_network(chain / "annotation").network
    own = {name: value for name, value in before.items() if name.startswith(frozen[1])}
    assert all(torch.equal(own[frozen[1] + name], value) for name, value in network.state_dict().items())


def test_generator_and_discriminator_take_turns(small: OpenStage) -> None:
    training = small("published", max_steps=8).trainer
    moved: list[set[str]] = []
    players = training.task.players
    step = training.task.step

    def watched(*arguments: Any) -> dict[str, float]:
        before = {name: state_of(player.network) for name, player in players.items()}
        terms = step(*arguments)
        moved.append(
            {name for name, player in players.items() if _weights_moved(before[name], player.network)}
        )
        return terms

    training.task.step = watched  # type: ignore[method-assign]
    training.run()
    assert moved == [{"main"}, {"discriminator"}] * 4


def _weights_moved(before: dict[str, Tensor], network: nn.Module) -> bool:
    return any(not torch.equal(before[name], value) for name, value in network.named_parameters())


def test_without_discriminator_every_batch_is_the_generators(small: OpenStage) -> None:
    training = small("published", adversarial=False, max_steps=2).trainer
    assert set(training.task.players) == {"main"}
    training.run()
    assert all("total" in row for row in training.position.history)


def test_the_best_weights_are_those_of_the_lowest_fgd(small: OpenStage) -> None:
    training = small("published").trainer
    training.run()
    scores = [row["val_fgd"] for row in training.position.history]
    assert len(scores) == 2
    assert training.position.best == pytest.approx(min(scores))
    best = torch.load(training.best, weights_only=True)
    assert best["set"] in ("fast", "slow")
    assert changed(best["weights"], training.exported_state()) == set()


def test_self_training_uses_frames_without_annotations(small: OpenStage) -> None:
    training = small("annotation", self_training={"threshold": 0.2, "weight": 1.0}).trainer
    task = training.task
    assert isinstance(task, AnnotationTask)
    batch = next(iter(training.source.epoch(0)))
    labels = task._labels(batch)
    blocks = task._blocks(batch)
    unknown = torch.full_like(labels, -1)
    assert task._self_training(blocks, unknown).item() > 0
    assert float(task._self_training(blocks, labels.clamp(min=0))) == 0, "no frame is without"
    sure = task.settings.model_copy(
        update={"self_training": task.settings.self_training.model_copy(update={"threshold": 0.9999})}
    )
    task.settings = sure
    assert float(task._self_training(blocks, unknown)) == 0, "it is sure of nothing yet"


def test_chunks_are_what_the_published_features_read(small: OpenStage, chain: Path) -> None:
    sound = np.random.default_rng(0).normal(scale=0.1, size=36_266).astype(np.float32)
    found = pictures(sound)
    assert found.shape == (9, 64, 64)
    assert found.reshape(9, -1)[:, 4000:].max() == 0
    assert found.max() <= 1
    assert found.min() >= -1
    assert load_audio_vq(chain / "audio-vq")[1].channels == 16


def test_disturbed_sound() -> None:
    sound = torch.randn(200, 1, 64, 64, generator=torch.Generator().manual_seed(1)).clamp(-1, 1)

    def heard(share: float) -> Tensor:
        return disturbed(sound, share, torch.Generator().manual_seed(0))

    assert torch.equal(heard(0.0), sound)
    moved = (heard(0.5) != sound).flatten(1).any(dim=1).float().mean()
    assert 0.3 < float(moved) < 0.7
    assert torch.equal(heard(1.0), heard(1.0)), "the same random numbers give the same sound"
    assert torch.isfinite(heard(1.0)).all()


def test_dropout_grows() -> None:
    network = nn.Sequential(nn.Dropout(0.5), nn.GRU(4, 4, 2, dropout=0.5), nn.GRU(4, 4, 1))
    growth = GrowingDropout(step=0.05, every_epochs=25, most=0.3)
    rates = []
    for epoch in (0, 24, 25, 60, 1000):
        grow_dropout(network, growth, epoch)
        assert network[0].p == network[1].dropout
        assert network[2].dropout == 0
        rates.append(round(network[0].p, 6))
    assert rates == [0, 0, 0.05, 0.1, 0.3]


@pytest.mark.parametrize("path", sorted(data_path("configs", "stages").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_stage_config_can_be_read(path: Path) -> None:
    by_name = {"generator": "generator", "debug": "generator"}
    stage = next((s for s in ("pose-vq", "audio-vq", "annotation", "autoencoder") if s in path.stem), None)
    stage = stage or by_name.get(path.stem, "generator")
    models = {"generator": "compact", "debug": "compact", "debug-published": "debug_published"}
    model = (models | {"compact-forms": "compact-forms"}).get(path.stem)
    inputs = {} if model is None else {"model": data_path("configs", "models", f"{model}.yaml")}
    settings = read_stage(stage, path, {}, inputs)
    assert settings.max_steps >= 1
    if settings.inputs.model is not None:
        assert settings.inputs.model.is_file()


def test_a_missing_input_is_named(chain: Path, small: OpenStage) -> None:
    with pytest.raises(AqgtError, match=r"needs inputs\.annotation"):
        small("published", inputs={"annotation": None})
    with pytest.raises(AqgtError, match="holds no network pose-vq"):
        small("annotation", inputs={"pose_vq": chain / "nowhere"})
    with pytest.raises(AqgtError, match="no stage “pose”"):
        read_stage("pose", None, {}, {})


def test_the_audio_stage_takes_turns_with_its_critic(small: OpenStage) -> None:
    training: Trainer = small("audio-vq", adversarial=1.0, max_steps=2).trainer
    assert isinstance(training.task, AudioVqTask)
    before = {name: state_of(player.network) for name, player in training.task.players.items()}
    training.run()
    assert set(before) == {"main", "critic"}
    assert all(_weights_moved(before[name], p.network) for name, p in training.task.players.items())
