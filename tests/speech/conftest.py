# SPDX-License-Identifier: GPL-3.0-or-later
"""Sounds that the speech tests share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def speech_data(checkout: Path) -> Path:
    """Fixtures of the speech tests."""
    return checkout / "tests" / "data" / "speech"


@pytest.fixture(scope="session")
def babble() -> np.ndarray:
    """Three seconds of noise in bursts with pauses, at 16 kHz."""
    rng = np.random.default_rng(3)
    envelope = np.repeat(rng.choice([0.0, 0.05, 0.2, 0.3], 30), 1600)
    return (envelope * rng.standard_normal(48000)).clip(-1, 1).astype(np.float32)
