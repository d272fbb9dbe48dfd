# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a batch: report.json for programs, report.html (one file, pictures included) for people."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from aqgt import __version__
from aqgt.formats.files import dump_json, write_text
from aqgt.studio.jobs import JobFile, Task
from aqgt.studio.runner import Outcome, thumbnail_of

JSON, HTML = "report.json", "report.html"

_STATES = {"done": "done", "kept": "done earlier", "failed": "failed"}
_COLUMNS = (
    ("seconds", "length", "{:.2f} s"),
    ("frames", "frames", "{}"),
    ("wrist_speed_mean", "wrist speed, mean", "{:.2f} m/s"),
    ("wrist_speed_max", "wrist speed, max", "{:.2f} m/s"),
    ("limb_error_degrees", "limb error", "{:.2f}°"),
    ("deepest_mm", "deepest in body", "{:.1f} mm"),
    ("model", "model", "{}"),
    ("licence", "licence", "{}"),
)
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --bad: #c0392b; --good: #2e8b57; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem; }
h1 { font-size: 1.4rem; margin: 0 0 .3rem; } p { margin: .2rem 0 1.2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .45rem .6rem; border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
td.figure { white-space: nowrap; font-variant-numeric: tabular-nums; }
img { height: 84px; margin-bottom: .3rem; border-radius: 4px; display: block; }
.done, .kept { color: var(--good); }
.failed, .error { color: var(--bad); max-width: 46rem; }
.note { opacity: .75; max-width: 46rem; }
"""


def write_report(file: JobFile, tasks: Sequence[Task], outcomes: Sequence[Outcome], seconds: float) -> Path:
    """Write both files into the output folder and return the one for people."""
    rows = [_row(task, outcome) for task, outcome in zip(tasks, outcomes, strict=True)]
    counts = {state: sum(outcome.state == state for outcome in outcomes) for state in _STATES}
    report = {
        "aqgt": __version__,
        "jobs": str(file.path),
        "output": str(file.output),
        "seconds": round(seconds, 1),
        "counts": counts,
        "tasks": rows,
    }
    write_text(file.output / JSON, dump_json(report))
    page = file.output / HTML
    write_text(page, _page(file, report, outcomes))
    return page


def _row(task: Task, outcome: Outcome) -> dict[str, Any]:
    receipt, error = outcome.receipt, outcome.error
    return {
        "name": task.name,
        "state": outcome.state,
        "attempts": outcome.attempts,
        "audio": str(task.audio),
        "character": None if task.character is None else str(task.character),
        "preset": task.preset,
        "seed": task.seed,
        "seconds_of_work": None if receipt is None else receipt.seconds,
        "outputs": {} if receipt is None else {kind: path for kind, (path, _) in receipt.outputs.items()},
        "figures": {} if receipt is None else receipt.figures,
        "notes": [] if receipt is None else list(receipt.notes),
        "error": None
        if error is None
        else {"code": error.code, "sentence": error.sentence, "next_step": error.next_step},
    }


def _page(file: JobFile, report: dict[str, Any], outcomes: Sequence[Outcome]) -> str:
    counts = report["counts"]
    shown = [
        column
        for column in _COLUMNS
        if any(row["figures"].get(column[0]) is not None for row in report["tasks"])
    ]
    head = "".join(f"<th>{escape(title)}</th>" for _, title, _ in shown)
    rows = "\n".join(
        _html_row(file, row, outcome, shown)
        # What failed comes first: it is what one looks for.
        for row, outcome in sorted(
            zip(report["tasks"], outcomes, strict=True), key=lambda pair: pair[1].state != "failed"
        )
    )
    summary = (
        f"{counts['done']} done, {counts['kept']} done earlier, {counts['failed']} failed; "
        f"{report['seconds']:.0f} s of this run; aqgt {escape(report['aqgt'])}"
    )
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{escape(file.path.name)}</title>'
        f"<style>{_STYLE}</style>\n<h1>{escape(file.path.name)}</h1>\n<p>{summary}</p>\n"
        f"<table><tr><th>job</th><th>state</th><th>pictures, files, remarks</th>{head}</tr>\n"
        f"{rows}\n</table></html>\n"
    )


def _html_row(file: JobFile, row: dict[str, Any], outcome: Outcome, shown: Sequence[Any]) -> str:
    state = _STATES[row["state"]] + (f", {row['attempts']} attempts" if row["attempts"] > 1 else "")
    cells = "".join(
        f'<td class="figure">{escape(_shown(form, row["figures"].get(key)))}</td>' for key, _, form in shown
    )
    rest = ""
    strip = thumbnail_of(outcome.receipt)
    if strip is not None:
        picture = base64.b64encode(strip.read_bytes()).decode()
        rest += f'<img alt="" src="data:image/jpeg;base64,{picture}">'
    if row["error"] is not None:
        rest += (
            f'<div class="error">{escape(row["error"]["sentence"])}</div>'
            f'<div class="note">{escape(row["error"]["next_step"])}</div>'
        )
    rest += " · ".join(_link(file.output, kind, path) for kind, path in row["outputs"].items())
    rest += "".join(f'<div class="note">{escape(note)}</div>' for note in row["notes"])
    name = f"<td>{escape(row['name'])}</td>"
    return f'<tr>{name}<td class="{row["state"]}">{escape(state)}</td><td>{rest}</td>{cells}</tr>'


def _link(output: Path, kind: str, path: str) -> str:
    target = Path(path)
    place = target.relative_to(output).as_posix() if target.is_relative_to(output) else target.as_uri()
    return f'<a href="{escape(place)}">{escape(kind)}</a>'


def _shown(form: str, value: Any) -> str:
    return "" if value is None else form.format(value)
