# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotation presets: named changes of text, sound and annotation matrix, kept as data in configs/presets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aqgt import resources
from aqgt.annotations import CHANNELS, NOTHING, UNKNOWN, Channel
from aqgt.errors import AqgtError
from aqgt.settings import Settings, check_settings, read_settings

_SPECIAL = {"nothing": NOTHING, "unknown": UNKNOWN}


class Rule(Settings):
    """Replaces labels in some channels."""

    channels: tuple[str, ...]
    """Channel keys (``phase_left``) or families (``phase``: both hands); ``all`` for every channel."""
    sources: tuple[str, ...] | None = Field(default=None, alias="from")
    """Labels to replace (left out: whatever is there); ``nothing`` and ``unknown`` count as labels."""
    to: str
    """The new label, ``nothing`` or ``unknown``."""


class Preset(Settings):
    """What a preset does to a clip before it is generated."""

    title: str = ""
    text: Literal["keep", "none"] = "keep"
    audio: Literal["keep", "silence"] = "keep"
    rules: tuple[Rule, ...] = ()

    def apply(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The annotation matrix `[17, T]` after all rules, in order."""
        changed = values.copy()
        for rule in self.rules:
            for channel in _channels(rule.channels):
                row = changed[channel.index]
                mask = np.ones(row.shape, dtype=bool)
                if rule.sources is not None:
                    mask = np.isin(row, [_value(channel, name) for name in rule.sources])
                row[mask] = _value(channel, rule.to)
        return changed


def preset_names() -> list[str]:
    """Names of all presets."""
    return sorted(path.stem for path in resources.data_path("configs", "presets").glob("*.yaml"))


def load_preset(name: str) -> Preset:
    """The preset of that name.

    Raises:
        AqgtError: no such preset, or its file is not valid.
    """
    if name not in preset_names():
        raise AqgtError(
            f"There is no preset “{name}”.", f"Use one of: {', '.join(preset_names())}.", "unknown-preset"
        )
    return read_preset(resources.data_path("configs", "presets", f"{name}.yaml"))


def preset_of(given: str | Mapping[str, Any]) -> Preset:
    """The preset of a request: one of ours by its name, or a user's own by its keys.

    Raises:
        AqgtError: no such preset, or a key, channel or label in it is not valid.
    """
    if isinstance(given, str):
        return load_preset(given)
    return _checked(check_settings(dict(given), Preset, str(given.get("title") or "the preset")))


def read_preset(path: Path) -> Preset:
    """The preset in a YAML or JSON file, its channels and labels checked."""
    return _checked(read_settings(path, Preset))


def _checked(preset: Preset) -> Preset:
    preset.apply(np.zeros((len(CHANNELS), 1), dtype=np.float32))
    return preset


def _channels(names: tuple[str, ...]) -> list[Channel]:
    found: list[Channel] = []
    for name in names:
        matching = [
            c for c in CHANNELS if name in (c.key, "all") or (name == c.family and c.side != "speech")
        ]
        if not matching:
            known = ", ".join(channel.key for channel in CHANNELS)
            raise AqgtError(f"“{name}” is no annotation channel.", f"Use one of: {known}.", "bad-preset")
        found += matching
    return found


def _value(channel: Channel, name: str) -> float:
    if name in _SPECIAL:
        return _SPECIAL[name]
    return float(channel.label(name).value)
