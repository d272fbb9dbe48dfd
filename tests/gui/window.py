# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a scenario in Blender's window, on a virtual screen inside the folder with Debian sid."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
SCENARIOS = Path(__file__).parent / "scenarios"
SIZE = (1280, 800)
"""Of the screen and of Blender's window on it."""


def newest_zip(checkout: Path = CHECKOUT) -> Path:
    """The extension that was built last."""
    found = sorted((checkout / "dist").glob("*.zip"), key=lambda path: path.stat().st_mtime)
    assert found, "There is no extension in dist/. Build it: make extension"
    return found[-1]


def run_scenario(
    root: Path, extension: Path, folder: Path, scenario: str, size: tuple[int, int] = SIZE
) -> str:
    """What Blender printed; files of the scenario appear in ``folder``, its home is a fresh one there."""
    shutil.copy(extension, folder / "extension.zip")
    shutil.copytree(SCENARIOS, folder / "scenarios", dirs_exist_ok=True)
    (folder / "home").mkdir(exist_ok=True)
    width, height = map(str, size)
    screen = f"-screen 0 {width}x{height}x24 +extension GLX"
    blender = ["blender", "--window-geometry", "0", "0", width, height, "--python-exit-code", "3"]
    inside = ["env", "HOME=/shared/home", "timeout", "400", "xvfb-run", "-a", "-s", screen, *blender]
    outside = ["bash", str(CHECKOUT / "scripts/gui_root.sh"), "run", str(root), str(folder)]
    shared = ["--python-expr", "import sys; sys.path.insert(0, '/shared/scenarios')"]  # `plan` lies there
    command = [*outside, *inside, *shared, "--python", f"/shared/scenarios/{scenario}.py"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=420, check=False)
    output = result.stdout + result.stderr
    assert result.returncode == 0, output
    return output
