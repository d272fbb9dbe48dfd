# SPDX-License-Identifier: GPL-3.0-or-later
"""Which processes a program has started, by /proc."""

from __future__ import annotations

from pathlib import Path


def children_of(process: int) -> list[int]:
    """The direct children of a process, by /proc."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == process and fields[0] != "Z":
            found.append(int(status.parent.name))
    return found


def descendants_of(process: int) -> set[int]:
    """All processes below a process."""
    below = set(children_of(process))
    for child in list(below):
        below |= descendants_of(child)
    return below
