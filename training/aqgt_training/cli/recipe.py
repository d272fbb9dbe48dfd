# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt-train recipe`: from raw material to a model folder in one command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def recipe(
    path: Annotated[Path, typer.Argument(help="The recipe (YAML), e.g. configs/recipes/compact.yaml.")],
    work: Annotated[
        Path, typer.Option(help="Folder for results in between; an interrupted run goes on here.")
    ],
    out: Annotated[Path, typer.Option(help="The model folder to write.")],
    accelerator: Annotated[str, typer.Option(help="cpu, cuda, mps or auto.")] = "auto",
    devices: Annotated[str, typer.Option(help="Number of devices, or auto.")] = "auto",
) -> None:
    """Run a recipe: word vectors, corpus, generator, evaluation, export. Run it again to go on."""
    from aqgt.settings import read_settings
    from aqgt_training.recipe_config import Recipe
    from aqgt_training.recipes import RecipeRun

    settings = read_settings(path, Recipe)
    chosen = devices if devices == "auto" else int(devices)
    RecipeRun(settings, path.resolve().parent, work, out, accelerator, chosen).run()
