# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task depends on, as hashes: equal keys, equal results, so nothing is done twice."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from aqgt import __version__
from aqgt.errors import AqgtError
from aqgt.resources import data_path
from aqgt.studio.jobs import Task

FORMAT = 1
_CHUNK = 1 << 20

_MOTION_SETTINGS = (
    "transcript", "annotate", "fill", "density", "energy", "handedness", "idle",
    "model", "speaker", "language",
)  # fmt: skip
_seen: dict[tuple[str, int, int], str] = {}


def file_hash(path: Path) -> str:
    """SHA-256 of a file's content; an unchanged file is read once per process.

    Raises:
        OSError: it can't be read.
    """
    state = path.stat()
    place = (str(path), state.st_size, state.st_mtime_ns)
    if place not in _seen:
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(_CHUNK):
                digest.update(block)
        _seen[place] = digest.hexdigest()
    return _seen[place]


def motion_key(task: Task, model: str) -> str:
    """What the motion depends on; ``model`` names the model's weights, e.g. by their hash."""
    inputs = {key: path for key, path in task.inputs().items() if key not in ("character", "bone_map")}
    return _digest(
        {
            "format": FORMAT,
            "version": __version__,
            "weights": model,
            "files": {key: _hash_or_none(path) for key, path in inputs.items()},
            "settings": {key: getattr(task.job, key) for key in _MOTION_SETTINGS},
            "preset": None if task.preset is None else _preset(task.preset),
            "seed": task.seed,
        }
    )


def task_key(task: Task, model: str) -> str:
    """What all outputs of the task depend on."""
    inputs = {key: path for key, path in task.inputs().items() if key in ("character", "bone_map")}
    bone_map = None if "bone_map" in inputs else task.bone_map
    with_character = task.character is not None
    return _digest(
        {
            "motion": motion_key(task, model),
            "files": {key: _hash_or_none(path) for key, path in inputs.items()},
            "rig": [task.job.armature, bone_map, task.job.fps] if with_character else None,
            "outputs": {kind: path.name for kind, path in sorted(task.outputs.items())},
            "render": task.job.render.model_dump() if "mp4" in task.outputs and with_character else None,
        }
    )


def _preset(name: str) -> str | None:
    try:
        return _hash_or_none(data_path("configs", "presets", f"{name}.yaml"))
    except AqgtError:  # there is none of that name; the task will say so
        return None


def _hash_or_none(path: Path) -> str | None:
    try:
        return file_hash(path)
    except OSError:  # it is missing; the task will say so
        return None


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
