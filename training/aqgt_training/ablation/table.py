# SPDX-License-Identifier: GPL-3.0-or-later
"""The ablations of a recipe as one table, for a model's card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from aqgt_training.ablation.variants import BASE, OTHER_SEEDS
from aqgt_training.evaluation.controlled import EXTENTS
from aqgt_training.evaluation.report import Table, number

_HEADER = (
    "variant", "loss: as given, forms hidden, another's sound", "wrist error: annotated, forms hidden",
    "Fréchet share", "wrist speed, jerk", "asked-for hand", "excursion small, medium, large", "in its bucket",
    "recognised: hand shape, lexeme", "two seeds: planner, typed",
)  # fmt: skip


def ablation_table(figures: Mapping[str, Any]) -> Table:
    """A row per variant that was trained.

    Args:
        figures: what `running.Ablations` wrote.
    """
    rows = tuple(_row(name, each) for name, each in figures["variants"].items())
    return Table("Ablation of the recipe", _HEADER, rows, _note(figures))


def _row(name: str, each: Mapping[str, Any]) -> tuple[str, ...]:
    given, controlled = each["annotated"], each["controlled"]
    conditions = (each[condition]["wrist_error_share"] for condition in ("annotated", "channels"))
    return (
        f"**{name}**: {each['about']}",
        _numbers(*(each["loss"][condition] for condition in ("annotated", "channels", "other_sound"))),
        _numbers(*conditions),
        number(given["frechet_share"]),
        _numbers(given["speed_ratio"], given["jerk_ratio"], digits=2),
        _percent(controlled["right_side"]),
        _numbers(*(controlled["excursion"][extent] for extent in EXTENTS)),
        _percent(controlled["bucket"]),
        ", ".join(_percent(given.get("recognised", {}).get(family)) for family in ("shape", "lexeme")),
        _numbers(each["seeds"]["variety"], each["seeds"]["variety_typed"]),
    )


def _numbers(*values: float | None, digits: int = 3) -> str:
    return ", ".join(number(value, digits) for value in values)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


def _note(figures: Mapping[str, Any]) -> str:
    variants = figures["variants"]
    gestures = next((each["controlled"]["gestures"] for each in variants.values()), 0)
    return (
        f"Trainings of {figures['steps']} steps of {figures['batch']} windows on {figures['hours']:.1f} h"
        f" (corpus {figures['corpus_sha256'][:12]}), alike but for what the row names, one seed each. They"
        " are far shorter than the model's own training: compare rows with each other alone; what pays off"
        f" late does not show.{_spread(variants)} Loss: the same for all rows, on held-out windows that"
        " begin with recorded frames. Wrist error (a"
        " share of standing still's), Fréchet distance (of the rest pose's), speed and jerk (recorded motion:"
        f" 1): of {figures['clips']} held-out clips with their annotations; recognised: shares of their"
        f" strokes, by classifiers of recorded ones. Then {gestures} single gestures typed as"
        " markers, and how far the wrists are apart with two seeds, in model units."
        + (f" The pose VQ had {figures['vq_steps']} steps of its own before." if "vq" in variants else "")
    )


def _spread(variants: Mapping[str, Any]) -> str:
    """How far apart trainings are that differ in nothing but the seed."""
    alike = [variants[name] for name in (BASE, *OTHER_SEEDS) if name in variants]
    if len(alike) < 2:
        return ""
    loss, error = (
        float(np.ptp([each[part][key] for each in alike]))
        for part, key in (("loss", "annotated"), ("annotated", "wrist_error_share"))
    )
    return (
        f" The loss of the {len(alike)} rows that differ in the seed alone differs by up to {number(loss)},"
        f" their wrist error by up to {number(error)}: smaller differences mean nothing."
    )
