# SPDX-License-Identifier: GPL-3.0-or-later
"""A motion as a stick-figure video with its sound."""

from __future__ import annotations

from aqgt.preview.video import write_preview

__all__ = ["write_preview"]
