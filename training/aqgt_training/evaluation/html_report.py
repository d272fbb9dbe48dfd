# SPDX-License-Identifier: GPL-3.0-or-later
"""An evaluation as one HTML page: tables, charts, and the clips with their videos beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aqgt_training.evaluation import pictures, side_by_side
from aqgt_training.evaluation.comparison import write_figures
from aqgt_training.evaluation.evaluator import Evaluation
from aqgt_training.evaluation.report import number, provenance_line, tables

JSON, PAGE, VIDEOS = "evaluation.json", "report.html", "videos"
_VIDEO_SECONDS = 12.0


def write_report(
    evaluation: Evaluation,
    folder: Path,
    *,
    n_videos: int = 4,
    run: Path | None = None,
    progress: Callable[[float], None] | None = None,
) -> Path:
    """Writes ``evaluation.json``, ``report.html`` and ``videos/`` into a folder; returns the page.

    Args:
        n_videos: videos of the worst clips: the annotated motion beside the recorded one.
        run: folder of the model's training, whose curves are shown.
    """
    folder.mkdir(parents=True, exist_ok=True)
    figures = evaluation.figures
    write_figures(figures, folder / JSON)
    videos = _videos(evaluation, folder / VIDEOS, n_videos, progress)
    charts = pictures.distributions({each.name: each.motions for each in evaluation.sets})
    charts["Mean wrist speed of each clip"] = pictures.clip_spread(figures["per_clip"], list(figures["sets"]))
    curves = None if run is None else pictures.learning_curves(run)
    if curves is not None:
        charts["Training"] = curves
    page = folder / PAGE
    page.write_text(_page(figures, charts, videos), encoding="utf-8")
    return page


def _page(figures: dict[str, Any], charts: dict[str, str], videos: dict[str, str]) -> str:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        figures=figures,
        provenance=provenance_line(figures),
        tables=tables(figures),
        charts=charts,
        per_clip=[_clip_row(entry) for entry in figures["per_clip"]],
        videos=videos,
    )


def _clip_row(entry: dict[str, Any]) -> dict[str, Any]:
    made, real = entry["sets"]["annotated"], entry["sets"]["real"]
    speed = made["speed"] / real["speed"] if real["speed"] else None
    values: Sequence[float | None] = (
        entry["wrist_error_share"],
        speed,
        made["frozen"],
        made["inside_body"],
    )
    return {
        "clip": entry["clip"],
        "source": entry["source"],
        "cells": [f"{entry['seconds']:.1f}", *(number(value) for value in values)],
    }


def _videos(
    evaluation: Evaluation, folder: Path, n_videos: int, progress: Callable[[float], None] | None
) -> dict[str, str]:
    """Title → path from the page, worst clips first."""
    worst = [entry["clip"] for entry in evaluation.figures["per_clip"][:n_videos]]
    numbers = {clip.name: number for number, clip in enumerate(evaluation.clips)}
    motions = {each.name: each.motions for each in evaluation.sets}
    found = {}
    for done, name in enumerate(worst):
        index = numbers[name]
        clip = evaluation.clips[index]
        folder.mkdir(parents=True, exist_ok=True)
        panels = [
            side_by_side.Panel("recorded", motions["real"][index], clip.annotations),
            side_by_side.Panel("annotated", motions["annotated"][index], clip.annotations),
        ]
        path = folder / f"{name.replace('/', '_')}.mp4"
        side_by_side.write_side_by_side(
            path, panels, clip.samples(), words=clip.words, seconds=_VIDEO_SECONDS, fps=15.0
        )
        found[f"{name}: recorded (left) and made with its annotations"] = f"{VIDEOS}/{path.name}"
        if progress is not None:
            progress((done + 1) / len(worst))
    return found
