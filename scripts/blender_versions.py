# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the extension's headless tests on other Blenders than the one `make test-blender` uses.

    blender_versions.py [--only 4.5 …] [--python 3.13=/path/to/python …] [--reports FOLDER]

Each series of Blender gets an environment of its own, .venv-blender-4.5 and so on, with the newest module of
the series that the package index has; remove the folder to get a newer one. A series whose environment cannot
be made is left out with the reason. The exit code is 0 where all that ran passed, and at least one ran.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from add_up_reports import Counts, read_report
from setup_environment import ROOT, requirements, venv_python

PATIENCE = 40 * 60
"""Seconds for one series; Blender 4.5 can hang."""


@dataclass(frozen=True)
class Series:
    """A series of Blender and the Python its module is built for."""

    name: str
    python: str

    @property
    def environment(self) -> Path:
        """The folder of its environment."""
        return ROOT / f".venv-blender-{self.name}"


SERIES = (Series("4.5", "3.11"), Series("5.1", "3.13"), Series("5.2", "3.13"))
"""What the extension promises to run on, without the 5.0 of `make test-blender`."""


class NotTestedError(Exception):
    """Why a series can't be tested here, in one sentence, with what to do."""


def find_python(version: str, named: dict[str, str]) -> str:
    """A Python of exactly this version.

    Raises:
        NotTestedError: there is none.
    """
    command = named.get(version, f"python{version}")
    probe = [command, "-c", "import sys; print('.'.join(map(str, sys.version_info[:2])))"]
    try:
        found = subprocess.run(probe, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        found = ""
    if found != version:
        variable = f"PYTHON_{version.replace('.', '')}"
        raise NotTestedError(
            f"needs Python {version}, and {command} {f'is {found}' if found else 'does not run here'}. "
            f"Install it, or name it: make test-blender-versions {variable}=/path/to/python{version}"
        )
    return command


def prepare(series: Series, named: dict[str, str]) -> Path:
    """The Python of the series' environment, with Blender and the test runner in it.

    Raises:
        NotTestedError: there is no fitting Python, or pip could not install the module.
    """
    python = venv_python(series.environment)
    made = series.environment / ".made-tests"
    if made.exists():
        return python
    outer = find_python(series.python, named)
    print(f"==> {series.environment.name}: Blender {series.name} as a Python module (about 1 GB)", flush=True)
    try:
        subprocess.run([outer, "-m", "venv", str(series.environment)], check=True)
        pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        wanted = [f"bpy=={series.name}.*", *requirements("dev", r"pytest(-timeout)?")]
        subprocess.run([*pip, *wanted], check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        lines = [line for line in (error.stderr or "").splitlines() if line.startswith("ERROR")]
        said = lines[-1] if lines else f"it ended with code {error.returncode}"
        raise NotTestedError(f"could not be installed for Python {series.python}: {said}") from error
    made.touch()
    return python


def run_tests(series: Series, python: Path, reports: Path) -> Counts:
    """Run tests/blender; a run that ends badly without a failed test counts as one failure."""
    report = reports / f"test-blender-{series.name}.xml"
    report.unlink(missing_ok=True)
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/blender", "-rs"]
    print(f"==> tests/blender on Blender {full_version(python)}", flush=True)
    try:
        code = subprocess.run([*command, f"--junitxml={report}"], cwd=ROOT, timeout=PATIENCE).returncode
    except subprocess.TimeoutExpired:
        code = -1
    counts = read_report(report) if report.exists() else Counts()
    return counts if code == 0 or counts.failed else counts + Counts(failed=1)


def full_version(python: Path) -> str:
    """The version of the module in an environment, such as 4.5.15."""
    code = "import importlib.metadata as m; print(m.version('bpy'))"
    return subprocess.run([str(python), "-c", code], capture_output=True, text=True).stdout.strip()


def main() -> int:
    """Test each series and print a table; 1 where a test failed or nothing ran."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=[one.name for one in SERIES], metavar="SERIES")
    parser.add_argument("--python", action="append", default=[], metavar="VERSION=PATH")
    parser.add_argument("--reports", type=Path, default=ROOT / "out" / "reports")
    arguments = parser.parse_args()
    named = {version: path for version, _, path in (text.partition("=") for text in arguments.python)}
    arguments.reports.mkdir(parents=True, exist_ok=True)
    table: list[str] = []
    ran: list[Counts] = []
    for series in SERIES:
        if arguments.only and series.name not in arguments.only:
            continue
        try:
            python = prepare(series, named)
        except NotTestedError as reason:
            table.append(f"Blender {series.name}: not tested. It {reason}")
            continue
        counts = run_tests(series, python, arguments.reports.resolve())
        ran.append(counts)
        said = f"{counts.passed} passed, {counts.failed} failed, {counts.skipped} skipped"
        table.append(f"Blender {full_version(python)}: {said}")
    print("\n".join(["", *table]))
    return 0 if ran and not any(counts.failed for counts in ran) else 1


if __name__ == "__main__":
    sys.exit(main())
