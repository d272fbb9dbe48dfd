# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt-train evaluate`: figures of a model on the held-out clips of a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    model: Annotated[str, typer.Argument(help="Name or folder of a model.")],
    corpus: Annotated[Path, typer.Argument(help="Folder of a clip corpus.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write the figures as JSON.")] = None,
    clips: Annotated[int, typer.Option(min=1, help="Held-out clips to generate.")] = 20,
) -> None:
    """Compare a model with held-out clips and test what its annotations do."""
    import json

    from rich.console import Console
    from rich.markdown import Markdown

    from aqgt.models.registry import load_model
    from aqgt_training.evaluation.report import evaluate_model, markdown_table

    with Console(stderr=True).status("Generating held-out clips …"):
        figures = evaluate_model(load_model(model), corpus, clips)
    if output is not None:
        output.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    Console().print(Markdown(markdown_table(figures)))
