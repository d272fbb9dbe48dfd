# SPDX-License-Identifier: GPL-3.0-or-later
"""``hashes.json`` of an imported model: which files it was made from, and what its own files should be."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aqgt.errors import AqgtError
from aqgt.formats.files import dump_json, read_json, write_text

HASHES = "hashes.json"


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def source_of(part: str, path: Path) -> dict[str, str]:
    """One line of the section ``source``: a part, the name of the file it came from, that file's SHA-256."""
    return {"part": part, "file": path.name, "sha256": sha256_of(path)}


def write_hashes(folder: Path, sources: Sequence[dict[str, str]]) -> None:
    """Writes down all files of a model's folder, and the sources they were made from.

    Sources of parts that were imported earlier stay; those of a part that came anew are replaced.
    """
    renewed = {source["part"] for source in sources}
    earlier = [source for source in read_sources(folder) if source["part"] not in renewed]
    files = {
        path.relative_to(folder).as_posix(): sha256_of(path) for path in _files(folder) if path.is_file()
    }
    write_text(folder / HASHES, dump_json({"source": [*earlier, *sources], "files": files}))


def read_sources(folder: Path) -> list[dict[str, str]]:
    """What a model was imported from; empty where that was not written down."""
    return _read(folder)["source"]


def differences(folder: Path) -> list[str] | None:
    """What in a model's folder is not as it was written down; None where nothing was."""
    if not (folder / HASHES).is_file():
        return None
    wanted: dict[str, str] = _read(folder)["files"]
    there = {path.relative_to(folder).as_posix(): path for path in _files(folder)}
    missing = [f"{name} is missing" for name in wanted if name not in there]
    changed = [
        f"{name} was changed"
        for name, path in there.items()
        if name in wanted and sha256_of(path) != wanted[name]
    ]
    return missing + changed


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and path != folder / HASHES]


def _read(folder: Path) -> dict[str, Any]:
    path = folder / HASHES
    if not path.is_file():
        return {"source": [], "files": {}}
    content = read_json(path)
    if not _is_valid(content):
        raise AqgtError(f"“{path}” is damaged.", "Import the model again.", "bad-hashes")
    return content


def _is_valid(content: Any) -> bool:
    if not isinstance(content, dict):
        return False
    source, files = content.get("source"), content.get("files")
    return (
        isinstance(source, list)
        and all(isinstance(line, dict) and {"part", "file", "sha256"} <= line.keys() for line in source)
        and isinstance(files, dict)
        and all(isinstance(value, str) for value in files.values())
    )
