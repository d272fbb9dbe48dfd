# SPDX-License-Identifier: GPL-3.0-or-later
"""MediaPipe's holistic and face solutions, whose models come with the package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import mediapipe as mp
import numpy as np
from numpy.typing import NDArray

POSE, HAND = 33, 21
COMPLEXITY = 1
"""The heavier model, 2, is not in the package: it would be downloaded."""


class Holistic:
    """Follows one person's body and hands through pictures of one scene after the other."""

    def __init__(self, detection: float, tracking: float) -> None:
        self._solution = mp.solutions.holistic.Holistic(
            static_image_mode=False,
            model_complexity=COMPLEXITY,
            min_detection_confidence=detection,
            min_tracking_confidence=tracking,
        )

    def new_scene(self) -> None:
        """Forget whom it followed."""
        self._solution.reset()

    def look(self, picture: NDArray[np.uint8], columns: tuple[int, int]) -> dict[str, NDArray[np.float32]]:
        """Landmarks of the person in some columns of a picture; NaN where nothing was found.

        Returns:
            ``pose`` `[33, 3]` pixels of the whole picture (z in the same unit against the hips),
            ``visibility`` `[33]`, ``world`` `[33, 3]` metres against the hips, ``left`` and ``right``
            `[21, 3]` pixels (z against the wrist): the speaker's own left and right.
        """
        left, right = columns
        part = np.ascontiguousarray(picture[:, left:right])
        found = self._solution.process(part)
        height, width = part.shape[:2]

        def pixels(landmarks: Any, n: int) -> NDArray[np.float32]:
            points = _points(landmarks, n) * (width, height, width) + (left, 0, 0)
            return points.astype(np.float32)

        pose = found.pose_landmarks
        visibility = np.zeros(POSE, np.float32)
        if pose is not None:
            visibility[:] = [one.visibility for one in pose.landmark]
        return {
            "pose": pixels(pose, POSE),
            "visibility": visibility,
            "world": _points(found.pose_world_landmarks, POSE).astype(np.float32),
            "left": pixels(found.left_hand_landmarks, HAND),
            "right": pixels(found.right_hand_landmarks, HAND),
        }

    def close(self) -> None:
        """Free the networks."""
        self._solution.close()


class Faces:
    """Finds all faces of a picture, near and far ones."""

    def __init__(self, confidence: float) -> None:
        self._solution = mp.solutions.face_detection.FaceDetection(
            model_selection=1, min_detection_confidence=confidence
        )

    def look(self, picture: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Faces `[N, 4]`: left, top, width, height in pixels."""
        found = self._solution.process(picture).detections or []
        boxes = [one.location_data.relative_bounding_box for one in found]
        rows = [(box.xmin, box.ymin, box.width, box.height) for box in boxes]
        height, width = picture.shape[:2]
        return np.array(rows, dtype=np.float64).reshape(-1, 4) * (width, height, width, height)

    def close(self) -> None:
        """Free the network."""
        self._solution.close()


def _points(landmarks: Any, n: int) -> NDArray[np.float64]:
    if landmarks is None:
        return np.full((n, 3), np.nan)
    return np.array([(one.x, one.y, one.z) for one in landmarks.landmark])


def stacked(rows: Sequence[Mapping[str, NDArray]]) -> dict[str, NDArray]:
    """The landmarks of all pictures, each kind in one array."""
    return {key: np.stack([row[key] for row in rows]) for key in rows[0]}
