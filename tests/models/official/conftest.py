# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded inputs and outputs of the published networks."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

Recording = dict[str, NDArray[np.generic]]


@pytest.fixture(scope="session")
def recording(checkout: Path) -> Callable[[str], Recording]:
    """Reads one recording by name; a checkout without them skips the test."""
    shared = Path(os.environ.get("AQGT_SHARED") or checkout.parent / "shared")
    folder = shared / "vectors" / "model"

    def read(name: str) -> Recording:
        path = folder / f"{name}.npz"
        if not path.is_file():
            pytest.skip(f"the recordings of the published networks are not in {folder}")
        with np.load(path) as arrays:
            return {key: arrays[key] for key in arrays.files}

    return read
