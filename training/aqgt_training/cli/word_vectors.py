# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt-train word-vectors`: small fastText vectors from plain text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


def word_vectors(
    texts: Annotated[list[Path], typer.Argument(help="Text, XML or zip files, or folders of them.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The safetensors file to write.")],
    dimension: Annotated[int, typer.Option(min=8, max=300, help="Length of a vector.")] = 48,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the text.")] = 30,
    source: Annotated[str, typer.Option(help="What the texts are, for the file's metadata.")] = "",
) -> None:
    """Train word vectors (fastText skip-grams with letter n-grams)."""
    from aqgt_training.word_vectors import train_word_vectors

    console = Console(stderr=True)
    with console.status("Training word vectors …"):
        train_word_vectors(texts, output, dimension=dimension, epochs=epochs, source=source)
    console.print(f"Wrote {output} ({output.stat().st_size / 1e6:.1f} MB).")
