# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender as a subprocess: which one is found, and what comes back from a stand-in for it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aqgt.errors import AqgtError
from aqgt.studio import blender as module
from aqgt.studio.blender import BlenderCommand, find_blender, run_job

# Plays `blender --background --python entry.py -- JOB`: does what the job says.
STAND_IN = f"""#!{sys.executable}
import json, os, signal, sys, time
envelope = json.load(open(sys.argv[-1]))
job = envelope["job"]
print("Fra:1 Mem", end="")
print('AQGT-PROGRESS {{"share": 0.5, "text": "half"}}', flush=True)
print("AQGT-PROGRESS nonsense")
print("last words", flush=True)
if job["kind"] == "again" and not os.path.exists(job["mark"]):
    open(job["mark"], "w").close()
    sys.exit(75)
if job["kind"] == "crash":
    os.kill(os.getpid(), signal.SIGSEGV)
if job["kind"] == "leave":
    sys.exit(11)
if job["kind"] == "sleep":
    open(job["mark"], "w").write(str(os.getpid()))
    sys.stdin.read()
    sys.exit(1)
error = {{"sentence": "No.", "next_step": "Do.", "code": "c"}}
value = {{"arguments": sys.argv[1:], "job": job}}
answer = {{"error": error}} if job["kind"] == "refuse" else {{"value": value}}
json.dump(answer, open(envelope["result"], "w"))
"""


@pytest.fixture
def stand_in(tmp_path: Path) -> BlenderCommand:
    path = tmp_path / "blender"
    path.write_text(STAND_IN, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return BlenderCommand(path, is_python=False)


@pytest.fixture
def nothing_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without Blender."""
    monkeypatch.delenv("BLENDER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setattr(module, "_CHECKOUT", tmp_path / "no-checkout")
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)


@pytest.mark.usefixtures("nothing_found")
def test_the_option_goes_before_the_environment_before_the_path(
    stand_in: BlenderCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(AqgtError, match="No Blender was found"):
        find_blender()
    python = tmp_path / "no-checkout" / ".venv-blender" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    assert find_blender() == BlenderCommand(python, is_python=True)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_blender() == stand_in
    other = tmp_path / "blender-5.2"
    other.write_bytes(stand_in.program.read_bytes())
    other.chmod(0o755)
    monkeypatch.setenv("BLENDER", str(other))
    assert find_blender().program == other
    assert find_blender(str(stand_in.program)) == stand_in


def test_what_is_named_and_no_blender_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(AqgtError, match="There is no program “/nowhere”"):
        find_blender("/nowhere")
    bare = tmp_path / "python3"
    bare.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    bare.chmod(0o755)
    with pytest.raises(AqgtError, match="is a Python without Blender"):
        find_blender(str(bare))


def test_a_job_goes_in_and_its_result_and_progress_come_out(stand_in: BlenderCommand) -> None:
    said: list[tuple[float, str]] = []
    value = run_job(stand_in, {"kind": "echo", "x": [1, 2]}, on_progress=lambda s, t: said.append((s, t)))
    assert value["job"] == {"kind": "echo", "x": [1, 2]}
    assert value["arguments"][:2] == ["--background", "--python"]
    assert value["arguments"][2].endswith("entry.py")
    assert Path(value["arguments"][2]).is_file()
    assert said == [(0.5, "half")]


def test_errors_of_the_inside_come_back_as_they_are(stand_in: BlenderCommand) -> None:
    with pytest.raises(AqgtError) as caught:
        run_job(stand_in, {"kind": "refuse"})
    assert (caught.value.sentence, caught.value.next_step, caught.value.code) == ("No.", "Do.", "c")


@pytest.mark.parametrize(
    ("kind", "how"), [("crash", "was ended by SIGSEGV"), ("leave", "ended with code 11")]
)
def test_a_crash_is_one_clear_sentence(kind: str, how: str, stand_in: BlenderCommand) -> None:
    with pytest.raises(AqgtError) as caught:
        run_job(stand_in, {"kind": kind})
    assert caught.value.sentence == f"Blender {how} before “{kind}” was done."
    assert "last words" in caught.value.next_step
    assert caught.value.code == "blender-crash"


def test_a_blender_that_installed_the_extension_is_started_again(
    stand_in: BlenderCommand, tmp_path: Path
) -> None:
    assert run_job(stand_in, {"kind": "again", "mark": str(tmp_path / "mark")})["job"]["kind"] == "again"


def test_a_job_that_takes_too_long_is_ended(stand_in: BlenderCommand, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with pytest.raises(AqgtError) as caught:
        run_job(stand_in, {"kind": "sleep", "mark": str(mark)}, timeout=8.0)
    assert caught.value.code == "blender-timeout"
    assert not _alive(int(mark.read_text()))


@pytest.mark.skipif(sys.platform == "win32", reason="asks for a process by signal 0")
def test_blender_ends_with_its_parent_however_that_ends(stand_in: BlenderCommand, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    code = (
        "from pathlib import Path; from aqgt.studio.blender import *; "
        f"run_job(BlenderCommand(Path({str(stand_in.program)!r}), False), "
        f"{{'kind': 'sleep', 'mark': {str(mark)!r}}})"
    )
    parent = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 120
    while not (mark.is_file() and mark.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    child = int(mark.read_text())
    assert _alive(child)
    parent.kill()
    parent.wait()
    while _alive(child):
        assert time.monotonic() < deadline, "it outlived its parent"
        time.sleep(0.02)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # Whose parent has gone may stay a zombie where nobody asks for it.
    status = Path(f"/proc/{process}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
