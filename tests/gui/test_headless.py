# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Blender without a window: jobs of `aqgt` inside it, and its own command line."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

InBlender = Callable[[str], str]


@pytest.fixture
def in_root(checkout: Path, gui_root: Path, extension_zip: Path, tmp_path: Path) -> InBlender:
    """Runs a shell script in the folder with Debian sid, `tmp_path` as /shared; returns its output."""
    shutil.copy(extension_zip, tmp_path / "extension.zip")
    shutil.copy(checkout / "blender_addon" / "headless" / "entry.py", tmp_path)

    def run(script: str) -> str:
        (tmp_path / "run.sh").write_text(f"cd /shared; export HOME=/shared\n{script}", encoding="utf-8")
        command = ["bash", str(checkout / "scripts/gui_root.sh"), "run", str(gui_root), str(tmp_path)]
        result = subprocess.run(
            [*command, "sh", "/shared/run.sh"], capture_output=True, text=True, timeout=280, check=False
        )
        return result.stdout + result.stderr

    return run


# A pipe that stays open, as Blender ends when its standard input closes.
ENTRY = "mkfifo pipe; sleep 200 > pipe & blender --background --python entry.py -- job.json < pipe; kill %1; "


def test_a_job_installs_the_extension_and_runs(in_root: InBlender, tmp_path: Path) -> None:
    version = json.loads(_job(tmp_path, {"kind": "about"}))["version"]
    output = in_root(ENTRY)
    answer = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert answer["value"]["aqgt"] == version, output
    assert "/extensions/.local/" in answer["value"]["aqgt_file"]


def test_the_extension_adds_a_command_to_blenders_own_command_line(in_root: InBlender) -> None:
    output = in_root(
        "blender --command extension install-file -r user_default --enable extension.zip\n"
        "mkdir bin; printf '#!/bin/sh\\necho called with $@\\nexit 7\\n' > bin/aqgt; chmod +x bin/aqgt\n"
        "PATH=/shared/bin:$PATH blender --command aqgt batch jobs.yaml; echo code $?\n"
    )
    assert "called with batch jobs.yaml --blender /usr/bin/blender --parent-pipe" in output
    assert "code 7" in output


def _job(folder: Path, job: dict[str, str]) -> str:
    from aqgt import __version__

    envelope = {
        "job": job,
        "result": "/shared/result.json",
        "version": __version__,
        "extension_zip": "/shared/extension.zip",
    }
    text = json.dumps(envelope)
    (folder / "job.json").write_text(text, encoding="utf-8")
    return text
