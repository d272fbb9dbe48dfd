# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped model keeps its weight names and its output, whatever else the networks learn to do."""

from __future__ import annotations

import json

import numpy as np
import pytest

from aqgt.models.registry import load_model
from tests.models.pin_compact import FOLDER, PINNED, pinned


def test_weight_names_and_output() -> None:
    if not (FOLDER / "model.safetensors").is_file():
        pytest.skip("models/compact holds no weights")
    expected, found = json.loads(PINNED.read_text(encoding="utf-8")), pinned(load_model(FOLDER))
    assert found["names_sha256"] == expected["names_sha256"]
    np.testing.assert_allclose(found["output"], expected["output"], atol=2e-5)
