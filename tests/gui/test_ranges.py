# SPDX-License-Identifier: GPL-3.0-or-later
"""A gesture dragged over a range in a real window."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def test_a_dragged_range_becomes_one_marker_that_one_undo_takes_back(
    blender_window: Callable[[str], str], checkout: Path, tmp_path: Path
) -> None:
    shutil.copy(checkout / "examples/voice/sense_and_sensibility.wav", tmp_path / "voice.wav")
    output = blender_window("ranges")
    assert "Traceback" not in output, output
    assert "STEP FAILED" not in output, output
    told = dict(
        line.rsplit(" ", 1) for line in output.splitlines() if line[:5] in ("MARKE", "RANGE", "LENGT")
    )
    assert told["MARKERS dragged"] == "1", output
    assert told["MARKERS undone"] == "0", output
    assert told["MARKERS escaped"] == "0", output
    assert float(told["LENGTH"]) == pytest.approx(float(told["RANGE"]), abs=3 / 24), output
