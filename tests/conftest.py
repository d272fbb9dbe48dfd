# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests share. It imports nothing of the project: it also runs inside Blender's environment."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the checkout."""
    return Path(__file__).resolve().parent.parent
