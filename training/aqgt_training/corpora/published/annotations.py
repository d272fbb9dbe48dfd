# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotations of SaGA as the published records hold them: one dict of labels for each frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import dropwhile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt.annotation_channels import CHANNEL_BY_KEY, CHANNELS, N_CHANNELS, NOTHING, UNKNOWN
from aqgt.annotation_track import smooth_occurrence
from aqgt.errors import AqgtError

ENTITY, OCCURRENCE = CHANNEL_BY_KEY["entity"].index, CHANNEL_BY_KEY["occurrence"].index
FIELDS: Mapping[str, str] = {
    "entity": "R_S_Semantic_Entity",
    "phase_left": "R_G_Left_Phase", "phase_right": "R_G_Right_Phase",
    "phrase_left": "R_G_Left_Phrase", "phrase_right": "R_G_Right_Phrase",
    "position_left": "R_G_Left_Semantic_Position", "position_right": "R_G_Right_Semantic_Position",
    "position_speech": "R_S_Speech_Semantic_Position",
    "shape_left": "LeftHandShape", "shape_right": "RightHandShape",
    "wrist_left": "LeftWristDistance", "wrist_right": "RightWristDistance",
    "extent_left": "LeftExtent", "extent_right": "RightExtent",
    "practice_left": "LeftPractice", "practice_right": "RightPractice",
}  # fmt: skip
"""Which field of a frame's dict each channel is; occurrence follows the entity."""


def value_of(channel: str, label: str | None) -> float:
    """The stored value of a label; 0 where there is none, or none that the networks know."""
    if label is None:
        return NOTHING
    try:
        return max(NOTHING, CHANNEL_BY_KEY[channel].value_of(label))
    except AqgtError:
        return NOTHING


def from_records(frames: Sequence[Mapping[str, Any] | None] | None, n_frames: int) -> NDArray[np.float32]:
    """The matrix `[17, n_frames]` of a record's frames; −1 everywhere where the clip has no annotations.

    The published code leaves None in front of a video's first entry, which is no frame. Frames beyond the
    last entry repeat it.
    """
    matrix = np.full((N_CHANNELS, n_frames), UNKNOWN, dtype=np.float32)
    known = list(dropwhile(lambda frame: not isinstance(frame, Mapping), frames or ()))
    if not known:
        return matrix
    for frame in range(n_frames):
        labels = known[min(frame, len(known) - 1)] or {}
        for channel, name in FIELDS.items():
            text = labels.get(name)
            matrix[CHANNEL_BY_KEY[channel].index, frame] = value_of(
                channel, None if text is None else str(text)
            )
    matrix[OCCURRENCE] = NOTHING
    return with_occurrence(matrix)


def frames_of_window(
    start: int, end: int, n_frames: int, fps: float = 25.0, window_fps: float = 15.0
) -> list[int]:
    """Which annotated frames the frames ``start … end`` of a window are; the last one repeats at the end."""
    return [min(round(i / window_fps * fps), n_frames - 1) for i in range(start, end)]


def with_occurrence(matrix: NDArray) -> NDArray[np.float32]:
    """The matrix with its occurrence smoothed anew from its entities; −1 stays −1."""
    matrix = np.array(matrix, dtype=np.float32)
    if (matrix[OCCURRENCE] != UNKNOWN).any():
        present = matrix[ENTITY] > NOTHING
        matrix[OCCURRENCE] = smooth_occurrence(present) if present.any() else NOTHING
    return matrix


assert len(FIELDS) == len(CHANNELS) - 1
