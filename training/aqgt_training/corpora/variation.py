# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded gestures varied, so that hand shape and extent follow their labels and not the recording.

A hundred recordings show each gesture with one hand shape and about one size. What is learned from them ties
fingers and size to the gesture. Here some gestures get another recording's fingers, and each its size from
the extent that was planned.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aqgt import rotations, skeleton
from aqgt_training.corpora.form_labels import extent_label, shape_label
from aqgt_training.corpora.gesture_clips import GestureClip
from aqgt_training.corpora.limbs import SIDES, Floats, take_arm, turns_from_first
from aqgt_training.corpora.speakers import Speaker

INSIDE = {"small": (0.055, 0.090), "medium": (0.112, 0.143), "large": (0.168, 0.215)}
"""Reach in model units that an extent is given: the middle of its range, for its borders are hard to hit."""
_FACTORS = np.linspace(0.6, 1.4, 9)
"""Sizes of a recorded gesture that still look like it."""
_AS_IT_IS = len(_FACTORS) // 2
_FOLLOWS = 0.6
"""Seconds after the arrival in which a gesture may still get farther."""
_TOUCHING = 0.05
"""Hands nearer than this, in model units, keep their fingers: others would reach into one another."""


class OtherHands:
    """Fingers of other recordings, every hand shape as likely as any other.

    Args:
        clips: the recordings; those in which both hands move show the shape on both.
        share: of gestures that get other fingers.
    """

    def __init__(self, clips: Sequence[GestureClip], share: float) -> None:
        self.share = share
        found: dict[str, dict[str, list[GestureClip]]] = {
            side: defaultdict(list) for side in (*SIDES, "both")
        }
        for clip in clips:
            shapes = {side: shape_label(_arrival(clip), side) for side in _sides(clip.side)}
            for side, shape in shapes.items():
                found[side][shape].append(clip)
            if clip.side == "both" and len(set(shapes.values())) == 1:
                found["both"][shapes["left"]].append(clip)
        self._by_shape = {side: [shapes[name] for name in sorted(shapes)] for side, shapes in found.items()}

    def choose(self, clip: GestureClip, side: str, random: np.random.Generator) -> GestureClip | None:
        """Whose fingers a gesture gets, or None: its own."""
        drawn, which = random.random(2)
        if drawn >= self.share or not self._by_shape[side] or _touching(clip):
            return None
        shapes = self._by_shape[side]
        clips = shapes[int(which * len(shapes))]
        return clips[int(random.integers(len(clips)))]


class Reaches:
    """How far a speaker's wrist gets in a recorded gesture, by the factor on the gesture's size."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, int], Floats] = {}

    def factors(self, clip: GestureClip, side: str, speaker: Speaker, reach: float) -> dict[str, float]:
        """Hand → factor with which the farther of the hands used gets to ``reach``, or near to it.

        The other hand's follows, and is moved from a border between two extents into one of them.

        Args:
            clip: the recorded gesture.
            side: the hands used of it.
            speaker: whose rest pose the reach is measured from.
            reach: in model units.
        """
        found = {hand: self._reaches(clip, hand, speaker) for hand in _sides(side)}
        first = max(found, key=lambda hand: float(found[hand][_AS_IT_IS]))
        factor = _factor(found[first], reach)
        factors = {first: factor}
        for hand in found.keys() - {first}:
            follows = float(np.interp(factor, _FACTORS, found[hand]))
            factors[hand] = _factor(found[hand], float(np.clip(follows, *INSIDE[extent_label(follows)])))
        return factors

    def _reaches(self, clip: GestureClip, side: str, speaker: Speaker) -> Floats:
        key = clip.name, side, speaker.number
        if key not in self._known:
            self._known[key] = _reaches(clip, side, speaker)
        return self._known[key]


@dataclass(frozen=True)
class Variation:
    """How gestures differ from their recordings; None: they don't."""

    hands: OtherHands | None = None
    reaches: Reaches | None = None


def variation(clips: Sequence[GestureClip], other_hands: float, fit_extent: bool) -> Variation:
    """As the fields of the same names in a `ComposeConfig` say."""
    return Variation(
        OtherHands(clips, other_hands) if other_hands else None, Reaches() if fit_extent else None
    )


def reach_for(extent: str, size: float, random: np.random.Generator) -> float:
    """A reach inside an extent's range: farther for a ``size`` above 1, nearer for one below."""
    low, high = INSIDE[extent]
    share = np.clip(0.5 + 1.5 * (size - 1.0) + random.normal(0.0, 0.12), 0.0, 1.0)
    return float(low + share * (high - low))


def _factor(reaches: Floats, reach: float) -> float:
    return float(np.interp(reach, np.maximum.accumulate(reaches), _FACTORS))


def _reaches(clip: GestureClip, side: str, speaker: Speaker) -> Floats:
    marks = clip.marks
    until = min(marks.relax, marks.emphasis + _FOLLOWS)
    frames = slice(int(marks.onset * clip.fps), int(until * clip.fps) + 1)
    arm, rest = take_arm(clip.directions[frames], side), speaker.arm(side)
    turns = turns_from_first(arm.clavicle[:, None], (0,))
    clavicle = rotations.rotate(rotations.from_rotation_vector(turns), rest.clavicle)
    joints = [skeleton.JOINT_INDEX[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist")]
    lengths = skeleton.HUMAN_LENGTHS[joints]
    at_rest = lengths @ np.stack([rest.clavicle[0], rest.upper[0], rest.fore[0]])
    found = []
    for factor in _FACTORS:
        scaled = arm.scaled(rest, np.full(len(arm), factor))
        wrist = lengths[0] * clavicle + lengths[1] * scaled.upper + lengths[2] * scaled.fore
        found.append(float(np.linalg.norm(wrist - at_rest, axis=-1).max()))
    return np.array(found)


def _arrival(clip: GestureClip) -> Floats:
    frame = min(int(clip.marks.emphasis * clip.fps), len(clip.directions) - 1)
    return skeleton.positions_from_bone_vectors(clip.bone_vectors[frame].astype(np.float64))


def _touching(clip: GestureClip) -> bool:
    first, last = int(clip.marks.onset * clip.fps), int(clip.marks.relax * clip.fps) + 1
    positions = skeleton.positions_from_bone_vectors(clip.bone_vectors[first:last].astype(np.float64))
    left, right = (positions[:, skeleton.JOINT_INDEX[f"{side}_middle_1"]] for side in SIDES)
    return bool(np.linalg.norm(left - right, axis=-1).min() < _TOUCHING)


def _sides(side: str) -> tuple[str, ...]:
    return SIDES if side == "both" else (side,)
