# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the viewer stands: in front of the speaker, at chest height, a few steps away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Camera:
    """A pinhole camera that looks along +z of the model's axes (x = the speaker's left, y down, metres).

    Attributes:
        width: picture width in pixels.
        height: picture height in pixels.
        distance: metres from the camera to the speaker's pelvis plane.
        centre: height of the picture's centre, as y in metres (negative: above the pelvis).
        view_height: metres that fit into the picture's height at the pelvis plane.
    """

    width: int
    height: int
    distance: float = 3.0
    centre: float = -0.24
    view_height: float = 1.42

    @property
    def pixels_per_metre(self) -> float:
        """Scale in the pelvis plane."""
        return self.height / self.view_height

    def project(self, points: NDArray) -> NDArray[np.float64]:
        """x, y in pixels and pixels per metre at that depth, `[..., 3]`, of points `[..., 3]` in metres."""
        points = np.asarray(points, dtype=np.float64)
        # Nothing a speaker does comes nearer than that; the limit only keeps broken motions drawable.
        depth = np.maximum(self.distance + points[..., 2], 0.5)
        scale = self.pixels_per_metre * self.distance / depth
        x = self.width / 2 + points[..., 0] * scale
        y = self.height / 2 + (points[..., 1] - self.centre) * scale
        return np.stack([x, y, scale], axis=-1)
