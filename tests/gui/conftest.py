# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender in a real window: Debian sid's, in a folder of its own, on a virtual screen."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.gui.window import newest_zip, run_scenario

CANNOT = 77  # what scripts/gui_root.sh ends with where the machine can't provide it


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
    return newest_zip(checkout)


@pytest.fixture
def blender_window(gui_root: Path, extension_zip: Path, tmp_path: Path) -> Callable[[str], str]:
    """Runs a scenario in a fresh home folder; returns what Blender printed. Files appear in `tmp_path`."""
    return lambda scenario: run_scenario(gui_root, extension_zip, tmp_path, scenario)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[str]:
    """The address of a paced engine, which runs outside of Blender's folder."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("paced_engine.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=(tmp_path / "engine.log").open("w"),
        text=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("AQGT READY tcp://"), (tmp_path / "engine.log").read_text()
        yield line.split()[-1]
    finally:
        process.kill()
        process.wait()
