# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a motion comes from, as it travels with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Provenance:
    """Where a motion comes from: enough to make it again and to say what may be done with it."""

    model: str
    """Name of the model."""
    model_hash: str
    """SHA-256 of its weights."""
    licence: str
    """Licence of the model's weights."""
    commercial_use: bool
    """Whether that licence allows commercial use."""
    seed: int
    """The seed of this variant."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of each input: audio, words, spans, and the track and motions that were given."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Everything else of the request, by the names of `GenerateRequest`."""
    timings: Mapping[str, float] = field(default_factory=dict)
    """Seconds per stage: features, planning, network, total."""
    engine_version: str = ""
    """Version of aqgt that made it."""
    deterministic: bool = True
    """Whether the job ran such that the same request gives the same bits."""
