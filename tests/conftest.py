# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests share. It imports nothing of the project: it also runs inside Blender's environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Small networks gain nothing from a second thread, and two threads beside a busy neighbour only wait.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the checkout."""
    return Path(__file__).resolve().parent.parent
