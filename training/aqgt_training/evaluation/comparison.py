# SPDX-License-Identifier: GPL-3.0-or-later
"""Two evaluations side by side: which figures moved, and whether by more than their intervals."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aqgt.errors import AqgtError
from aqgt.formats.files import parse_json, read_text
from aqgt_training.evaluation.report import Table, number

_SAME = ("corpus_sha256", "split", "clips", "extractor_sha256")
_SKIPPED = {"per_clip", "took_seconds", "windows", "made_with"}
_COUNTS = ("count", "beats.beats", "clips", "controlled.gestures", "controlled.placed")


def read_figures(path: Path) -> dict[str, Any]:
    """The figures that an evaluation wrote.

    Raises:
        AqgtError: the file can't be read or holds no evaluation.
    """
    figures = parse_json(read_text(path), f"“{path}”")
    if not isinstance(figures, dict) or not {"sets", "controlled", "model_hash"} <= figures.keys():
        raise AqgtError(
            f"“{path}” holds no evaluation.", "Give the evaluation.json of `aqgt-train evaluate`.", "bad-file"
        )
    return figures


def write_figures(figures: Mapping[str, Any], path: Path) -> None:
    """The figures as JSON; what has no value is null, never NaN."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """Why two evaluations are not of the same thing; empty where they are."""
    return [
        f"{name.replace('_', ' ')}: {first.get(name)} and {second.get(name)}"
        for name in _SAME
        if first.get(name) != second.get(name)
    ]


def compare(first: Mapping[str, Any], second: Mapping[str, Any]) -> Table:
    """Every figure that both have; a star marks those whose intervals don't touch."""
    one, other = dict(_flat(first)), dict(_flat(second))
    rows = []
    for name, figure in one.items():
        if name not in other or name.endswith(_COUNTS):
            continue
        (a, low_a, high_a), (b, low_b, high_b) = figure, other[name]
        if a is None and b is None:
            continue
        change = "–" if a is None or b is None else f"{b - a:+.3f}"
        apart = None not in (low_a, high_a, low_b, high_b) and (low_a > high_b or low_b > high_a)  # type: ignore[operator]
        rows.append((name, number(a), number(b), change, "*" if apart else ""))
    notes = differences(first, second)
    note = "A star: the 95 % intervals of the two don't touch. Figures without interval never have one."
    if notes:
        note += " Not made on the same: " + "; ".join(notes) + "."
    return Table("Comparison", ("figure", "first", "second", "change", ""), tuple(rows), note)


Flat = tuple[float | None, float | None, float | None]


def _flat(figures: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Flat]]:
    """Dotted name → value, low and high of everything that is a number, or None where it has no value."""
    for key, value in figures.items():
        if not prefix and (key in _SKIPPED or key == "held_out"):
            continue
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            if {"value", "low", "high"} <= value.keys():
                yield name, (value["value"], value["low"], value["high"])
            else:
                yield from _flat(value, f"{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield name, (float(value), None, None)
