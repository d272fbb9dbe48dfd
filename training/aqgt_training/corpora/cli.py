# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt-train corpus …`: make a corpus, look at one."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from aqgt.errors import AqgtError
from aqgt_training.corpora.cli_gestures import gestures
from aqgt_training.corpora.cli_import import import_
from aqgt_training.corpora.cli_official import convert_official
from aqgt_training.corpora.cli_options import Resume
from aqgt_training.corpora.cli_saga import saga
from aqgt_training.corpora.cli_shards import shards
from aqgt_training.corpora.clip_lmdb import FPS, ClipReader, ClipRecord, ClipWriter
from aqgt_training.corpora.compose import Composer
from aqgt_training.corpora.compose_config import ComposeConfig
from aqgt_training.corpora.form_names import collect_form_names, write_form_names
from aqgt_training.corpora.forms import collect_forms, write_forms
from aqgt_training.corpora.gesture_clips import read_gesture_clips
from aqgt_training.corpora.inspection import inspect
from aqgt_training.corpora.video.cli import download, video

app = typer.Typer(no_args_is_help=True, help="Make a training corpus, or look at one.")
app.command("convert-official")(convert_official)
app.command("gestures")(gestures)
app.command("import")(import_)
app.command("saga")(saga)
app.command("shards")(shards)
app.command("inspect")(inspect)
app.command("video")(video)
app.command("download")(download)
console = Console()
SETTINGS = "settings.json"
_composer: Composer | None = None


@app.command()
def compose(
    config: Annotated[Path, typer.Argument(help="A file such as configs/corpora/composed.yaml.")],
    out: Annotated[
        Path,
        typer.Option("-o", "--output", "--out", help="Folder for the corpus; what lies there is replaced."),
    ],
    hours: Annotated[
        float | None, typer.Option(help="Hours of training clips, instead of the file's.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed, instead of the file's.")] = None,
    processes: Annotated[int, typer.Option(min=1, help="Processes to work in.")] = 1,
    resume: Resume = False,
) -> None:
    """Compose a corpus of recorded gestures and synthesised speech."""
    manifest = compose_corpus(
        ComposeConfig.read(config), out, hours=hours, seed=seed, processes=processes, resume=resume
    )
    minutes = ", ".join(
        f"{name}: {part['seconds'] / 60:.0f} min" for name, part in manifest["splits"].items()
    )
    console.print(f"{manifest['clips']} clips in {out} ({minutes})")


@app.command()
def forms(
    corpus: Annotated[Path, typer.Argument(help="Folder of a composed corpus.")],
    out: Annotated[
        Path, typer.Argument(help="JSON file to write, e.g. engine/aqgt/planner/rules/forms.json.")
    ],
) -> None:
    """Collect the label combinations of a composed corpus' training split for the planner."""
    with ClipReader(corpus) as reader:
        # Only what a model has trained on is in the range of what it was made for.
        table = collect_forms(reader[name] for name in reader.names if reader.split_of(name) == "train")
        write_forms(table, out)
        console.print(f"{len(table['forms'])} combinations in {out}")


@app.command("gesture-forms")
def gesture_forms(
    gestures: Annotated[Path, typer.Argument(help="Folder of gesture clips, or a checkout of SmartBody.")],
    out: Annotated[
        Path, typer.Argument(help="JSON file to write, e.g. engine/aqgt/planner/rules/gesture_forms.json.")
    ],
) -> None:
    """Name the gesture forms after recorded clips; forms that the file holds already keep their numbers."""
    before = json.loads(out.read_text(encoding="utf-8"))["forms"] if out.is_file() else []
    table = collect_form_names(
        read_gesture_clips(gestures), {form["name"]: form["number"] for form in before}
    )
    write_form_names(table, out)
    console.print(f"{len(table['forms'])} gesture forms in {out}")


def compose_corpus(
    config: ComposeConfig,
    out: Path,
    *,
    hours: float | None = None,
    seed: int | None = None,
    processes: int = 1,
    resume: bool = False,
) -> dict:
    """Compose a corpus into a folder, with a progress bar; returns the manifest.

    Raises:
        AqgtError: ``resume``, and the folder was begun with other settings.
    """
    changes = {key: value for key, value in (("hours", hours), ("seed", seed)) if value is not None}
    config = ComposeConfig.model_validate({**config.model_dump(), **changes})
    info: dict[str, Any] = {
        "kind": "composed",
        "config": config.model_dump(mode="json", exclude={"sources", "gestures", "texts", "recordings"}),
    }
    info["texts"] = [text.name for text in config.texts]
    info["recordings"] = [folder.name for folder in config.recordings]
    composer = Composer(config)
    info["held_out"] = {
        ("gestures" if config.hold_out_by == "gesture" else "performers"): composer.held_out(),
        "documents": composer.document_names("val"),
    }
    _check_settings(out, info["config"], resume=resume)
    targets = {"train": config.hours * 3600, "val": config.val_minutes * 60}
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    with (
        ClipWriter(out, info=info, resume=resume) as writer,
        Progress(*columns, TimeRemainingColumn(), console=console) as bar,
    ):
        for split, seconds in targets.items():
            task = bar.add_task(f"Composing {split}", total=seconds)
            kept = [entry for entry in writer.entries.values() if entry["split"] == split]
            done = sum(round(entry["seconds"] * FPS) / FPS for entry in kept)
            for clip in _clips(composer, split, seconds, processes, len(kept), done):
                writer.add(clip)
                done += clip.duration
                bar.update(task, completed=min(done, seconds))
    return ClipReader(out).manifest


def _check_settings(out: Path, config: dict, *, resume: bool) -> None:
    """Notes the settings in the folder; a run that goes on must have the same."""
    path = out / SETTINGS
    if resume and path.is_file() and json.loads(path.read_text(encoding="utf-8")) != config:
        raise AqgtError(
            f"The corpus in “{out}” was begun with other settings.",
            "Take the same ones, or compose anew without --resume.",
            "bad-usage",
        )
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(config) + "\n", encoding="utf-8")


def _clips(
    composer: Composer, split: str, seconds: float, processes: int, first: int, done: float
) -> Iterator[ClipRecord]:
    if processes == 1:
        yield from composer.clips(split, seconds, first=first, done=done)
        return
    total, number = done, first
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
