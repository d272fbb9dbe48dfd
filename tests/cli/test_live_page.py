# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of `aqgt live` in a real browser: the figure is drawn where the motion says, and moves."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from aqgt.cli.live_view import LiveView
from aqgt.models.rest_pose import rest_pose
from aqgt.motion import Motion
from aqgt.preview.camera import Camera
from aqgt.skeleton import HUMAN_LENGTHS
from tests.browser import Browser, chromium

FPS = 10.0
FRAMES = 20
ELBOW, WRIST = 6, 7
SLEEVE = "64,132,190"


def turned(first: float, last: float) -> NDArray[np.float32]:
    """Two seconds in which the forearm turns in the picture's plane; angles from hanging down, in degrees."""
    vectors = np.repeat(rest_pose(HUMAN_LENGTHS)[None], FRAMES, axis=0).astype(np.float32)
    angles = np.radians(np.linspace(first, last, FRAMES))
    vectors[:, WRIST - 1] = np.stack([np.sin(angles), np.cos(angles), 0 * angles], axis=-1)
    return vectors


def forearm(vectors: NDArray[np.float32]) -> tuple[int, int]:
    """Where the middle of the forearm lies in the last of some frames, in pixels."""
    positions = Motion(FPS, vectors, HUMAN_LENGTHS).metric().positions()
    x, y = Camera(800, 720).project(positions)[-1, [ELBOW, WRIST], :2].mean(axis=0)
    return round(float(x)), round(float(y))


@pytest.mark.skipif(chromium() is None, reason="there is no Chromium to open the page in")
def test_the_figure_is_drawn_and_moves_while_windows_come(tmp_path: Path) -> None:
    view = LiveView(FPS, HUMAN_LENGTHS, 2.4)
    up, out = turned(0, 170), turned(170, 80)
    with Browser(tmp_path / "profile") as browser:

        def colour(place: tuple[int, int]) -> str:
            return str(
                browser.run(f"draw.getImageData({place[0]}, {place[1]}, 1, 1).data.slice(0, 3).join()")
            )

        def pictures_until_it_is_at(place: tuple[int, int]) -> set[str]:
            seen = set()
            deadline = time.monotonic() + 60
            while colour(place) != SLEEVE and time.monotonic() < deadline:
                seen.add(browser.run("canvas.toDataURL()"))
            return seen

        browser.open(view.address, tmp_path)
        assert "Waiting" in browser.run("said.textContent") or "2.4 s" in browser.run("said.textContent")
        assert colour(forearm(up)) != SLEEVE
        view.show(0, up)
        assert len(pictures_until_it_is_at(forearm(up))) > 1, "it has not moved, but jumped"
        assert colour(forearm(up)) == SLEEVE
        assert colour(forearm(out)) != SLEEVE
        view.show(FRAMES, out)
        assert len(pictures_until_it_is_at(forearm(out))) > 1, "it has not moved, but jumped"
        assert colour(forearm(out)) == SLEEVE
        assert "2.4 s" in browser.run("said.textContent")
        view.close()
        deadline = time.monotonic() + 60
        while "ended" not in browser.run("said.textContent"):
            assert time.monotonic() < deadline
