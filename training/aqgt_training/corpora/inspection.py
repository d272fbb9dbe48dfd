# SPDX-License-Identifier: GPL-3.0-or-later
"""`aqgt-train corpus inspect`: what a clip database or a corpus of shards holds."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from aqgt.annotation_channels import CHANNEL_BY_KEY
from aqgt.annotations import Span
from aqgt.planner.forms import HAND_FAMILIES
from aqgt.preview import write_preview
from aqgt_training.corpora.clip_lmdb import ClipReader
from aqgt_training.corpora.clip_records import ClipRecord
from aqgt_training.corpora.places import below, read_place
from aqgt_training.corpora.statistics import summarise

_SHOWN = ("phrase", "position", "extent", "practice")


def inspect(
    corpus: Annotated[str, typer.Argument(help="Folder of a clip database; folder or URL of shards.")],
    limit: Annotated[int, typer.Option(help="Clips to measure at most in each split; 0 = all.")] = 200,
    clip: Annotated[str | None, typer.Option(help="Draw this clip as a stick figure instead.")] = None,
    video: Annotated[Path | None, typer.Option(help="Where the video goes (default: CLIP.mp4).")] = None,
    list_: Annotated[bool, typer.Option("--list", help="Name the clips instead.")] = False,
    plots: Annotated[
        Path | None, typer.Option(help="Folder for pictures of lengths, speeds and labels.")
    ] = None,
) -> None:
    """Print counts, label histograms and speeds of a corpus, plot them, or draw one of its clips."""
    console = Console()
    shards = _shards_manifest(corpus)
    if shards is not None:
        for table in shard_tables(shards):
            console.print(table)
        return
    with ClipReader(corpus) as reader:
        if clip is not None:
            target = video or Path(f"{clip}.mp4")
            draw_clip(reader[clip], target)
            console.print(f"{target}")
        elif list_:
            for name in reader.names:
                print(name)
        else:
            _measure(reader, limit, plots, console)


def _measure(reader: ClipReader, limit: int, plots: Path | None, console: Console) -> None:
    by_split: dict[str, list[str]] = {}
    for name in reader.names:
        by_split.setdefault(reader.split_of(name), []).append(name)
    for split, names in sorted(by_split.items()):
        step = max(1, len(names) // limit) if limit else 1
        summary = summarise(reader[name] for name in names[::step])
        table = Table(title=f"{split}: {len(names)} clips, measured on {summary.clips}", title_justify="left")
        table.add_column("what")
        table.add_column("value")
        for key, value in summary.rows():
            table.add_row(key, value)
        console.print(table)
        if plots is not None:
            from aqgt_training.corpora.plots import plot_summary

            for path in plot_summary(summary, split, plots):
                console.print(f"{path}")
    told = reader.manifest.get("info", {})
    info = {key: value for key, value in told.items() if isinstance(value, str | int)}
    if info:
        console.print(", ".join(f"{key}: {value}" for key, value in info.items()), markup=False)


def shard_tables(manifest: dict[str, Any]) -> list[Table]:
    """What a manifest of shards says, split by split."""
    tables = []
    for split, part in manifest["splits"].items():
        size = sum(shard["bytes"] for shard in part["shards"])
        table = Table(title=f"{split}: {part['windows']} windows", title_justify="left")
        table.add_column("what")
        table.add_column("value")
        rows = {
            "shards": f"{len(part['shards'])}, {size / 1e6:.0f} MB",
            "clips": f"{part['clips']} ({part['seconds'] / 60:.1f} min)",
            "bytes per window": f"{size / max(1, part['windows']):.0f}",
            "model": str(manifest["model"]),
            "cutting": ", ".join(f"{key} {value}" for key, value in manifest["cutting"].items()),
            "split rule": ", ".join(f"{key} {value}" for key, value in manifest["split_rule"].items()),
            "made with": str(manifest["made_with"]),
        }
        for key, value in rows.items():
            table.add_row(key, value)
        tables.append(table)
    return tables


def _shards_manifest(corpus: str) -> dict[str, Any] | None:
    data = read_place(below(corpus, "manifest.json"))
    if data is None:
        return None
    manifest = json.loads(data)
    return manifest if manifest.get("kind") == "shards" else None


def draw_clip(clip: ClipRecord, path: Path) -> None:
    """Write a stick-figure video of a clip, with its sound, words and gestures."""
    spans = _composed_spans(clip) or spans_of(clip)
    write_preview(path, clip.motion(), clip.samples(), words=list(clip.words), spans=spans)


def _composed_spans(clip: ClipRecord) -> list[Span]:
    return [
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


def spans_of(clip: ClipRecord) -> list[Span]:
    """The gestures that the channels of a clip show: each stretch of one label of a hand's phrase."""
    if clip.annotations is None:
        return []
    spans = []
    for side in ("left", "right"):
        row = clip.annotations[CHANNEL_BY_KEY[f"phrase_{side}"].index]
        edges = [0, *(np.flatnonzero(np.diff(row)) + 1).tolist(), len(row)]
        for first, last in pairwise(edges):
            if row[first] <= 0:
                continue
            labels = {}
            for family in _SHOWN:
                channel = CHANNEL_BY_KEY[f"{family}_{side}"]
                name = channel.name_of(float(clip.annotations[channel.index, (first + last) // 2]))
                if name is not None:
                    labels[channel.key] = name
            spans.append(Span(first / clip.fps, last / clip.fps, side, labels))
    return sorted(spans, key=lambda span: span.start)
