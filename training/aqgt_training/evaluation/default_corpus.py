# SPDX-License-Identifier: GPL-3.0-or-later
"""The corpus a model is evaluated on where none is named: composed as for its training, but smaller."""

from __future__ import annotations

import hashlib
from pathlib import Path

from aqgt import planner, resources
from aqgt.errors import AqgtError
from aqgt.settings import read_settings
from aqgt_training.corpora.compose_config import ComposeConfig
from aqgt_training.recipe_config import Recipe
from aqgt_training.training_facts import recorded_recipe

_HOURS, _MINUTES = 0.4, 10.0
_DEFAULT_RECIPE = "compact"


def compose_config(model: str, recipe: str | None = None) -> ComposeConfig:
    """How the corpus is composed: by the recipe of the model's training.

    What is held out follows from the recipe's seed, so the held-out clips are those of the training.

    Args:
        model: name or folder.
        recipe: name or file of a recipe; None: what the model's folder says it was trained by, else the
            recipe of its name, else the default model's.

    Raises:
        AqgtError: the raw material of the corpus is not on this machine.
    """
    path = _recipe_of(model, recipe)
    steps = read_settings(path, Recipe)
    if steps.corpus.config is None:
        raise AqgtError(
            f"The recipe {path.name} composes no corpus.",
            "Name a corpus: --corpus FOLDER.",
            "no-corpus",
        )
    config = ComposeConfig.read(path.parent / steps.corpus.config)
    missing = [
        str(each) for each in (config.gestures, *config.texts, *config.recordings) if not each.exists()
    ]
    if missing:
        raise AqgtError(
            f"There is no corpus to evaluate on: {steps.corpus.config.name} needs {missing[0]}, which is not"
            " there.",
            "Name a clip corpus: --corpus FOLDER (aqgt-train corpus compose makes one).",
            "no-corpus",
        )
    return config.model_copy(update={"seed": steps.corpus.seed})


def default_corpus(
    model: str, work: Path, recipe: str | None = None, *, hours: float = _HOURS, minutes: float = _MINUTES
) -> Path:
    """The composed corpus in a work folder; made if it is not there from the same settings and program.

    Args:
        model, recipe: see `compose_config`.
        hours: of training clips, for the feature network and the classifiers.
        minutes: of held-out clips.
    """
    from aqgt_training.corpora.cli import compose_corpus

    changes = {"hours": hours, "val_minutes": minutes}
    config = compose_config(model, recipe).model_copy(update=changes)
    key = hashlib.sha256((config.model_dump_json() + _program()).encode()).hexdigest()[:12]
    folder = work / f"corpus-{key}"
    if not (folder / "manifest.json").is_file():  # a manifest is written when all clips are
        compose_corpus(config, folder, processes=2)
    return folder


def _program() -> str:
    """Digest of the planner and of what composes: another version of them makes another corpus."""
    folders = (Path(planner.__file__).parent, Path(__file__).parents[1] / "corpora")
    files = sorted(
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in (".py", ".toml", ".json", ".txt")
    )
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def _recipe_of(model: str, recipe: str | None) -> Path:
    """The named recipe; else that of the model's training, that of its name, or the default model's."""
    if recipe is not None and Path(recipe).is_file():
        return Path(recipe)
    names = [recipe] if recipe else [recorded_recipe(model), Path(model).name, _DEFAULT_RECIPE]
    for each in filter(None, names):
        try:
            return resources.data_path("configs", "recipes", f"{each}.yaml")
        except AqgtError:
            continue
    raise AqgtError(
        f"There is no recipe “{recipe}”." if recipe else "The recipes of the project are not installed.",
        "Name a corpus: --corpus FOLDER.",
        "no-corpus",
    )
