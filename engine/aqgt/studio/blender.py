# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender as a subprocess: find one, hand it a job, get a result or an error a user can act on.

The inside is `blender_addon/headless`: its `entry.py` is what Blender is started with. A job is a JSON object
whose ``kind`` names one of the kinds in `blender_addon/headless/registry.py`.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aqgt import __version__
from aqgt.errors import AqgtError
from aqgt.resources import data_path

OnProgress = Callable[[float, str], None]
"""Takes the finished share, 0 to 1, and what is being done."""

PROGRESS = "AQGT-PROGRESS "
"""Begins a line of Blender's output that is JSON: ``{"share": 0.5, "text": "frame 12"}``."""
AGAIN = 75
"""Exit code of Blender after it installed the extension over an older one that it had already loaded."""

_CHECKOUT = Path(__file__).resolve().parents[3]
_TAIL_LINES = 200
_LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class BlenderCommand:
    """A Blender to run jobs in.

    Attributes:
        program: Blender, or a Python whose environment has Blender as a module.
        is_python: whether it is a Python.
    """

    program: Path
    is_python: bool

    def arguments(self, script: Path, job: Path) -> list[str]:
        """The command line that runs a script with one argument."""
        if self.is_python:
            return [str(self.program), str(script), str(job)]
        return [str(self.program), "--background", "--python", str(script), "--", str(job)]


def find_blender(option: str | None = None) -> BlenderCommand:
    """The Blender to use: the option, ``$BLENDER``, the PATH, or a Python that has Blender as a module.

    The Pythons asked are this one and that of a checkout's ``.venv-blender``.

    Raises:
        AqgtError: what was named is no Blender, or there is none.
    """
    for origin, named in (("--blender", option), ("$BLENDER", os.environ.get("BLENDER"))):
        if named:
            return _named(named, origin)
    on_path = shutil.which("blender")
    if on_path:
        return BlenderCommand(Path(on_path), is_python=False)
    if importlib.util.find_spec("bpy") is not None:
        return BlenderCommand(Path(sys.executable), is_python=True)
    for python in (".venv-blender/bin/python", ".venv-blender/Scripts/python.exe"):
        if (_CHECKOUT / python).is_file():
            return BlenderCommand(_CHECKOUT / python, is_python=True)
    raise AqgtError(
        "No Blender was found.",
        "Name one with --blender or $BLENDER, put it on the PATH, or run `make setup` in a checkout.",
        "no-blender",
    )


def _named(named: str, origin: str) -> BlenderCommand:
    found = shutil.which(named)
    if found is None:
        raise AqgtError(
            f"There is no program “{named}” ({origin}).",
            "Give the path of Blender, or of a Python that has Blender as a module (bpy).",
            "no-blender",
        )
    # Not resolved: the Python of an environment is a link, and behind it lies another environment.
    path = Path(found).absolute()
    if not path.name.lower().startswith("python"):
        return BlenderCommand(path, is_python=False)
    look = "import importlib.util, sys; sys.exit(importlib.util.find_spec('bpy') is None)"
    if subprocess.run([str(path), "-c", look], env=_environment(), stdin=subprocess.DEVNULL).returncode != 0:
        raise AqgtError(
            f"“{named}” ({origin}) is a Python without Blender.",
            f"Install it there: {path} -m pip install bpy",
            "no-blender",
        )
    return BlenderCommand(path, is_python=True)


def extension_zip() -> Path | None:
    """The built extension that Blender may install: ``$AQGT_EXTENSION``, or the newest of a checkout."""
    named = os.environ.get("AQGT_EXTENSION")
    if named:
        return Path(named).absolute()
    built = (_CHECKOUT / "dist").glob("aqgt_gestures-*.zip")
    return max(built, key=lambda path: path.stat().st_mtime, default=None)


def run_job(
    blender: BlenderCommand,
    job: Mapping[str, Any],
    *,
    on_progress: OnProgress | None = None,
    timeout: float | None = None,
) -> dict[str, Any]:
    """Run one job in a Blender of its own, which never outlives this process.

    Args:
        blender: what `find_blender` returned.
        job: JSON values; ``kind`` names what is to be done, the rest is that kind's.
        on_progress: called with each progress line.
        timeout: seconds the job may take; None: as long as it likes.

    Returns:
        What the job's kind returns.

    Raises:
        AqgtError: the job failed with a sentence of its own, Blender crashed (``blender-crash``), or time ran
            out (``blender-timeout``).
    """
    zip_file = extension_zip()
    with tempfile.TemporaryDirectory(prefix="aqgt-job-") as name:
        folder = Path(name)
        request, result = folder / "job.json", folder / "result.json"
        envelope = {
            "job": dict(job),
            "result": str(result),
            "version": __version__,
            "extension_zip": None if zip_file is None else str(zip_file),
        }
        request.write_text(json.dumps(envelope), encoding="utf-8")
        command = blender.arguments(data_path("blender_addon", "headless", "entry.py"), request)
        deadline = None if timeout is None else time.monotonic() + timeout
        code, tail = _run(command, on_progress, deadline, str(job.get("kind")))
        if code == AGAIN and not result.exists():
            code, tail = _run(command, on_progress, deadline, str(job.get("kind")))
        if not result.exists():
            raise _crash(code, tail, str(job.get("kind")))
        answer = json.loads(result.read_text(encoding="utf-8"))
    if "error" in answer:
        error = answer["error"]
        raise AqgtError(error["sentence"], error["next_step"], error["code"])
    found: dict[str, Any] = answer["value"]
    return found


def _environment() -> dict[str, str]:
    # A copy of the project on the path would hide the extension's own wheels.
    return {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}


def _run(
    command: list[str], on_progress: OnProgress | None, deadline: float | None, kind: str
) -> tuple[int, list[str]]:
    """Exit code and the last lines of output."""
    try:
        # Blender ends when its standard input closes, which it does however this process ends.
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=_environment(),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        raise AqgtError(
            f"Blender ({command[0]}) cannot be started: {error}.",
            "Check --blender or $BLENDER.",
            "no-blender",
        ) from error
    lines: list[str] = []
    reader = threading.Thread(target=_read, args=(process, lines, on_progress), daemon=True)
    reader.start()
    try:
        while process.poll() is None:
            if deadline is not None and time.monotonic() > deadline:
                raise AqgtError(
                    f"Blender did not finish “{kind}” in the time allowed.",
                    "Allow more time, or give it less to do.",
                    "blender-timeout",
                )
            time.sleep(_LOOK_SECONDS)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        reader.join(timeout=5.0)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
    return process.returncode, lines


def _read(process: subprocess.Popen[str], lines: list[str], on_progress: OnProgress | None) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        # Blender's own lines may lack their end, so that ours follows on the same line.
        _, mark, report = line.partition(PROGRESS)
        if not mark:
            lines.append(line.rstrip())
            del lines[:-_TAIL_LINES]
        elif on_progress is not None:
            try:
                said = json.loads(report)
                on_progress(float(said["share"]), str(said["text"]))
            except (ValueError, KeyError, TypeError):
                lines.append(line.rstrip())


def _crash(code: int, tail: list[str], kind: str) -> AqgtError:
    if code < 0:
        try:
            how = f"was ended by {signal.Signals(-code).name}"
        except ValueError:
            how = f"was ended by signal {-code}"
    else:
        how = f"ended with code {code}"
    said = next((line.strip() for line in reversed(tail) if line.strip()), "")
    return AqgtError(
        f"Blender {how} before “{kind}” was done.",
        f"Its last words: {said[:300]}" if said else "It left no message; try again.",
        "blender-crash",
    )
