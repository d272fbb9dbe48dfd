# SPDX-License-Identifier: GPL-3.0-or-later
"""The real backend, without an engine around it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from aqgt.service.backend import ModelBackend
from aqgt.service.config import EngineConfig


def test_a_broken_model_is_left_out_and_the_others_serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.yaml").write_text("name: broken\nwidht: 3\n")
    monkeypatch.setenv("AQGT_MODELS", str(tmp_path))
    backend = ModelBackend(EngineConfig(device="cpu", models=("broken", "debug")))
    with caplog.at_level(logging.WARNING):
        _, models = backend.describe()
    assert [model.name for model in models] == ["debug"]
    assert "widht" in caplog.text
