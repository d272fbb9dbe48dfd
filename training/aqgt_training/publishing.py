# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of an evaluation in a model's folder, in its card, and in the README."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aqgt.errors import AqgtError
from aqgt.formats.files import parse_json, read_text
from aqgt.models.registry import CARD, config_of, load_model
from aqgt_training.card import markdown, model_card
from aqgt_training.evaluation.comparison import read_figures, write_figures
from aqgt_training.evaluation.headline import headline
from aqgt_training.training_facts import read_facts

EVALUATION, ABLATION, SEEN = "evaluation.json", "ablation.json", "seen.md"
BEGIN, END = "<!-- figures: aqgt-train card writes them -->", "<!-- end of figures -->"
_LEFT_OUT = ("per_clip", "corpus", "took_seconds")
"""What stays out of a model's folder: long, or true on one machine alone."""


def publish(
    folder: Path,
    *,
    evaluation: Path | None = None,
    ablation: Path | None = None,
    seen: Path | None = None,
    readme: Path | None = None,
) -> None:
    """Writes a model's card, and the headline table into a README, from what is in the model's folder.

    Args:
        folder: of the model.
        evaluation: the evaluation.json of `aqgt-train evaluate`, which replaces that in the folder.
        ablation: what benchmarks/recipe_ablations.py wrote, which replaces that in the folder.
        seen: what somebody says of the videos, as Markdown, which replaces that in the folder.
        readme: a file with the two comments between which the headline table stands.

    Raises:
        AqgtError: the evaluation is one of other weights, or a file is missing or can't be read.
    """
    if evaluation is not None:
        figures = read_figures(evaluation)
        _check_weights(folder, figures)
        write_figures(published(figures), folder / EVALUATION)
    if ablation is not None:
        write_figures(_json(ablation), folder / ABLATION)
    if seen is not None:
        (folder / SEEN).write_text(read_text(seen).strip() + "\n", encoding="utf-8")
    found = read_figures(folder / EVALUATION) if (folder / EVALUATION).is_file() else None
    trained = _json(folder / ABLATION) if (folder / ABLATION).is_file() else None
    words = read_text(folder / SEEN) if (folder / SEEN).is_file() else ""
    card = model_card(config_of(folder), read_facts(folder), found, trained, words)
    (folder / CARD).write_text(card, encoding="utf-8")
    if readme is not None:
        if found is None:
            raise AqgtError(
                "The model is not evaluated yet.", "Name one: --evaluation FILE.", "no-evaluation"
            )
        readme.write_text(with_headline(read_text(readme), found), encoding="utf-8")


def published(figures: Mapping[str, Any]) -> dict[str, Any]:
    """The figures as they stand in a model's folder."""
    return {name: value for name, value in figures.items() if name not in _LEFT_OUT}


def with_headline(text: str, figures: Mapping[str, Any]) -> str:
    """A text with the headline table between its two comments.

    Raises:
        AqgtError: the comments are not there.
    """
    block = "\n".join([BEGIN, "", *markdown(headline(dict(figures))), "", END])
    changed, count = re.subn(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: block, text, flags=re.DOTALL)
    if count != 1:
        raise AqgtError(
            f"The text has no place for the figures, or {count}.", f"Add “{BEGIN}” and “{END}”.", "no-place"
        )
    return changed


def _check_weights(folder: Path, figures: Mapping[str, Any]) -> None:
    own = load_model(folder).model_hash
    if figures["model_hash"] != own:
        raise AqgtError(
            f"These are figures of other weights ({str(figures['model_hash'])[:12]}, not {own[:12]}).",
            f"Evaluate the model: aqgt-train evaluate --model {folder}",
            "other-weights",
        )


def _json(path: Path) -> dict[str, Any]:
    value = parse_json(read_text(path), f"“{path}”")
    if not isinstance(value, dict):
        raise AqgtError(f"“{path}” holds no figures.", "Name the file of figures.", "bad-file")
    return value
