# SPDX-License-Identifier: GPL-3.0-or-later
"""The gesture autoencoder: it learns, and its features can be loaded by whoever judges a model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aqgt.errors import AqgtError
from aqgt.models.config_published import AutoencoderConfig
from aqgt_training.stages.autoencoder import AutoencoderStage, build, load_extractor
from aqgt_training.stages.core.devices import make_fabric
from aqgt_training.stages.core.inputs import Inputs
from aqgt_training.stages.core.trainer import Trainer
from tests.training.tiny_corpus import write_tiny_corpus

SMALL = AutoencoderConfig(decoder_state=16, decoder_layers=1, decoder_hidden=16, width=8)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trainer:
    folder = tmp_path_factory.mktemp("autoencoder")
    settings = AutoencoderStage(
        batch_size=8,
        max_steps=60,
        validate_every=15,
        learning_rate=5e-3,
        lookahead_steps=6,
        network=SMALL,
        inputs=Inputs(corpus=write_tiny_corpus(folder / "corpus")),
    )
    task, windows = build(settings, make_fabric("cpu", 1, settings.precision))
    training = Trainer(task, windows.train, windows.held_out, settings, folder / "run", task.fabric)
    training.run()
    task.export(training.exported_state(), folder / "run")
    return training


def test_it_learns_and_keeps_its_best(trained: Trainer) -> None:
    losses = [row["val_total"] for row in trained.position.history]
    assert min(losses) < 0.7 * losses[0]
    assert trained.position.best == min(losses)


def test_features_are_means_of_what_follows_the_seed(trained: Trainer) -> None:
    extractor = load_extractor(trained.folder)
    windows = np.random.default_rng(0).normal(scale=0.02, size=(5, 34, 53, 3))
    features = extractor(windows)
    assert features.shape == (5, 8)
    np.testing.assert_array_equal(features, extractor(windows.reshape(5, 34, 159)))
    np.testing.assert_allclose(features, extractor(windows, batch_size=2), atol=1e-5)
    other_seed = windows.copy()
    other_seed[:, :4] = 0.0
    np.testing.assert_array_equal(features, extractor(other_seed))
    other = windows.copy()
    other[:, 4:] *= -1
    assert np.abs(extractor(other) - features).max() > 1e-3
    assert extractor.mean_bone_vectors.shape == (53, 3)


def test_other_weights_are_noticed(trained: Trainer, tmp_path: Path) -> None:
    for path in trained.folder.glob("network.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert load_extractor(tmp_path).sha256 == load_extractor(trained.folder).sha256
    damaged = bytearray((tmp_path / "network.safetensors").read_bytes())
    damaged[-1] ^= 1
    (tmp_path / "network.safetensors").write_bytes(bytes(damaged))
    with pytest.raises(AqgtError, match="not those that network"):
        load_extractor(tmp_path)


def test_wrong_windows_and_folders_are_refused(trained: Trainer, tmp_path: Path) -> None:
    with pytest.raises(AqgtError, match=r"not \[N, 34, 159\]"):
        load_extractor(trained.folder)(np.zeros((2, 30, 159)))
    with pytest.raises(AqgtError, match="holds no network autoencoder"):
        load_extractor(tmp_path)
