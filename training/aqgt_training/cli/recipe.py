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
        Path | None,
        typer.Option(
            "-o", "--output", help="Folder for everything; the model lies in its sub-folder “model”."
        ),
    ] = None,
    work: Annotated[
        Path | None, typer.Option(help="Folder for results in between, instead of --output.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The model folder, instead of --output's.")] = None,
    corpus: Annotated[
        Path | None, typer.Option(help="Folder of a clip corpus, instead of what the recipe names.")
    ] = None,
    encoders: Annotated[
        Path | None, typer.Option(help="Folder with wav2vec2 and bert, instead of what the recipe names.")
    ] = None,
    word_vectors: Annotated[
        Path | None,
        typer.Option(help="Table to take the corpus' words from: a fastText .bin, or a words.safetensors."),
    ] = None,
    accelerator: Annotated[str, typer.Option(help="cpu, cuda, mps or auto.")] = "auto",
    devices: Annotated[str, typer.Option(help="Number of devices, or auto.")] = "auto",
) -> None:
    """Run a recipe: every step from raw material to a model. Run it again to go on."""
    from aqgt.settings import read_settings
    from aqgt_training.recipe_config import CorpusStep, Recipe
    from aqgt_training.recipes import RecipeRun
    from aqgt_training.stages.core.devices import device_count

    work, out = work or output, out or (None if output is None else output / "model")
    if work is None or out is None:
        raise AqgtError("It is not said where the results go.", "Give --output FOLDER.", "bad-usage")
    settings = read_settings(path, Recipe)
    changes: dict[str, object] = {
        name: value
        for name, value in (
            ("corpus", None if corpus is None else CorpusStep(folder=corpus.resolve())),
            ("encoders", None if encoders is None else encoders.resolve()),
            (
                "word_vectors",
                None
                if word_vectors is None
                else settings.word_vectors.model_copy(update={"pretrained": word_vectors.resolve()}),
            ),
        )
        if value is not None
    }
    if corpus is not None:  # what the recipe says of its model is about its own corpus
        changes["limits"] = ("Its corpus is not the recipe's; what it can't do has not been described.",)
    settings = settings.model_copy(update=changes)
    chosen = device_count(devices)
    RecipeRun(settings, path.resolve().parent, work, out, accelerator, chosen, path.stem).run()
