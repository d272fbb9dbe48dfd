# SPDX-License-Identifier: GPL-3.0-or-later
"""The section Annotate in a real window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image


def test_a_typed_marker_fills_its_annotation_and_a_bad_one_is_red(
    blender_window: Callable[[str], str], tmp_path: Path
) -> None:
    output = blender_window("annotate")
    assert "Traceback" not in output, output
    assert "STEP FAILED" not in output, output
    assert "FILLED right iconic large" in output, output
    assert "PLAYHEAD 1 30" in output, output
    picture = np.asarray(Image.open(tmp_path / "annotate.png").convert("RGB"), dtype=float)
    sidebar = picture[:, picture.shape[1] // 2 :]
    red = (sidebar[..., 0] > 150) & (sidebar[..., 1] < 110) & (sidebar[..., 2] < 110)
    assert red.sum() > 50, "nothing is red"
