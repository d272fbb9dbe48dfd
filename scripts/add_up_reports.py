# SPDX-License-Identifier: GPL-3.0-or-later
"""Add up JUnit reports: name each failed test with its reason, and print one closing line.

    add_up_reports.py REPORTS [SUITE …]     the suites named are those whose `make` failed

A suite that failed without a failed test in its report (lint, a time-out, a crash) counts as one failure, so
that the line and the exit code never disagree.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

MOST = 3000
"""Characters of a failure's beginning, and of its end, that are printed."""


@dataclass(frozen=True)
class Counts:
    """How many tests passed, failed (errors included) and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)


def read_report(path: Path) -> Counts:
    """The counts of one report; a report that can't be read, cut short by a kill, counts as a failure."""
    try:
        suites = list(ElementTree.parse(path).getroot().iter("testsuite"))
    except ElementTree.ParseError:
        return Counts(failed=1)
    total, failed, skipped = (
        sum(int(suite.get(name, 0)) for suite in suites for name in names)
        for names in (["tests"], ["failures", "errors"], ["skipped"])
    )
    return Counts(total - failed - skipped, failed, skipped)


def failures(path: Path) -> list[str]:
    """The failed tests of a report with what they said, in short; none where it can't be read."""
    try:
        cases = list(ElementTree.parse(path).getroot().iter("testcase"))
    except ElementTree.ParseError:
        return []
    found = []
    for case in cases:
        for problem in (*case.iter("failure"), *case.iter("error")):
            name = f"{case.get('classname', '')}::{case.get('name', '')}"
            found.append(
                f"FAILED {path.stem}: {name}\n{shortened(problem.text or problem.get('message') or '')}"
            )
    return found


def shortened(text: str) -> str:
    """A long text's beginning and end."""
    if len(text) <= 2 * MOST:
        return text
    return f"{text[:MOST]}\n[…]\n{text[-MOST:]}"


def add_up(reports: Path, failed_suites: list[str]) -> Counts:
    """The sum over all reports, with one failure for each failed suite whose report shows none."""
    found = {path.stem: read_report(path) for path in sorted(reports.glob("*.xml"))}
    silent = [suite for suite in failed_suites if found.get(suite, Counts()).failed == 0]
    for suite in silent:
        print(f"make {suite} failed outside its tests; its output above says where.")
    return sum(found.values(), Counts(failed=len(silent)))


def main(arguments: list[str]) -> int:
    """Print what failed and the closing line; 1 where anything failed or nothing ran."""
    reports = Path(arguments[0])
    for path in sorted(reports.glob("*.xml")):
        for failure in failures(path):
            print(failure)
    counts = add_up(reports, arguments[1:])
    print(f"{counts.passed} passed, {counts.failed} failed, {counts.skipped} skipped")
    return 1 if counts.failed or not counts.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
