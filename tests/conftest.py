# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests share. It imports nothing of the project: it also runs inside Blender's environment."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

# Small networks gain nothing from a second thread, and two threads beside a busy neighbour only wait.
os.environ.setdefault("OMP_NUM_THREADS", "1")


with contextlib.suppress(ImportError):  # Blender's environment does without
    from hypothesis import HealthCheck, settings

    # An example may take as long as the machine needs. Each run has the same ones; `make soak` draws others.
    patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("steady", patient, derandomize=True)
    settings.register_profile("soak", patient)
    settings.load_profile("steady")


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the checkout."""
    return Path(__file__).resolve().parent.parent
