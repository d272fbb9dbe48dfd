# SPDX-License-Identifier: GPL-3.0-or-later
"""The card of a trained model: what it is, what it was made from, what it is not, and its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aqgt.models.config import ModelConfig
from aqgt_training.evaluation.report import markdown_table

_COMPOSED = (
    "**composed**. Gesture clips of the SmartBody library (LGPL-2.1, © USC Institute for Creative"
    " Technologies; weights under GPL terms by section 3 of that licence), placed by rules on speech made"
    " with Flite and some recordings"
)


def model_card(
    config: ModelConfig,
    *,
    parameters: int,
    manifest: Mapping[str, Any],
    word_vectors: str,
    training: Mapping[str, Any],
    figures: Mapping[str, Any] | None,
    limits: Sequence[str],
) -> str:
    """Markdown with the facts of one training; figures may come later."""
    train = manifest.get("splits", {}).get("train", {})
    val = manifest.get("splits", {}).get("val", {})
    composed = manifest.get("info", {}).get("kind") == "composed"
    commercial = "yes" if config.commercial_use else "no"
    rows = [
        f"# {config.title}",
        "",
        "An AQ-GT-A network (Voß & Kopp, 2023) of our own size with our own weights. It is **not** the"
        " published model and was not trained on its data.",
        "",
        f"- Licence of the weights: {config.licence}; commercial use: {commercial}.",
        f"- Parameters: {parameters:,}; {config.fps:g} frames per second; {config.speaker.count} speakers.",
        f"- Corpus: {_COMPOSED if composed else 'recorded clips'}: {train.get('seconds', 0) / 3600:.1f} h in"
        f" {train.get('clips', 0)} clips for training, {val.get('seconds', 0) / 60:.0f} min held out"
        f"{_held_out(manifest) if composed else ''}.",
        f"- Word vectors: {word_vectors}.",
        f"- Training: {training['steps']} steps of {training['batch_size']} windows in"
        f" {training['minutes']:.0f} min on {training['device']}; held-out loss {training['val_loss']:.3f}.",
        "",
        "## What it is not",
        "",
        *(f"- {limit}" for limit in limits),
        "",
        "## Figures",
        "",
        markdown_table(dict(figures), composed=composed) if figures else "Not evaluated yet.",
        "",
    ]
    return "\n".join(rows)


def _held_out(manifest: Mapping[str, Any]) -> str:
    performers = manifest["info"].get("held_out", {}).get("performers")
    if performers:
        return f" by performer ({', '.join(performers)}) and document"
    return " by gesture name and document"
