# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of the published window loop, and requests that ask for the same."""

from __future__ import annotations

from tests.models.official.conftest import recording  # noqa: F401 - a fixture
