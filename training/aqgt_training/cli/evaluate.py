# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt-train evaluate`: judge a model; compare two evaluations; videos and a study of motions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aqgt.errors import AqgtError
from aqgt_training.cli.evaluate_options import Corpus, CorpusRecipe
from aqgt_training.cli.evaluate_videos import sheet, study, study_pairs, video

if TYPE_CHECKING:
    from aqgt_training.corpora.clip_lmdb import ClipRecord
    from aqgt_training.evaluation.report import Table

app = typer.Typer(
    invoke_without_command=True,
    help="Judge a model on held-out clips: figures, report, comparison, videos, a study with people.",
)
app.command("video")(video)
app.command("sheet")(sheet)
app.command("study-pairs")(study_pairs)
app.command("study")(study)


@app.callback()
def evaluate(
    context: typer.Context,
    model: Annotated[str | None, typer.Option(help="Name or folder of a model.", show_default=False)] = None,
    corpus: Corpus = None,
    recipe: CorpusRecipe = None,
    voices: Annotated[
        bool, typer.Option(help="Also judge plain speech of the natural voices in the recipe's sources.")
    ] = True,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder of the report (evaluation-MODEL).")
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="Name or folder of an earlier model, judged on the same clips.")
    ] = None,
    extractor: Annotated[
        Path | None,
        typer.Option(
            help="Output folder of the stage autoencoder; without it one is trained in about a minute."
        ),
    ] = None,
    split: Annotated[str, typer.Option(help="Split whose clips are used: val or test.")] = "val",
    clips: Annotated[int, typer.Option(min=1, help="Held-out clips at most.")] = 25,
    videos: Annotated[int, typer.Option(min=0, help="Videos of the worst clips.")] = 4,
    run: Annotated[
        Path | None, typer.Option(help="Folder of the model's training, whose curves are shown.")
    ] = None,
    work: Annotated[
        Path, typer.Option(help="Folder that keeps the composed corpus and the feature network.")
    ] = Path("runs/evaluation"),
) -> None:
    """Judge a model on the held-out clips of a corpus, beside what any model must beat."""
    if context.invoked_subcommand is not None:
        return
    if model is None:
        raise AqgtError("No model is named.", "Name one: aqgt-train evaluate --model compact", "bad-usage")
    from aqgt.models.registry import load_model
    from aqgt_training.evaluation.default_corpus import default_corpus
    from aqgt_training.evaluation.evaluator import evaluate as evaluated
    from aqgt_training.evaluation.features import extractor_for
    from aqgt_training.evaluation.html_report import JSON, write_report
    from aqgt_training.evaluation.report import provenance_line, tables

    if split == "train":
        raise AqgtError(
            "Training clips don't tell how a model does on new ones.",
            "Use the split val or test.",
            "bad-usage",
        )
    loaded = load_model(model)
    earlier = None if against is None else load_model(against)
    heard = _voices(model, recipe) if voices else {}
    corpus = default_corpus(model, work, recipe) if corpus is None else corpus
    folder = output or Path(f"evaluation-{Path(model).name}")
    with _progress() as told:
        network = extractor_for(
            corpus, extractor, cache=work, progress=lambda share: told("Feature network", share)
        )
        found = evaluated(
            loaded,
            corpus,
            clips,
            split=split,
            extractor=network,
            against=earlier,
            voices=heard,
            progress=told,
        )
        page = write_report(
            found, folder, n_videos=videos, run=run, progress=lambda share: told("Videos", share)
        )
    _print(tables(found.figures, intervals=False), provenance_line(found.figures))
    _note(f"{page} and {folder / JSON}")


@app.command("compare")
def compare(
    first: Annotated[Path, typer.Argument(help="evaluation.json of one model.")],
    second: Annotated[Path, typer.Argument(help="evaluation.json of another.")],
) -> None:
    """Show the figures of two evaluations side by side."""
    from aqgt_training.evaluation import comparison

    figures = [comparison.read_figures(path) for path in (first, second)]
    _print([comparison.compare(*figures)], "")


def _voices(model: str, recipe: str | None) -> dict[str, list[ClipRecord]]:
    """Clips of natural voices; none, and a word about it, where there is nothing to compose them of."""
    from aqgt_training.evaluation.default_corpus import compose_config
    from aqgt_training.evaluation.voices import natural_clips

    try:
        return natural_clips(compose_config(model, recipe))
    except AqgtError as error:
        _note(f"Natural voices are left out: {error.sentence}")
        return {}


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    """A bar per task, made when the task first reports."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bar:
        tasks: dict[str, TaskID] = {}

        def told(what: str, share: float) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=1.0)
            bar.update(tasks[what], completed=min(1.0, share))

        yield told


def _print(found: list[Table], line: str) -> None:
    from rich.console import Console
    from rich.table import Table as RichTable

    console = Console()
    if line:
        console.print(line, markup=False, highlight=False)
    for each in found:
        table = RichTable(title=each.title, title_justify="left", caption=each.note, caption_justify="left")
        for number, name in enumerate(each.header):
            table.add_column(name, justify="right" if number else "left", overflow="fold")
        for row in each.rows:
            table.add_row(*row)
        console.print(table, markup=False)


def _note(sentence: str) -> None:
    from aqgt.cli.progress import note

    note(sentence)
