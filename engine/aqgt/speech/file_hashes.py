# SPDX-License-Identifier: GPL-3.0-or-later
"""SHA-256 of files; those of large files are remembered, since reading gigabytes takes many seconds."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

from aqgt.errors import AqgtError
from aqgt.formats.files import dump_json, write_text

_LARGE = 256 * 2**20


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal.

    That of a file above 256 MiB is kept in the user's cache folder, and holds as long as the file's place,
    size and time of change do.

    Raises:
        AqgtError: the file can't be read.
    """
    try:
        status = path.stat()
        if status.st_size < _LARGE:
            return _hash(path)
        stamp = f"{status.st_size} {status.st_mtime_ns}"
        known = _known()
        entry = known.get(str(path.resolve()))
        if isinstance(entry, dict) and entry.get("stamp") == stamp and isinstance(entry.get("sha256"), str):
            return entry["sha256"]
        digest = _hash(path)
    except OSError as error:
        raise AqgtError(
            f"The file “{path}” can't be read ({error.strerror}).", "Check the path.", "no-file"
        ) from error
    _remember({**known, str(path.resolve()): {"stamp": stamp, "sha256": digest}})
    return digest


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _store() -> Path:
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "aqgt" / "hashes.json"


def _known() -> dict[str, object]:
    try:
        stored = json.loads(_store().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stored if isinstance(stored, dict) else {}


def _remember(known: dict[str, object]) -> None:
    try:
        _store().parent.mkdir(parents=True, exist_ok=True)
        write_text(_store(), dump_json(known))
    except (OSError, AqgtError):
        pass  # without a cache folder the file is read again next time
