# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped model keeps its weight names and its output, whatever else the networks learn to do."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from aqgt.models.registry import LoadedModel, load_model

NAMES_SHA256 = "ca8852a9218a4624ca1d56dc7d9ce8ffa5bf013e91ad0adb42b2d3b9a62552ab"
# Some values of one batch, as the model gave them when it was first shipped.
FRAMES, COLUMNS = (0, 3, 4, 17, 33), (10, 50, 158)
EXPECTED = np.array(
    [
        [0.22576, -0.990231, -1.209766],
        [0.590822, -1.314646, -0.126366],
        [0.600189, -1.261889, -0.111269],
        [1.116429, -1.311971, 0.077418],
        [0.799289, -0.927416, -0.626043],
    ]
)


@pytest.fixture(scope="module")
def compact(checkout: Path) -> LoadedModel:
    folder = checkout / "models" / "compact"
    if not (folder / "model.safetensors").is_file():
        pytest.skip("models/compact holds no weights")
    return load_model(folder)


def test_weight_names(compact: LoadedModel) -> None:
    lines = [f"{name} {tuple(x.shape)}" for name, x in sorted(compact.generator.state_dict().items())]
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest() == NAMES_SHA256


def test_output(compact: LoadedModel) -> None:
    config, rng = compact.config, np.random.RandomState(7)
    frames, features = config.window, config.features
    seed = np.zeros((1, frames, 160))
    seed[:, : config.seed_frames, :159] = 0.3 * rng.standard_normal((1, config.seed_frames, 159))
    seed[:, : config.seed_frames, 159] = 1.0
    annotations = rng.randint(-1, 5, size=(1, 17, frames))
    arrays = {
        "mel": rng.standard_normal((1, frames, features.mel_per_frame, features.n_mels)),
        "beats": rng.standard_normal((1, frames, 2, 3 * features.beats_per_frame)),
        "words": rng.standard_normal((1, frames, config.word_columns)),
        "annotations": annotations,
        "seed": seed,
    }
    batch = {name: torch.from_numpy(x).float() for name, x in arrays.items()}
    with torch.inference_mode():
        output = compact.generator({**batch, "speaker": torch.ones(1, dtype=torch.int64)})
    found = output.bone_vectors[0].numpy()[np.ix_(FRAMES, COLUMNS)]
    np.testing.assert_allclose(found, EXPECTED, atol=2e-5)
