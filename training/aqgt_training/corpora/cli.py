# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt-train corpus …`: make a corpus, look at one."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from aqgt.annotations import Span
from aqgt.planner.forms import HAND_FAMILIES
from aqgt.preview import write_preview
from aqgt_training.corpora.cli_gestures import gestures
from aqgt_training.corpora.cli_import import import_
from aqgt_training.corpora.cli_official import convert_official
from aqgt_training.corpora.cli_saga import saga
from aqgt_training.corpora.cli_shards import shards
from aqgt_training.corpora.clip_lmdb import ClipReader, ClipRecord, ClipWriter
from aqgt_training.corpora.compose import Composer
from aqgt_training.corpora.compose_config import ComposeConfig
from aqgt_training.corpora.forms import collect_forms, write_forms
from aqgt_training.corpora.statistics import summarise

app = typer.Typer(no_args_is_help=True, help="Make a training corpus, or look at one.")
app.command("convert-official")(convert_official)
app.command("gestures")(gestures)
app.command("import")(import_)
app.command("saga")(saga)
app.command("shards")(shards)
console = Console()
_composer: Composer | None = None


@app.command()
def compose(
    config: Annotated[Path, typer.Argument(help="A file such as configs/corpora/composed.yaml.")],
    out: Annotated[Path, typer.Option(help="Folder for the corpus; what lies there is replaced.")],
    hours: Annotated[
        float | None, typer.Option(help="Hours of training clips, instead of the file's.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed, instead of the file's.")] = None,
    processes: Annotated[int, typer.Option(min=1, help="Processes to work in.")] = 1,
) -> None:
    """Compose a corpus of recorded gestures and synthesised speech."""
    manifest = compose_corpus(ComposeConfig.read(config), out, hours=hours, seed=seed, processes=processes)
    minutes = ", ".join(
        f"{name}: {part['seconds'] / 60:.0f} min" for name, part in manifest["splits"].items()
    )
    console.print(f"{manifest['clips']} clips in {out} ({minutes})")


@app.command()
def inspect(
    corpus: Annotated[Path, typer.Argument(help="Folder of a clip database.")],
    limit: Annotated[int, typer.Option(help="Clips to measure at most; 0 = all.")] = 200,
    clip: Annotated[str | None, typer.Option(help="Draw this clip as a stick figure instead.")] = None,
    video: Annotated[Path | None, typer.Option(help="Where the video goes (default: CLIP.mp4).")] = None,
) -> None:
    """Print counts, label histograms and speeds of a corpus, or draw one of its clips."""
    with ClipReader(corpus) as reader:
        if clip is not None:
            target = video or Path(f"{clip}.mp4")
            draw_clip(reader[clip], target)
            console.print(f"{target}")
            return
        for split in sorted({reader.split_of(name) for name in reader.names}):
            names = [name for name in reader.names if reader.split_of(name) == split]
            step = max(1, len(names) // limit) if limit else 1
            summary = summarise(reader[name] for name in names[::step])
            table = Table(
                title=f"{split}: {len(names)} clips, measured on {summary.clips}", title_justify="left"
            )
            table.add_column("what")
            table.add_column("value")
            for key, value in summary.rows():
                table.add_row(key, value)
            console.print(table)


@app.command()
def forms(
    corpus: Annotated[Path, typer.Argument(help="Folder of a composed corpus.")],
    out: Annotated[
        Path, typer.Argument(help="JSON file to write, e.g. engine/aqgt/planner/rules/forms.json.")
    ],
) -> None:
    """Collect the label combinations of a composed corpus for the planner."""
    with ClipReader(corpus) as reader:
        table = collect_forms(reader)
        write_forms(table, out)
        console.print(f"{len(table['forms'])} combinations in {out}")


def draw_clip(clip: ClipRecord, path: Path) -> None:
    """Write a stick-figure video of a clip, with its sound, words and gestures."""
    spans = [
        Span(
            gesture["stroke"],
            max(gesture["end"], gesture["stroke"] + 0.1),
            gesture["side"],
            {
                f"{family}_{side}": label
                for side, labels in gesture["hands"].items()
                for family, label in zip(HAND_FAMILIES, labels, strict=True)
            },
        )
        for gesture in clip.meta.get("gestures", ())
    ]
    write_preview(path, clip.motion(), clip.samples(), words=list(clip.words), spans=spans)


def compose_corpus(
    config: ComposeConfig,
    out: Path,
    *,
    hours: float | None = None,
    seed: int | None = None,
    processes: int = 1,
) -> dict:
    """Compose a corpus into a folder, with a progress bar; returns the manifest."""
    changes = {key: value for key, value in (("hours", hours), ("seed", seed)) if value is not None}
    config = ComposeConfig.model_validate({**config.model_dump(), **changes})
    info = {
        "kind": "composed",
        "config": config.model_dump(mode="json", exclude={"sources", "gestures", "texts", "recordings"}),
    }
    info["texts"] = [text.name for text in config.texts]
    info["recordings"] = [folder.name for folder in config.recordings]
    composer = Composer(config)
    info["held_out"] = {
        "gestures": composer.held_out_bases,
        "documents": composer.document_names("val"),
    }
    targets = {"train": config.hours * 3600, "val": config.val_minutes * 60}
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    with (
        ClipWriter(out, info=info) as writer,
        Progress(*columns, TimeRemainingColumn(), console=console) as bar,
    ):
        for split, seconds in targets.items():
            task = bar.add_task(f"Composing {split}", total=seconds)
            done = 0.0
            for clip in _clips(composer, split, seconds, processes):
                writer.add(clip)
                done += clip.duration
                bar.update(task, completed=min(done, seconds))
    return ClipReader(out).manifest


def _clips(composer: Composer, split: str, seconds: float, processes: int) -> Iterator[ClipRecord]:
    if processes == 1:
        yield from composer.clips(split, seconds)
        return
    total, number = 0.0, 0
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, initializer=_start, initargs=(composer.config,)) as pool:
        while total < seconds:
            batch = [(split, number + i) for i in range(processes * 8)]
            for clip in pool.imap(_compose_one, batch):
                if total < seconds:
                    yield clip
                    total += clip.duration
            number += len(batch)


def _start(config: ComposeConfig) -> None:
    global _composer
    _composer = Composer(config)


def _compose_one(job: tuple[str, int]) -> ClipRecord:
    assert _composer is not None
    return _composer.compose(*job)
