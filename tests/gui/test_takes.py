# SPDX-License-Identifier: GPL-3.0-or-later
"""The section Takes in a real window: the list, comparing by a click, merging, undo."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path


def test_takes_are_listed_compared_merged_and_undone(
    blender_window: Callable[[str], str], checkout: Path, tmp_path: Path
) -> None:
    shutil.copy(checkout / "rigs/characters/mh_mixamo_male.glb", tmp_path / "character.glb")
    output = blender_window("takes")
    assert "Traceback" not in output, output
    assert "COMPARE {'FINISHED'}" in output, output
    shown = [line.split()[1] for line in output.splitlines() if line.startswith("SHOWN")]
    assert shown == ["B", "A"], output
    assert "RESTORED [False, False, False]" in output, output
    assert "TAKES 4" in output, output
    assert "UNDONE 3" in output, output
    for name in ("takes", "compared", "merged"):
        assert (tmp_path / f"{name}.png").stat().st_size > 10_000
