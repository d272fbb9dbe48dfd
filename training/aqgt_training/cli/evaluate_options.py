# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that several commands of `aqgt-train evaluate` have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Corpus = Annotated[Path | None, typer.Option(help="Folder of a clip corpus; without it one is composed.")]
CorpusRecipe = Annotated[
    str | None,
    typer.Option(help="Recipe by which it is composed (default: that of the model's training)."),
]
