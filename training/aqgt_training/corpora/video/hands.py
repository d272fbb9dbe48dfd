# SPDX-License-Identifier: GPL-3.0-or-later
"""The tracker's hands: palms it saw from the wrong side, and hands it did not see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations, skeleton
from aqgt.models.rest_pose import rest_pose

Floats = NDArray[np.float64]

WRIST, INDEX, MIDDLE, LITTLE = 0, 5, 9, 17
"""Points of MediaPipe's hand: wrist and knuckles."""
WIDEST = 90.0
"""Degrees between the palm and where the body model sees it: more, and the palm counts as flipped."""
_TINY = 1e-9


@dataclass(frozen=True)
class RepairedHand:
    """One hand through a video.

    Attributes:
        points: `[T, 21, 3]`; NaN where the hand was not found or not believed.
        repaired: `[T]` whether the depth was turned over.
        dropped: `[T]` whether it was found but fits neither way round.
    """

    points: Floats
    repaired: NDArray[np.bool_]
    dropped: NDArray[np.bool_]


def palm(wrist: Floats, index: Floats, little: Floats) -> Floats:
    """Normals `[T, 3]` of palms from wrists and knuckles; not of unit length."""
    return np.cross(index - wrist, little - wrist)


def repair_flips(points: Floats, expected: Floats, widest: float = WIDEST) -> RepairedHand:
    """Hands whose palm looks the way that the body model expects.

    Seen on edge, a palm turned to the camera and one turned away look alike, and the hand model may take one
    for the other: depth is then mirrored. The body model (wrist, index, little knuckle) does not fall for it.

    Args:
        points: `[T, 21, 3]` of the hand model, depth like width; NaN where there is no hand.
        expected: `[T, 3]` palm normals by the body model.
        widest: degrees between the two up to which a palm is believed.
    """
    mirrored = points * (1, 1, -1)
    apart = [
        degrees(palm(one[:, WRIST], one[:, INDEX], one[:, LITTLE]), expected) for one in (points, mirrored)
    ]
    found = known(points)
    with np.errstate(invalid="ignore"):
        flipped = found & (apart[0] > widest)
        repaired = flipped & (apart[1] <= widest)
    dropped = flipped & ~repaired
    out = np.where(repaired[:, None, None], mirrored, points)
    out[dropped] = np.nan
    return RepairedHand(out, repaired, dropped)


def degrees(a: Floats, b: Floats) -> Floats:
    """Angles `[...]` between vectors `[..., 3]`."""
    norms = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    return np.degrees(np.arccos(np.clip((a * b).sum(axis=-1) / np.maximum(norms, _TINY), -1, 1)))


def relaxed_hand(side: str, wrist: Floats, index: Floats, little: Floats) -> Floats:
    """A hand at rest `[T, 21, 3]`, laid on the wrist and knuckles `[T, 3]` that the body model guesses.

    It stands in where no hand was seen for long. Unit: that of the knuckles.
    """
    at = skeleton.JOINT_INDEX
    positions = skeleton.positions_from_bone_vectors(np.asarray(rest_pose(), dtype=np.float64))
    joints = skeleton.LEFT_HAND_JOINTS if side == "left" else skeleton.RIGHT_HAND_JOINTS
    hand = positions[list(joints)] - positions[at[f"{side}_wrist"]]
    own_index, own_little = (positions[at[f"{side}_{name}_1"]] - positions[at[f"{side}_wrist"]] for name in
                             ("index", "little"))  # fmt: skip
    n = len(wrist)
    turn = rotations.from_frames(
        np.tile(own_index + own_little, (n, 1)),
        np.tile(np.cross(own_index, own_little), (n, 1)),
        index + little - 2 * wrist,
        palm(wrist, index, little),
    )
    size = np.linalg.norm(index - wrist, axis=-1) / np.linalg.norm(own_index)
    return rotations.rotate(turn[:, None], hand[None] * size[:, None, None])


def bridged(values: Floats, longest: int) -> Floats:
    """Values `[T, ...]` whose gaps of NaN of up to so many frames are filled on a straight line."""
    values = np.array(values, dtype=np.float64)
    missing = ~known(values)
    for start, end in runs(missing):
        if start == 0 or end == len(values) or end - start > longest:
            continue
        share = (np.arange(1, end - start + 1) / (end - start + 1)).reshape(-1, *[1] * (values.ndim - 1))
        values[start:end] = (1 - share) * values[start - 1] + share * values[end]
    return values


def known(values: Floats) -> NDArray[np.bool_]:
    """Which frames `[T]` of values `[T, ...]` are there as a whole."""
    return np.asarray(np.isfinite(values).reshape(len(values), -1).all(axis=1))


def runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First frame, and the one after the last, of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]
