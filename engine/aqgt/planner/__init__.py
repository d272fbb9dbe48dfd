# SPDX-License-Identifier: GPL-3.0-or-later
"""Suggests annotation spans from words and prosody, by rules kept as data."""

from aqgt.planner.live import LivePlanner
from aqgt.planner.suggestion import complete, suggest

__all__ = ["LivePlanner", "complete", "suggest"]
