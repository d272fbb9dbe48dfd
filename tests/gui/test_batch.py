# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch from the panel of a real window: Blender stays free, the panel follows it to its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image


def test_a_batch_runs_beside_blender(blender_window: Callable[[str], str], tmp_path: Path) -> None:
    output = blender_window("batch")
    assert "Traceback" not in output, output
    said = {line.partition(" ")[0]: line.partition(" ")[2] for line in output.splitlines()}
    texts = [line for line in output.splitlines() if line.startswith("TEXT ")]
    assert "STARTED" in said, "the button does not wait for the batch"
    assert texts == ["TEXT 2 of 5, 1:05 left | running True", "TEXT 5 of 5, 1 failed | running False"], output
    assert said["REPORT"] == "True"
    running, ended = (
        np.asarray(Image.open(tmp_path / f"{name}.png").convert("L"), dtype=float)
        for name in ("running", "ended")
    )
    assert np.abs(ended - running).max() > 30, "the panel was drawn again without a hand on the mouse"
