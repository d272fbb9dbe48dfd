# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures what the annotation channels call extent, position, hand shape and wrist distance on a motion.

All lengths are model units on the human length table (one unit = 2.9 m, an arm without hand = 0.186).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aqgt import skeleton
from aqgt.planner.rules import kinds
from aqgt.skeleton import JOINT_INDEX

SMALL_BELOW, MEDIUM_BELOW = 0.10, 0.155
"""Terciles of how far a wrist gets from its rest in the recorded gestures."""
_ARM = float(skeleton.HUMAN_LENGTHS[skeleton.LEFT_ELBOW] + skeleton.HUMAN_LENGTHS[skeleton.LEFT_WRIST])
_WRIST_DISTANCES = (("D-C", 0.57), ("D-CE", 0.67), ("D-EK", 0.75), ("D-KO", 0.84), ("D-O", np.inf))
"""Upper bounds of the wrist's horizontal distance from the spine, in arm lengths (quintiles)."""


def measure_hand(
    positions: NDArray, side: str, arrival: int, rest_wrist: NDArray, frames: slice
) -> dict[str, str]:
    """Labels of the measured channels for one hand.

    Args:
        positions: `[T, 53, 3]` joint positions in model units.
        side: ``"left"`` or ``"right"``.
        arrival: frame in which the hand arrives; position, shape and distance are read there.
        rest_wrist: `[3]` the wrist at rest, against the thorax.
        frames: the frames of the gesture; the extent is the farthest the wrist gets from its rest in them.
    """
    path = wrist_path(positions, side)
    reach = float(np.linalg.norm(path[frames] - rest_wrist, axis=-1).max())
    return {
        "position": position_label(positions[arrival], side),
        "shape": shape_label(positions[arrival], side),
        "wrist": wrist_label(path[arrival]),
        "extent": extent_label(reach),
    }


def form_of(kind: str, measured: dict[str, str]) -> dict[str, str]:
    """Measured labels with those that follow from the kind of gesture."""
    rule = kinds()[kind]
    return {"phrase": rule.phrase, **measured, "practice": rule.practice}


def wrist_path(positions: NDArray, side: str) -> NDArray:
    """Wrist positions `[T, 3]` against the thorax."""
    return positions[:, JOINT_INDEX[f"{side}_wrist"]] - positions[:, skeleton.THORAX]


def extent_label(reach: float) -> str:
    """``"small"``, ``"medium"`` or ``"large"``."""
    return "small" if reach < SMALL_BELOW else "medium" if reach < MEDIUM_BELOW else "large"


def wrist_label(wrist: NDArray) -> str:
    """Distance of a wrist `[3]` (against the thorax) from the spine's vertical."""
    distance = float(np.hypot(wrist[0], wrist[2])) / _ARM
    return next(name for name, top in _WRIST_DISTANCES if distance < top)


def position_label(pose: NDArray, side: str) -> str:
    """Where a hand is in one pose `[53, 3]`, seen from the speaker."""
    knuckle, other = (
        pose[JOINT_INDEX[f"{s}_middle_1"]] for s in (side, "right" if side == "left" else "left")
    )
    x, y, z = knuckle - pose[skeleton.THORAX]
    if np.linalg.norm(knuckle - other) < 0.05:
        return "together"
    if y < 0.0:
        return "on-top"
    if np.hypot(x, z) < 0.105 and y < 0.15:
        return "here"  # at the speaker's own chest or belly
    if abs(x) > 0.125:
        return "left" if x > 0 else "right"
    if z < -0.09:
        return "in-front"
    return "below" if y > 0.17 else "beside"


def shape_label(pose: NDArray, side: str) -> str:
    """The nearest hand-shape label of one pose `[53, 3]`, from how straight and spread the fingers are."""
    straight = {finger: _straightness(pose, side, finger) for finger in skeleton.FINGERS[1:]}
    others = np.mean([straight[finger] for finger in ("middle", "ring", "little")])
    if straight["index"] - others > 0.12 and straight["index"] > 0.8:
        return "G" if others < 0.75 else "G_loose"
    mean = float(np.mean(list(straight.values())))
    angle = np.rad2deg(_spread(pose, side))
    spread = angle > 10.0
    thumb = pose[skeleton.finger_chain(side, "thumb")[3]] - pose[skeleton.finger_chain(side, "index")[3]]
    if mean < 0.72:
        return "O" if np.linalg.norm(thumb) < 0.012 else "C_small"
    if mean < 0.86:
        return "5_bent" if spread else "C_loose"
    loose = mean < 0.985
    if angle > 20.0:
        return "5_loose" if loose else "5"
    if spread:
        return "B_loose_spread" if loose else "B_spread"
    return "B_loose" if loose else "B"


def _straightness(pose: NDArray, side: str, finger: str) -> float:
    chain = pose[list(skeleton.finger_chain(side, finger))]
    length = np.linalg.norm(np.diff(chain, axis=0), axis=-1).sum()
    return float(np.linalg.norm(chain[-1] - chain[0]) / max(length, 1e-9))


def _spread(pose: NDArray, side: str) -> float:
    """Angle between index and little finger, seen onto the palm."""
    wrist = pose[JOINT_INDEX[f"{side}_wrist"]]
    index, little = (pose[list(skeleton.finger_chain(side, finger))] for finger in ("index", "little"))
    normal = np.cross(index[0] - wrist, little[0] - wrist)
    normal /= max(np.linalg.norm(normal), 1e-9)
    flat = [v - (v @ normal) * normal for v in (index[-1] - index[0], little[-1] - little[0])]
    cosine = flat[0] @ flat[1] / max(np.linalg.norm(flat[0]) * np.linalg.norm(flat[1]), 1e-9)
    return float(np.arccos(np.clip(cosine, -1, 1)))
