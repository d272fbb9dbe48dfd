# SPDX-License-Identifier: GPL-3.0-or-later
"""From MediaPipe's landmarks to the 53 joints of the model.

Body and arms come from the world landmarks, in metres; hands from the hand model, in pixels with a depth of
its own, brought to metres and set on the wrists.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from aqgt import skeleton
from aqgt.motion import Motion
from aqgt_training.corpora.published.poses import pose_from_tracker, smoothed, upper_body
from aqgt_training.corpora.video.hands import MIDDLE, bridged, known, palm, relaxed_hand, repair_flips
from aqgt_training.corpora.video.tracking import Tracking

Floats = NDArray[np.float64]

NOSE, EYES, EARS, MOUTH = 0, (2, 5), (7, 8), (9, 10)
SHOULDERS, ELBOWS, WRISTS, HIPS = (11, 12), (13, 14), (15, 16), (23, 24)
LITTLE, INDEX = (17, 18), (19, 20)
"""MediaPipe's points of the body; of two the left one first."""
HEAD_TOP_ABOVE_EARS = 1.9
"""In distances from mouth to eyes: 13 cm against 7 cm in adults."""
ROOT_LENGTH = 0.01
"""Metres from the wrist to the hand root, as in the reference skeleton; MediaPipe has one point for both."""
_TINY = 1e-9


@dataclass(frozen=True)
class TrackedBody:
    """The tracker's 59 joints of one person.

    Attributes:
        joints: `[T, 59, 3]` metres, x = image right, y down, z away; legs zero; NaN where nobody was seen.
        scores: `[T, 11]` how well each body joint is seen, 0 to 1.
        hands: `[T, 2]` whether left and right hand were seen and believed.
        repaired, dropped: `[T, 2]` palms that were turned over, and hands that were not believed.
    """

    joints: Floats
    scores: Floats
    hands: NDArray[np.bool_]
    repaired: NDArray[np.bool_]
    dropped: NDArray[np.bool_]


def tracked_body(tracking: Tracking, longest_gap: int) -> TrackedBody:
    """The joints of everything that was tracked; hands missing for up to ``longest_gap`` frames are bridged.

    Where a hand stays away for longer, one at rest takes its place, held as the body model guesses.
    """
    world = bridged(tracking.world, longest_gap)
    scale = _metres_per_pixel(tracking)
    sides = [_hand(tracking, side, world, scale, longest_gap) for side in (0, 1)]
    joints = np.zeros((len(world), 59, 3))
    joints[:, :17] = _body(world)
    for side, hand in enumerate(sides):
        joints[:, 17 + 21 * side : 38 + 21 * side] = hand.points
    joints[~known(world)] = np.nan
    return TrackedBody(
        joints,
        _scores(tracking.visibility),
        np.stack([hand.seen for hand in sides], axis=1),
        np.stack([hand.repaired for hand in sides], axis=1),
        np.stack([hand.dropped for hand in sides], axis=1),
    )


def motion_of(joints: Floats, fps: float, smoothing: float) -> Motion:
    """Motion on human bone lengths from 59 joints `[T, 59, 3]` without gaps.

    Args:
        smoothing: standard deviation in frames of the Gaussian over the joints; it looks both ways, so that
            movements are not late. 0: none.
    """
    if smoothing > 0:
        joints = gaussian_filter1d(joints, smoothing, axis=0, mode="nearest")
    positions = upper_body(joints) - upper_body(joints)[:, :1]
    return Motion.from_positions(positions, fps).with_lengths(skeleton.HUMAN_LENGTHS)


def motion_as_published(joints: Floats, fps: float) -> Motion:
    """Motion on the published bone lengths, made and smoothed as the published pipeline does."""
    positions = smoothed(list(pose_from_tracker(joints)))
    vectors = skeleton.bone_vectors_from_positions(positions)
    return Motion(fps, vectors.astype(np.float32), skeleton.OFFICIAL_LENGTHS)


def _body(world: Floats) -> Floats:
    """17 joints in Human3.6M's order `[T, 17, 3]`; those of the legs stay zero."""

    def middle(pair: tuple[int, int]) -> Floats:
        return world[:, list(pair)].mean(axis=1)

    body = np.zeros((len(world), 17, 3))
    hips, neck = middle(HIPS), middle(SHOULDERS)
    up = middle(EYES) - middle(MOUTH)
    body[:, 0], body[:, 7], body[:, 8], body[:, 9] = hips, (hips + neck) / 2, neck, world[:, NOSE]
    body[:, 10] = middle(EARS) + HEAD_TOP_ABOVE_EARS * up
    for side in (0, 1):
        for joint, points in enumerate((SHOULDERS, ELBOWS, WRISTS)):
            body[:, 11 + 3 * side + joint] = world[:, points[side]]
    return body


@dataclass(frozen=True)
class _Hand:
    """One hand: points `[T, 21, 3]` in metres, and per frame whether it was seen, repaired, dropped."""

    points: Floats
    seen: NDArray[np.bool_]
    repaired: NDArray[np.bool_]
    dropped: NDArray[np.bool_]


def _hand(tracking: Tracking, side: int, world: Floats, scale: Floats, longest_gap: int) -> _Hand:
    wrist, index, little = (world[:, pair[side]] for pair in (WRISTS, INDEX, LITTLE))
    found = repair_flips(tracking.hands[side].astype(np.float64), palm(wrist, index, little))
    points = (found.points - found.points[:, :1]) * scale[:, None, None]
    seen = known(points)
    points = bridged(points, longest_gap)
    away = ~known(points)
    points[away] = relaxed_hand(("left", "right")[side], wrist[away], index[away], little[away])
    along = points[:, MIDDLE] / np.maximum(np.linalg.norm(points[:, MIDDLE], axis=-1, keepdims=True), _TINY)
    points[:, 0] = ROOT_LENGTH * along
    return _Hand(points + wrist[:, None], seen, found.repaired, found.dropped)


def _metres_per_pixel(tracking: Tracking) -> Floats:
    """`[T]` by the trunk, which is seen best: size of shoulders and hips in the world and in the image."""

    def size(points: Floats) -> Floats:
        trunk = points[:, [*SHOULDERS, *HIPS], :2]
        return np.linalg.norm(trunk - trunk.mean(axis=1, keepdims=True), axis=(1, 2))

    return size(tracking.world) / np.maximum(size(tracking.pose), _TINY)


def _scores(visibility: Floats) -> Floats:
    """How well each of the 11 body joints is seen `[T, 11]`: as badly as its worst point."""
    groups: tuple[tuple[int, ...], ...] = (HIPS, (*HIPS, *SHOULDERS), SHOULDERS, (NOSE,), EARS)
    groups += tuple((points[side],) for side in (0, 1) for points in (SHOULDERS, ELBOWS, WRISTS))
    return np.stack([visibility[:, list(group)].min(axis=1) for group in groups], axis=1)
