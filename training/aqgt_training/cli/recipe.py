# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt-train recipe`: from raw material to a model folder in one command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aqgt.errors import AqgtError


def recipe(
    path: Annotated[Path, typer.Argument(help="The recipe (YAML), e.g. configs/recipes/compact.yaml.")],
    output: Annotated[
        Path | None, typer.Option(help="Folder for everything; the model lies in its sub-folder “model”.")
    ] = None,
    work: Annotated[
        Path | None, typer.Option(help="Folder for results in between, instead of --output.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The model folder, instead of --output's.")] = None,
    accelerator: Annotated[str, typer.Option(help="cpu, cuda, mps or auto.")] = "auto",
    devices: Annotated[str, typer.Option(help="Number of devices, or auto.")] = "auto",
) -> None:
    """Run a recipe: every step from raw material to a model. Run it again to go on."""
    from aqgt.settings import read_settings
    from aqgt_training.recipe_config import Recipe
    from aqgt_training.recipes import RecipeRun

    work, out = work or output, out or (None if output is None else output / "model")
    if work is None or out is None:
        raise AqgtError("It is not said where the results go.", "Give --output FOLDER.", "bad-usage")
    settings = read_settings(path, Recipe)
    chosen = devices if devices == "auto" else int(devices)
    RecipeRun(settings, path.resolve().parent, work, out, accelerator, chosen, path.stem).run()
