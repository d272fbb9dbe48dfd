# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads job files: YAML, or a CSV table with one job per row. Every mistake is named with its line."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from aqgt.errors import AqgtError
from aqgt.formats.files import read_text
from aqgt.settings import explain
from aqgt.studio.jobs import Choices, Job, JobFile, RenderSettings

_TOP = ("output", "defaults", "jobs")
_SHOWN = 10


def read_job_file(path: Path, output: Path | None = None) -> JobFile:
    """The jobs of a YAML or CSV file.

    Args:
        path: ends in .yaml, .yml or .csv.
        output: folder for the results instead of the one in the file.

    Raises:
        AqgtError: the file can't be read, or a key or value is not allowed; the message names file and line.
    """
    path = path.absolute()
    problems: list[str] = []
    if path.suffix.lower() == ".csv":
        folder: Any = None
        jobs = _read_table(path, {}, problems)
    elif path.suffix.lower() in (".yaml", ".yml"):
        folder, jobs = _read_yaml(path, problems)
    else:
        raise AqgtError(f"“{path}” is no job file.", "Give a file that ends in .yaml or .csv.", "bad-jobs")
    if problems:
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise AqgtError(
            f"“{path}” is not valid: {'; '.join(problems[:_SHOWN])}{more}.", "Correct it.", "bad-jobs"
        )
    if not jobs:
        raise AqgtError(f"“{path}” holds no jobs.", "Write some under `jobs:`.", "bad-jobs")
    if output is None:
        output = path.parent / (folder or f"{path.stem}-output")
    return JobFile(path, Path(os.path.normpath(Path(output).absolute())), tuple(jobs))


def _read_yaml(path: Path, problems: list[str]) -> tuple[Any, list[tuple[str, Job]]]:
    text = read_text(path)
    try:
        root, raw = yaml.compose(text, Loader=yaml.SafeLoader), yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise AqgtError(f"“{path}” is no YAML: {error}.", "Correct the file.", "bad-jobs") from error
    if not isinstance(raw, dict) or root is None:
        raise AqgtError(f"“{path}” holds no keys.", "Begin with `jobs:`.", "bad-jobs")
    for key in raw:
        if key not in _TOP:
            problems.append(
                f"line {_line(root, (key,))}: there is no key “{key}” (allowed: {', '.join(_TOP)})"
            )
    folder = raw.get("output")
    if folder is not None and not isinstance(folder, str):
        problems.append(f"line {_line(root, ('output',))}: “output” is {folder!r}, not a folder")
    defaults = raw.get("defaults") or {}
    checked = _checked(defaults, Choices, lambda loc: f"line {_line(root, ('defaults', *loc))}", problems)
    defaults = defaults if checked is not None else {}
    listed = raw.get("jobs")
    if isinstance(listed, str):
        return folder, _read_table(path.parent / listed, defaults, problems)
    if not isinstance(listed, list):
        problems.append(
            f"line {_line(root, ('jobs',))}: “jobs” is neither a list of jobs nor the name of a CSV file"
        )
        return folder, []
    jobs = []
    for index, one in enumerate(listed):
        merged = _merged(defaults, one) if isinstance(one, dict) else one

        def place(loc: tuple[int | str, ...], index: int = index) -> str:
            return f"line {_line(root, ('jobs', index, *loc))}"

        job = _checked(merged, Job, place, problems)
        if isinstance(job, Job):
            jobs.append((place(()), job))
    return folder, jobs


def _read_table(path: Path, defaults: Mapping[str, Any], problems: list[str]) -> list[tuple[str, Job]]:
    """One job per row; a column is a key, `render.width` one of `render`'s, an empty cell the default."""
    text = read_text(path)
    first = text.partition("\n")[0]
    reader = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ","
    )
    jobs = []
    for row in reader:
        place = f"row {reader.line_num} of {path.name}"
        if None in row:
            problems.append(f"{place}: there are more cells than columns")
            continue
        given: dict[str, Any] = {}
        for column, cell in row.items():
            if cell is None or not cell.strip():
                continue
            outer, _, inner = column.strip().partition(".")
            if inner:
                given.setdefault(outer, {})[inner] = cell.strip()
            else:
                given[outer] = cell.strip()
        if not given:
            continue
        job = _checked(_merged(defaults, given), Job, lambda loc, place=place: place, problems)
        if isinstance(job, Job):
            jobs.append((place, job))
    return jobs


def _merged(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """A job's own keys over the defaults; `render` is merged key by key."""
    merged = {**defaults, **own}
    # A transcript of one's own replaces the default's in any of its three forms.
    said = ("text", "transcript", "words")
    if any(key in own for key in said):
        merged = {key: value for key, value in merged.items() if key not in said or key in own}
    if isinstance(defaults.get("render"), dict) and isinstance(own.get("render"), dict):
        merged["render"] = {**defaults["render"], **own["render"]}
    return merged


def _checked(raw: Any, kind: type[BaseModel], place: Any, problems: list[str]) -> BaseModel | None:
    if not isinstance(raw, dict):
        problems.append(f"{place(())}: {raw!r} is no list of `key: value`")
        return None
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        for loc, sentence in explain(error, kind):
            problems.append(f"{place(loc)}: {sentence}")
        return None


def _line(root: yaml.Node, loc: tuple[int | str, ...]) -> int:
    """The line, from 1, of a place in the document; where it is not there, of what would hold it."""
    node, line = root, root.start_mark.line + 1
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


def read_render_settings(raw: Mapping[str, Any]) -> RenderSettings:
    """Render settings from plain values, as the command line gives them.

    Raises:
        AqgtError: one is not allowed.
    """
    problems: list[str] = []
    settings = _checked(dict(raw), RenderSettings, lambda loc: "the command line", problems)
    if not isinstance(settings, RenderSettings):
        raise AqgtError(f"{'; '.join(problems)}.", "Correct it.", "bad-usage")
    return settings
