# SPDX-License-Identifier: GPL-3.0-or-later
"""The corpus a model is evaluated on where none is named: composed as for its training, but smaller."""

from __future__ import annotations

import hashlib
from pathlib import Path

from aqgt import resources
from aqgt.errors import AqgtError
from aqgt.settings import read_settings
from aqgt_training.corpora.compose_config import ComposeConfig
from aqgt_training.recipe_config import Recipe

_HOURS, _MINUTES = 0.4, 10.0
_DEFAULT_RECIPE = "compact"


def compose_config(model: str) -> ComposeConfig:
    """How the corpus is composed: by the recipe of the model's name, else by that of the default model.

    Gesture names and documents are held out by the seed, so the held-out clips are those of the training.

    Raises:
        AqgtError: the raw material of the corpus is not on this machine.
    """
    recipe_path = _recipe_of(model)
    recipe = read_settings(recipe_path, Recipe)
    if recipe.corpus.config is None:
        raise AqgtError(
            f"The recipe {recipe_path.name} composes no corpus.",
            "Name a corpus: --corpus FOLDER.",
            "no-corpus",
        )
    path = recipe_path.parent / recipe.corpus.config
    config = ComposeConfig.read(path)
    missing = [
        str(each) for each in (config.gestures, *config.texts, *config.recordings) if not each.exists()
    ]
    if missing:
        raise AqgtError(
            f"There is no corpus to evaluate on: {path.name} needs {missing[0]}, which is not there.",
            "Name a clip corpus: --corpus FOLDER (aqgt-train corpus compose makes one).",
            "no-corpus",
        )
    return config.model_copy(update={"seed": recipe.corpus.seed, "hours": _HOURS, "val_minutes": _MINUTES})


def default_corpus(model: str, work: Path) -> Path:
    """The composed corpus in a work folder; made if it is not there from the same settings."""
    from aqgt_training.corpora.cli import compose_corpus

    config = compose_config(model)
    key = hashlib.sha256(config.model_dump_json().encode()).hexdigest()[:12]
    folder = work / f"corpus-{key}"
    if not (folder / "manifest.json").is_file():  # a manifest is written when all clips are
        compose_corpus(config, folder, processes=2)
    return folder


def _recipe_of(model: str) -> Path:
    name = Path(model).name
    for each in (name, _DEFAULT_RECIPE):
        try:
            return resources.data_path("configs", "recipes", f"{each}.yaml")
        except AqgtError:
            continue
    raise AqgtError(
        "The recipes of the project are not installed.", "Name a corpus: --corpus FOLDER.", "no-corpus"
    )
