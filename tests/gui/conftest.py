# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender in a real window: Debian sid's, in a folder of its own, on a virtual screen."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

CANNOT = 77  # what scripts/gui_root.sh ends with where the machine can't provide it
SCREEN = "-screen 0 1280x800x24 +extension GLX"
SCENARIOS = Path(__file__).parent / "scenarios"


@pytest.fixture(scope="session")
def gui_root(checkout: Path) -> Path:
    """The folder with Debian sid; made on first use and kept beside the user's other caches."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "aqgt"
    folder = Path(os.environ.get("AQGT_GUI_ROOT", cache / "debian-sid"))
    folder.parent.mkdir(parents=True, exist_ok=True)
    command = ["bash", str(checkout / "scripts/gui_root.sh"), "make", str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode == CANNOT:
        pytest.skip(result.stderr.strip().splitlines()[-1])
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture(scope="session")
def extension_zip(checkout: Path) -> Path:
    """The newest built extension; `make test-gui` builds it."""
    found = sorted((checkout / "dist").glob("*.zip"), key=lambda path: path.stat().st_mtime)
    assert found, "There is no extension in dist/. Build it: make extension"
    return found[-1]


@pytest.fixture
def blender_window(
    checkout: Path, gui_root: Path, extension_zip: Path, tmp_path: Path
) -> Callable[[str], str]:
    """Runs a scenario in a fresh home folder; returns what Blender printed. Files appear in `tmp_path`."""

    def run(scenario: str) -> str:
        shutil.copy(extension_zip, tmp_path / "extension.zip")
        shutil.copytree(SCENARIOS, tmp_path / "scenarios", dirs_exist_ok=True)
        (tmp_path / "home").mkdir(exist_ok=True)
        blender = ["blender", "--window-geometry", "0", "0", "1280", "800"]
        inside = ["env", "HOME=/shared/home", "timeout", "240", "xvfb-run", "-a", "-s", SCREEN, *blender]
        outside = ["bash", str(checkout / "scripts/gui_root.sh"), "run", str(gui_root), str(tmp_path)]
        command = [
            *outside,
            *inside,
            "--python-exit-code",
            "3",
            "--python",
            f"/shared/scenarios/{scenario}.py",
        ]
        result = subprocess.run(command, capture_output=True, text=True, timeout=270, check=False)
        output = result.stdout + result.stderr
        assert result.returncode == 0, output
        return output

    return run
