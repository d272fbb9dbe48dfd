# SPDX-License-Identifier: GPL-3.0-or-later
"""The card of a trained model: what it is, what it was made from, what it is not, and its figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aqgt.models.config import ModelConfig
from aqgt.models.generator import GestureGenerator
from aqgt_training.ablation.table import ablation_table
from aqgt_training.evaluation.headline import headline
from aqgt_training.evaluation.report import Table, provenance_line, tables

_COMPOSED = (
    "**composed**. Gesture clips of the SmartBody library (LGPL-2.1, © USC Institute for Creative"
    " Technologies; weights under GPL terms by section 3 of that licence), placed by rules on speech made"
    " with Flite and some recordings"
)
_COMPOSED_TIMING = (
    "The recorded motion of a composed corpus is recorded gestures that rules have placed: its timing"
    " against the speech is our rule, not human behaviour."
)


def model_card(
    config: ModelConfig,
    facts: Mapping[str, Any],
    figures: Mapping[str, Any] | None = None,
    ablation: Mapping[str, Any] | None = None,
    seen: str = "",
) -> str:
    """Markdown with the facts of one training; figures may come later.

    Args:
        facts: see `training_facts`.
        figures: of an evaluation of this model.
        ablation: what benchmarks/recipe_ablations.py wrote.
        seen: what somebody who watched the videos says of them, as Markdown.
    """
    corpus, training = facts["corpus"], facts["training"]
    train, val = (corpus["splits"].get(name, {"seconds": 0, "clips": 0}) for name in ("train", "val"))
    composed = corpus["kind"] == "composed"
    commercial = "yes" if config.commercial_use else "no"
    parameters = sum(each.numel() for each in GestureGenerator(config).parameters())
    rows = [
        f"# {config.title}",
        "",
        "An AQ-GT-A network (Voß & Kopp, 2023) of our own size with our own weights. It is **not** the"
        " published model and was not trained on its data.",
        "",
        f"- Licence of the weights: {config.licence}; commercial use: {commercial}.",
        f"- Parameters: {parameters:,}; {config.fps:g} frames per second; {config.speaker.count} speakers"
        f"{f'; {len(config.annotation.forms)} gesture forms' if config.annotation.forms else ''}.",
        *_laid_over(config),
        f"- Corpus: {_COMPOSED if composed else 'recorded clips'}: {train['seconds'] / 3600:.1f} h in"
        f" {train['clips']} clips for training, {val['seconds'] / 60:.0f} min held out"
        f"{_held_out(corpus) if composed else ''}.",
        f"- Word vectors: {facts['word_vectors']}.",
        f"- Training: {training['steps']} steps of {training['batch_size']} windows in"
        f" {training['minutes']:.0f} min on {training['device']}; held-out loss {training['val_loss']:.3f}.",
        "",
        "## What it is not",
        "",
        *(f"- {limit}" for limit in facts["limits"]),
        "",
        "## Figures",
        "",
        *(_figures(figures, composed) if figures else ["Not evaluated yet.", ""]),
        *(["## What it looks like", "", seen.strip(), ""] if seen.strip() else []),
        *(_ablation(ablation, corpus["sha256"]) if ablation else []),
    ]
    return "\n".join(rows)


def _laid_over(config: ModelConfig) -> list[str]:
    """What rules and tables add to the network's motion; a reader of the figures should know."""
    annotation, lines = config.annotation, []
    if not annotation.extent_gain.is_neutral:
        gain = annotation.extent_gain
        lines.append(
            "- After the network the arms' turns away from rest are multiplied by the asked-for extent:"
            f" small {gain.small:g}, medium {gain.medium:g}, large {gain.large:g}."
        )
    if annotation.recorded_hands:
        lines.append(
            "- After the network fingers are drawn towards recorded hands of the asked-for shape and form"
            f" ({annotation.recorded_hands:.0%} of the way), taken from the training clips. So the share of"
            " hand shapes that are recognised is that table's merit, not the network's."
        )
    return lines


def markdown(table: Table) -> list[str]:
    """A table's lines in Markdown, its note under it."""
    cells = [[cell.replace("|", "\\|") for cell in row] for row in (table.header, *table.rows)]
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    return [lines[0], "|" + "---|" * len(table.header), *lines[1:], *(["", table.note] if table.note else [])]


def _held_out(corpus: Mapping[str, Any]) -> str:
    performers = corpus["performers_held_out"]
    if performers:
        return f" by performer ({', '.join(performers)}) and document"
    return " by gesture name and document"


def _figures(figures: Mapping[str, Any], composed: bool) -> list[str]:
    """The headline, then every table of the evaluation."""
    shown = dict(figures)
    lines = [f"{provenance_line(shown)} {_COMPOSED_TIMING if composed else ''}".strip(), ""]
    for each in (headline(shown), *tables(shown)):
        lines += [f"**{each.title}**", "", *markdown(each), ""]
    return lines


def _ablation(figures: Mapping[str, Any], corpus_sha256: str) -> list[str]:
    """A row per variant of the recipe."""
    table = ablation_table(figures)
    other = "" if figures["corpus_sha256"] == corpus_sha256 else " The model was trained on another corpus."
    return ["## Ablation", "", *markdown(replace(table, note=table.note + other)), ""]
