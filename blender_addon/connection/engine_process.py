# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine that this Blender starts: a process of another Python that ends when Blender does.

It holds the reading end of a pipe to Blender as its standard input and ends when that closes, which happens
even where Blender crashes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from aqgt.errors import AqgtError

from .. import preferences

_READY = re.compile(rb"AQGT READY (tcp://127\.0\.0\.1:\d+)")
_MAIN = "import sys; from aqgt.cli.app import main; sys.exit(main())"
_GOODBYE_SECONDS = 5.0
_USUAL_FOLDERS = (".local/bin", "AppData/Roaming/Python/Scripts", "Library/Python/bin")


@dataclass
class _Local:
    process: subprocess.Popen[bytes]
    log: Path


_local: _Local | None = None


def command(engine_python: str) -> list[str]:
    """The command of the engine, from the preferences or the PATH.

    Raises:
        AqgtError: there is none.
    """
    if engine_python:
        python = _python_in(Path(engine_python))
        if python is None:
            raise AqgtError(
                f"There is no Python at “{engine_python}”.",
                "Correct Engine Python in the preferences.",
                "no-engine",
            )
        return [str(python), "-c", _MAIN]
    found = find_on_path()
    if found is None:
        raise AqgtError(
            "No engine is installed where Blender can find it.",
            "Install it (pip install aqgt[engine]) and name its Python in the add-on's preferences.",
            "no-engine",
        )
    return [found]


def find_on_path() -> str | None:
    """The command `aqgt` on the PATH, or where installers put it that a desktop's PATH leaves out."""
    more = os.pathsep.join(str(Path.home() / folder) for folder in _USUAL_FOLDERS)
    return shutil.which("aqgt") or shutil.which("aqgt", path=more)


def _python_in(path: Path) -> Path | None:
    """A Python: the file itself, or that of the environment whose folder is named."""
    candidates = [path, path / "bin" / "python", path / "Scripts" / "python.exe"]
    return next((one for one in candidates if one.is_file()), None)


def start(engine_python: str, whisper_folder: str = "") -> None:
    """Start the engine on a free port; it is ready once `address` says where.

    Args:
        engine_python: of the preferences; empty: the command on the PATH.
        whisper_folder: with models to transcribe with; empty: as the engine finds them.

    Raises:
        AqgtError: it cannot be started.
    """
    global _local
    if running():
        return
    log = log_file()
    full = [*command(engine_python), "serve", "--port", "0", "--parent-pipe"]
    if whisper_folder:
        full += ["--whisper", whisper_folder]
    flags = subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0
    try:
        with log.open("wb") as output:
            process = subprocess.Popen(
                full, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT, creationflags=flags
            )
    except OSError as error:
        raise AqgtError(
            f"The engine cannot be started ({error}).",
            "Correct Engine Python in the preferences.",
            "no-engine",
        ) from None
    _local = _Local(process, log)


def running() -> bool:
    """Whether the engine that this Blender started still runs."""
    return _local is not None and _local.process.poll() is None


def address() -> str | None:
    """Where the started engine listens; None where none was started or it is not ready yet.

    Raises:
        AqgtError: the engine ended by itself.
    """
    if _local is None:
        return None
    code = _local.process.poll()
    if code is not None:
        raise AqgtError(
            f"The engine ended with code {code}.", f"Its log says why: {_local.log}", "engine-gone"
        )
    found = _READY.search(_local.log.read_bytes())
    return found[1].decode() if found else None


def log_file() -> Path:
    """Where the log of an engine started here goes; the one started last has left its own there."""
    return preferences.user_folder("logs") / "engine.log"


def log_path() -> Path | None:
    """The log of the engine started last."""
    return _local.log if _local else None


def stop() -> None:
    """End the engine that this Blender started, and wait until it is gone."""
    global _local
    local, _local = _local, None
    if local is None:
        return
    if local.process.stdin is not None:
        local.process.stdin.close()
    try:
        local.process.wait(_GOODBYE_SECONDS)
    except subprocess.TimeoutExpired:
        local.process.terminate()
        local.process.wait(_GOODBYE_SECONDS)
