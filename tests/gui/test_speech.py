# SPDX-License-Identifier: GPL-3.0-or-later
"""Words over timeline and sequencer in a real window."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

BUDGET = 4.0
"""What one editor with 2,000 words may cost, in loops of plain Python (20,000 rounds, about a millisecond).
The fastest of each counts, by the processor's time: neither a slow machine nor a busy one changes it."""


def test_2000_words_are_drawn_in_time_and_hidden_again(
    blender_window: Callable[[str], str], checkout: Path, tmp_path: Path
) -> None:
    shutil.copy(checkout / "examples/voice/sense_and_sensibility.wav", tmp_path / "voice.wav")
    output = blender_window("speech")
    assert "Traceback" not in output, output
    told = [line.split() for line in output.splitlines() if line.startswith(("TIMES ", "YARDSTICK "))]
    print(*map(" ".join, told), sep="\n")
    yardstick = next(float(line[1]) for line in told if line[0] == "YARDSTICK")
    fastest = {(line[1], line[2]): float(line[line.index("·") + 1]) for line in told if line[0] == "TIMES"}
    for editor in ("DOPESHEET_EDITOR", "SEQUENCE_EDITOR"):
        for view in ("near", "far", "moving"):
            assert fastest[editor, view] <= BUDGET * yardstick, output
    near, hidden = (
        np.asarray(Image.open(tmp_path / f"{name}.png").convert("RGB"), dtype=float)
        for name in ("near", "hidden")
    )
    changed = np.abs(near - hidden).max(axis=2) > 30
    assert changed.sum() > 5000, "the words were not there, or stayed"
