# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose motion is shown, and when it is due."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shown:
    """Names stand for scene and character, so that undo and deleting leave no dead reference behind.

    Attributes:
        scene: name of the character's scene.
        character: name of the armature.
        start: when the first frame is due on the timeline, in seconds.
        fps: frames per second of the motion.
    """

    scene: str
    character: str
    start: float
    fps: float
