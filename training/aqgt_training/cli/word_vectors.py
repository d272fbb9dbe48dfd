# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt-train word-vectors`: small word vectors, trained on plain text or taken from a larger table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

app = typer.Typer(no_args_is_help=True, help="Make the word vectors that a model reads.")

Output = Annotated[Path, typer.Option("-o", "--output", help="The safetensors file to write.")]


@app.command()
def train(
    texts: Annotated[list[Path], typer.Argument(help="Text, XML or zip files, or folders of them.")],
    output: Output,
    dimension: Annotated[int, typer.Option(min=8, max=300, help="Length of a vector.")] = 48,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the text.")] = 30,
    source: Annotated[str, typer.Option(help="What the texts are, for the file's metadata.")] = "",
) -> None:
    """Train word vectors (fastText skip-grams with letter n-grams)."""
    from aqgt_training.word_vectors import train_word_vectors

    console = Console(stderr=True)
    with console.status("Training word vectors …"):
        train_word_vectors(texts, output, dimension=dimension, epochs=epochs, source=source)
    console.print(_written(output), markup=False)


@app.command()
def build(
    corpus: Annotated[
        list[Path], typer.Argument(help="Clip corpora; or text, XML or zip files, or folders of them.")
    ],
    source: Annotated[
        Path,
        typer.Option("--from", help="Table to take vectors from: a fastText .bin, or safetensors of ours."),
    ],
    output: Output,
    minimum_count: Annotated[int, typer.Option(min=1, help="Leave out words that occur less often.")] = 2,
    max_words: Annotated[int, typer.Option(min=1, help="Keep at most so many words.")] = 50_000,
    dimension: Annotated[
        int | None, typer.Option(min=1, help="Reduce the vectors to this length (principal components).")
    ] = None,
    ngrams: Annotated[
        bool, typer.Option(help="Keep the n-grams of the corpus's words, for words outside the table.")
    ] = True,
) -> None:
    """Build a vocabulary: the frequent words of a corpus, with vectors from a larger table."""
    from rich.table import Table

    from aqgt.speech.word_vectors import WordVectors
    from aqgt_training.vocabulary import build_vocabulary, count_words

    console = Console(stderr=True)
    with _progress(console) as progress:
        counts = count_words(corpus, progress)
        progress("Opening the vectors", 0.0)
        larger = WordVectors.load(source)
        table, summary = build_vocabulary(
            larger,
            counts,
            minimum_count=minimum_count,
            max_words=max_words,
            dimension=dimension,
            ngrams=ngrams,
            progress=progress,
        )
        output.parent.mkdir(parents=True, exist_ok=True)
        table.save(output)
    shown = Table(show_header=False)
    for name, value in summary.rows():
        shown.add_row(name, value)
    console.print(shown)
    console.print(_written(output), markup=False)


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[str, float], None]]:
    """A bar that takes what is being done, and its finished share."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda what, share: bar.update(task, description=what, completed=share)


def _written(output: Path) -> str:
    return f"Wrote {output} ({output.stat().st_size / 1e6:.1f} MB)."
