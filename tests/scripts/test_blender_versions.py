# SPDX-License-Identifier: GPL-3.0-or-later
"""A Blender that can't be had is named with what to do; a run that breaks off never counts as passed."""

from __future__ import annotations

import importlib
import platform
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def script(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, its environments in a folder of the test."""
    monkeypatch.syspath_prepend(str(checkout / "scripts"))
    module = importlib.import_module("blender_versions")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return module


@pytest.mark.parametrize("command", ["/nowhere/python3.9", sys.executable])
def test_a_missing_or_other_python_is_said_with_the_remedy(
    script: ModuleType, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script, "SERIES", (script.Series("9.1", "3.9"),))
    monkeypatch.setattr(sys, "argv", ["blender_versions.py", "--python", f"3.9={command}"])
    assert script.main() == 1
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith(f"Blender 9.1: not tested. It needs Python 3.9, and {command} ")
    assert line.endswith("make test-blender-versions PYTHON_39=/path/to/python3.9")


def test_the_named_python_is_taken(script: ModuleType) -> None:
    version = ".".join(platform.python_version_tuple()[:2])
    assert script.find_python(version, {version: sys.executable}) == sys.executable


def test_a_run_that_breaks_off_counts_as_a_failure(script: ModuleType, tmp_path: Path) -> None:
    # No test runner could start: pytest finds no folder tests/blender there.
    counts = script.run_tests(script.Series("9.1", "3.9"), Path(sys.executable), tmp_path)
    assert (counts.passed, counts.failed) == (0, 1)


def test_an_old_report_is_not_taken_for_a_new_one(script: ModuleType, tmp_path: Path) -> None:
    report = tmp_path / "test-blender-9.1.xml"
    report.write_text('<testsuite tests="5" failures="0" errors="0" skipped="0"/>')
    assert script.run_tests(script.Series("9.1", "3.9"), Path(sys.executable), tmp_path).passed == 0


def test_a_module_the_index_lacks_is_said_in_pips_words(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    version = ".".join(platform.python_version_tuple()[:2])
    with pytest.raises(script.NotTestedError, match=r"No matching distribution found for bpy==9\.1"):
        script.prepare(script.Series("9.1", version), {version: sys.executable})
    assert not (script.ROOT / ".venv-blender-9.1" / ".made-tests").exists()
