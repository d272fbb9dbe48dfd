# SPDX-License-Identifier: GPL-3.0-or-later
"""A small original to import: its generator is tiny, its other networks have their own sizes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from aqgt.models import official
from aqgt.models.config import ModelConfig
from aqgt.models.exchange import importing, verifying
from aqgt.models.generator import GestureGenerator
from aqgt.settings import check_settings
from tests.models.exchange import originals
from tests.models.exchange.originals import Weights
from tests.models.test_published import published_config


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of models, empty."""
    folder = tmp_path / "models"
    monkeypatch.setenv("AQGT_MODELS", str(folder))
    # What was loaded from the hub on the machine that runs the tests must not show.
    monkeypatch.setattr(verifying, "_is_cached", lambda name: False)
    return folder


@pytest.fixture
def small_generator(monkeypatch: pytest.MonkeyPatch) -> Weights:
    """Weights of a tiny generator under published names, which passes for the published one."""
    config = check_settings(
        {**published_config().model_dump(), "licence": "CC-BY-NC-3.0", "commercial_use": False},
        ModelConfig,
        "",
    )
    monkeypatch.setattr(official, "generator_config", lambda: config)
    monkeypatch.setattr(importing, "_config", lambda name, variant: config.model_copy(update={"name": name}))
    torch.manual_seed(0)
    generator = GestureGenerator(config)
    state = official.state_under_official_names("generator", generator)
    return {name: value.detach().clone() for name, value in state.items()}


@pytest.fixture
def original(tmp_path: Path, small_generator: Weights) -> Path:
    """The original's folder tree, but for the two networks that are kept for export alone."""
    root = tmp_path / "original"
    originals.save_generator(root / originals.GENERATOR, small_generator, None)
    originals.save_audio_vq(root / originals.AUDIO_VQ, originals.weights("audio_vq"))
    originals.save_means(root / originals.MEANS)
    originals.save_speakers(root / originals.SPEAKER_MODEL, {"one": 0, "two": 2, "beyond": 3})
    return root


@pytest.fixture
def imported(original: Path, models: Path) -> Path:
    """The folder of a model that was imported from it."""
    from aqgt.models.exchange.tree import find_sources

    return importing.import_model(find_sources(original, "aqgt-a"), "aqgt-a").folder


def contents(folder: Path) -> dict[str, bytes]:
    """All files below a folder, hidden ones too."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
