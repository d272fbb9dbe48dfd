# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt models verify`: whole models are told from damaged ones."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from aqgt.models import registry
from tests.models.tiny import tiny_config, tiny_generator

Run = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    registry.save_model(tmp_path / "tiny", tiny_config(), tiny_generator(), card="# Tiny")
    return tmp_path / "tiny"


def test_a_whole_model(aqgt: Run, folder: Path) -> None:
    weights = folder / registry.WEIGHTS
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    tensors = load_file(weights)
    count = sum(value.numel() for value in tensors.values())
    for options in ((), ("--sha256", digest), ("--sha256", digest.upper())):
        outcome = aqgt("models", "verify", folder, *options)
        assert outcome.code == 0, outcome.err
        assert f"is whole: {len(tensors)} tensors of {count:,} numbers" in outcome.out
        assert digest in outcome.out
        assert ("as asked for" in outcome.out) == bool(options)


def test_other_weights_than_asked_for(aqgt: Run, folder: Path) -> None:
    outcome = aqgt("models", "verify", folder, "--sha256", "0" * 64)
    assert outcome.code != 0
    assert "have the SHA-256" in outcome.err
    assert "whole" not in outcome.out


@pytest.mark.parametrize(
    "damage", ["cut off", "another shape", "one missing", "one more", "not a number", "none"]
)
def test_damaged_models(aqgt: Run, folder: Path, damage: str) -> None:
    weights = folder / registry.WEIGHTS
    tensors = load_file(weights)
    name = next(name for name, value in tensors.items() if value.ndim == 2)
    if damage == "cut off":
        weights.write_bytes(weights.read_bytes()[:-1])
    elif damage == "none":
        weights.unlink()
    else:
        changed = {
            "another shape": {**tensors, name: tensors[name][:1].clone()},
            "one missing": {key: value for key, value in tensors.items() if key != name},
            "one more": {**tensors, "another": tensors[name].clone()},
            "not a number": {**tensors, name: tensors[name] * float("nan")},
        }
        save_file(changed[damage], weights)
    outcome = aqgt("models", "verify", folder)
    assert outcome.code != 0
    assert "whole" not in outcome.out
    assert "Traceback" not in outcome.err
    assert {"cut off": "can't be read", "none": "missing", "one more": "another"}.get(
        damage, name
    ) in outcome.err


def test_the_debug_model_and_no_model(aqgt: Run) -> None:
    assert "debug is whole" in aqgt("models", "verify", "debug").out
    missing = aqgt("models", "verify", "none-such")
    assert missing.code != 0
    assert "none-such" in missing.err
