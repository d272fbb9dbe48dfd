# SPDX-License-Identifier: GPL-3.0-or-later
"""The sidebar tab in a real window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image


def words_after(mark: str, output: str) -> list[str]:
    """The words of the line that begins with `mark`."""
    (line,) = [line for line in output.splitlines() if line.startswith(mark + " ") or line == mark]
    return line.split()[1:]


def test_the_tab_is_drawn_without_an_error(blender_window: Callable[[str], str], tmp_path: Path) -> None:
    output = blender_window("panel")
    assert "Traceback" not in output, output
    panels, drawn = words_after("PANELS", output), words_after("DREW", output)
    assert panels, output
    assert set(drawn) & set(panels), "Blender never asked the tab's panels to draw"
    assert words_after("SAYS", output) == ["Gesten", "erzeugen"]
    before, after = (
        np.asarray(Image.open(tmp_path / f"{name}.png").convert("L"), dtype=float)
        for name in ("before", "after")
    )
    assert before.std() > 1, "the window is blank"
    assert np.abs(after - before).max() > 30, "picking the tab changed nothing on the screen"
