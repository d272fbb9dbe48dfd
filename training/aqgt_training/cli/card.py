# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt-train card`: a model's card and the README's table, written from the figures of an evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def card(
    model: Annotated[Path, typer.Argument(help="The model's folder.")],
    evaluation: Annotated[
        Path | None, typer.Option(help="evaluation.json of this model; kept in its folder.")
    ] = None,
    ablation: Annotated[
        Path | None,
        typer.Option(help="ablations.json of benchmarks/recipe_ablations.py; kept in its folder."),
    ] = None,
    seen: Annotated[
        Path | None, typer.Option(help="What somebody saw in the videos (Markdown); kept in its folder.")
    ] = None,
    readme: Annotated[
        Path | None, typer.Option(help="A README whose table of figures is to be written anew.")
    ] = None,
) -> None:
    """Write a model's card from its training, its evaluation and its ablation; no figure is typed by hand."""
    from aqgt.cli.progress import note
    from aqgt.models.registry import CARD
    from aqgt_training.publishing import publish

    publish(model, evaluation=evaluation, ablation=ablation, seen=seen, readme=readme)
    note(f"{model / CARD}" + (f" and {readme}" if readme else ""))
