# SPDX-License-Identifier: GPL-3.0-or-later
"""The closing line of the whole test run can't claim more than the reports and exit codes say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPORT = '<testsuites><testsuite tests="{}" failures="{}" errors="{}" skipped="{}"/></testsuites>'


@pytest.fixture
def told(checkout: Path, tmp_path: Path):
    """Runs the script on reports given by name -> content; returns (exit code, lines)."""

    def run(reports: dict[str, str], *failed_suites: str) -> tuple[int, list[str]]:
        for name, content in reports.items():
            (tmp_path / f"{name}.xml").write_text(content)
        command = [sys.executable, str(checkout / "scripts/add_up_reports.py"), str(tmp_path), *failed_suites]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return result.returncode, result.stdout.splitlines()

    return run


@pytest.fixture
def add_up(told):
    """The same; returns (exit code, last line)."""

    def run(*arguments) -> tuple[int, str]:
        code, lines = told(*arguments)
        return code, lines[-1]

    return run


def test_reports_are_added(add_up) -> None:
    reports = {"test": REPORT.format(10, 0, 0, 2), "test-gui": REPORT.format(1, 0, 0, 1)}
    assert add_up(reports) == (0, "8 passed, 0 failed, 3 skipped")


def test_failures_and_errors_fail_the_run(add_up) -> None:
    assert add_up({"test": REPORT.format(10, 1, 2, 0)}, "test") == (1, "7 passed, 3 failed, 0 skipped")


def test_each_failure_is_named_with_its_reason_however_long_its_text(told) -> None:
    case = (
        '<testcase classname="tests.system.test_a" name="test_b"><failure message="m">{}</failure></testcase>'
    )
    text = "assert 1 == 0" + "x" * 100_000 + "FileNotFoundError: c"
    report = f'<testsuite tests="1" failures="1" errors="0" skipped="0">{case.format(text)}</testsuite>'
    code, lines = told({"test-system": f"<testsuites>{report}</testsuites>"}, "test-system")
    assert lines[0] == "FAILED test-system: tests.system.test_a::test_b"
    assert lines[1].startswith("assert 1 == 0")
    assert lines[-2].endswith("FileNotFoundError: c")
    assert sum(map(len, lines)) < 10_000
    assert (code, lines[-1]) == (1, "0 passed, 1 failed, 0 skipped")


def test_a_suite_that_fails_outside_its_tests_counts_as_one_failure(add_up) -> None:
    assert add_up({"test": REPORT.format(4, 0, 0, 0)}, "test") == (1, "4 passed, 1 failed, 0 skipped")
    assert add_up({}, "test-system") == (1, "4 passed, 1 failed, 0 skipped")


def test_a_report_that_was_cut_short_is_a_failure(add_up) -> None:
    assert add_up({"test": "<testsuites><tests"}, "test") == (1, "0 passed, 1 failed, 0 skipped")


def test_a_run_without_any_test_fails(add_up) -> None:
    assert add_up({}) == (1, "0 passed, 0 failed, 0 skipped")
