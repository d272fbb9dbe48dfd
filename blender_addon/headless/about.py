# SPDX-License-Identifier: GPL-3.0-or-later
"""Job kind “about”: which Blender and which copy of the project answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import aqgt

from ..scene.context import blender_version


def run(job: Mapping[str, Any], progress: Callable[[float, str], None]) -> dict[str, Any]:
    """Versions and places; the job has no keys of its own."""
    return {
        "blender": blender_version(),
        "aqgt": aqgt.__version__,
        "aqgt_file": str(aqgt.__file__),
    }
