# SPDX-License-Identifier: GPL-3.0-or-later
"""Words over timeline and sequencer in a real window."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

BUDGET = 4.0
"""Milliseconds for one editor with 2,000 words; the fastest draw counts, since a busy machine only adds."""


def test_2000_words_are_drawn_in_time_and_hidden_again(
    blender_window: Callable[[str], str], checkout: Path, tmp_path: Path
) -> None:
    shutil.copy(checkout / "examples/voice/sense_and_sensibility.wav", tmp_path / "voice.wav")
    output = blender_window("speech")
    assert "Traceback" not in output, output
    print(*(line for line in output.splitlines() if line.startswith("TIMES ")), sep="\n")
    times = {
        (editor, view): float(fastest)
        for editor, view, _, fastest, *_ in (
            line.split()[1:] for line in output.splitlines() if line.startswith("TIMES ")
        )
    }
    for editor in ("DOPESHEET_EDITOR", "SEQUENCE_EDITOR"):
        for view in ("near", "far", "moving"):
            assert times[editor, view] <= BUDGET, output
    near, hidden = (
        np.asarray(Image.open(tmp_path / f"{name}.png").convert("RGB"), dtype=float)
        for name in ("near", "hidden")
    )
    changed = np.abs(near - hidden).max(axis=2) > 30
    assert changed.sum() > 5000, "the words were not there, or stayed"
