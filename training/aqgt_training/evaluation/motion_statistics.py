# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain figures of a motion's hands: how far, how fast, how abruptly, and when.

Positions are relative to the thorax and in model units (neck to head top = 0.1); times are seconds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aqgt import skeleton
from aqgt.motion import Motion

WRISTS = {"left": skeleton.LEFT_WRIST, "right": skeleton.RIGHT_WRIST}


def wrist_track(motion: Motion, side: str) -> NDArray[np.float32]:
    """Wrist position `[T, 3]` relative to the thorax."""
    positions = motion.positions()
    return positions[:, WRISTS[side]] - positions[:, skeleton.THORAX]


def excursion(motion: Motion, side: str, start: float, end: float) -> float:
    """Largest distance of the wrist from where it was on the motion's first frame, between two times."""
    track = wrist_track(motion, side)
    first, last = round(start * motion.fps), round(end * motion.fps)
    return float(np.linalg.norm(track[first:last] - track[0], axis=1).max(initial=0.0))


def speed(motion: Motion, side: str) -> NDArray[np.float64]:
    """Wrist speed `[T - 1]` in units per second."""
    return np.linalg.norm(np.diff(wrist_track(motion, side), axis=0), axis=1) * motion.fps


def mean_derivatives(motion: Motion) -> dict[str, float]:
    """Mean magnitude of both wrists' first, second and third derivative, per second, second² and second³."""
    tracks = [wrist_track(motion, side) for side in WRISTS]
    return {
        name: float(
            np.mean(
                [
                    np.linalg.norm(np.diff(t, n=order, axis=0), axis=1).mean() * motion.fps**order
                    for t in tracks
                ]
            )
        )
        for order, name in ((1, "speed"), (2, "acceleration"), (3, "jerk"))
    }


def peak_time(motion: Motion, side: str, start: float, end: float) -> float:
    """Time of the wrist's highest speed between two times."""
    first, last = round(start * motion.fps), max(round(start * motion.fps) + 1, round(end * motion.fps))
    return (first + int(np.argmax(speed(motion, side)[first:last]))) / motion.fps


def wrist_error(motion: Motion, reference: Motion) -> float:
    """Mean distance of the wrists of two motions over the frames both have."""
    n = min(len(motion), len(reference))
    return float(
        np.mean(
            [
                np.linalg.norm(
                    wrist_track(motion, side)[:n] - wrist_track(reference, side)[:n], axis=1
                ).mean()
                for side in WRISTS
            ]
        )
    )
