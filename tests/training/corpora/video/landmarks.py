# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks as the tracker would see them, made of known joints."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aqgt import skeleton
from aqgt_training.corpora.video.tracking import Scene, Tracking

PIXELS_PER_METRE = 300.0
HALF_HIP = 0.1


def landmarks_of(positions: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """MediaPipe's body `[T, 33, 3]` and hands, both in metres, of joints `[T, 53, 3]` in metres."""
    at = skeleton.JOINT_INDEX
    world = np.zeros((len(positions), 33, 3))
    pelvis, nose = positions[:, skeleton.PELVIS], positions[:, skeleton.NOSE]
    for side, sign, first in (("left", 1, 0), ("right", -1, 1)):
        world[:, 23 + first] = pelvis + (sign * HALF_HIP, 0, 0)
        for point, name in (
            (11, "shoulder"),
            (13, "elbow"),
            (15, "wrist"),
            (17, "little_1"),
            (19, "index_1"),
        ):
            world[:, point + first] = positions[:, at[f"{side}_{name}"]]
        world[:, (2, 5)[first]] = nose + (sign * 0.03, -0.03, 0.02)
        world[:, 7 + first] = nose + (sign * 0.07, -0.02, 0.1)
        world[:, 9 + first] = nose + (sign * 0.02, 0.04, 0.02)
    world[:, 0] = nose
    hands = []
    for side, joints in (("left", skeleton.LEFT_HAND_JOINTS), ("right", skeleton.RIGHT_HAND_JOINTS)):
        points = positions[:, list(joints)].copy()
        points[:, 0] = positions[:, at[f"{side}_wrist"]]
        hands.append(points)
    return world, hands


def tracking_of(positions: np.ndarray, folder: Path) -> Tracking:
    """A video of 640 × 480 in which these joints are seen."""
    world, hands = landmarks_of(positions)
    n_frames = len(world)
    pixels = [(points + (1, 1, 0)) * PIXELS_PER_METRE for points in (world, *hands)]
    facts = {
        "width": 640, "height": 480, "fps": 25.0, "sound_offset": 0.0, "damaged": None, "thumbnail_step": 25,
    }  # fmt: skip
    return Tracking(
        world, pixels[0], np.ones((n_frames, 33)), (pixels[1], pixels[2]), np.ones(n_frames),
        [Scene(0, n_frames, 1, 0)], facts, folder,
    )  # fmt: skip
