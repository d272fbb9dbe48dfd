# SPDX-License-Identifier: GPL-3.0-or-later
"""The speakers of a composed corpus: voice, rest pose and style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations, skeleton
from aqgt_training.corpora.flite import VOICES
from aqgt_training.corpora.gesture_clips import GestureClip
from aqgt_training.corpora.limbs import SIDES, Arm, Floats, put_arm, take_arm, turn_towards

_LOWEST_HANG = 0.19
"""A wrist this far below the thorax hangs: only such poses serve as rest."""


@dataclass(frozen=True)
class Speaker:
    """One speaker.

    Attributes:
        number: index, as the network sees it.
        voice: Flite voice.
        stretch: speaking rate, > 1 is slower.
        rest: `[53, 3]` unit bone directions at rest.
        amplitude: factor on the size of gestures.
        density: factor on the number of gestures.
        handedness: probability of the right hand.
    """

    number: int
    voice: str
    stretch: float
    rest: NDArray[np.float64]
    amplitude: float
    density: float
    handedness: float

    def arm(self, side: str) -> Arm:
        """The arm at rest, one frame."""
        return take_arm(self.rest[None], side)


def make_speakers(clips: Sequence[GestureClip], count: int, seed: int) -> list[Speaker]:
    """Speakers whose rest poses are mixed from the poses in which recorded gestures begin."""
    random = np.random.default_rng([0x7370656B, seed])
    poses = rest_poses(clips)
    speakers = []
    for number in range(count):
        first, second = (poses[int(i)] for i in random.choice(len(poses), size=2, replace=len(poses) < 2))
        rest = _bent(_mixed(first, second, float(random.uniform(0.2, 0.8))), random)
        speakers.append(
            Speaker(
                number,
                VOICES[number % len(VOICES)],
                float(random.uniform(0.92, 1.08)),
                rest,
                float(random.uniform(0.95, 1.1)),
                float(random.uniform(0.9, 1.1)),
                float(random.uniform(0.5, 0.65)),
            )
        )
    return speakers


def rest_poses(clips: Sequence[GestureClip]) -> list[Floats]:
    """One symmetric rest pose `[53, 3]` per performer: the mean first pose of clips with hanging arms."""
    found: dict[str, list[Floats]] = {}
    for clip in [clip for clip in clips if _hangs(clip)] or clips:
        found.setdefault(clip.performer, []).append(clip.directions[0].astype(np.float64))
    poses = []
    for performer in sorted(found):
        mean = np.mean(found[performer], axis=0)
        mean = mean + mean[list(skeleton.MIRROR)] * np.array([-1.0, 1.0, 1.0])
        poses.append(mean / np.maximum(np.linalg.norm(mean, axis=-1, keepdims=True), 1e-9))
    return poses


def _hangs(clip: GestureClip) -> bool:
    first = skeleton.positions_from_bone_vectors(clip.bone_vectors[0].astype(np.float64))
    wrists = first[[skeleton.LEFT_WRIST, skeleton.RIGHT_WRIST]] - first[skeleton.THORAX]
    return bool((wrists[:, 1] > _LOWEST_HANG).all())


def _mixed(first: Floats, second: Floats, share: float) -> Floats:
    mixed = turn_towards(first, second, np.full(len(first), share))
    weight = np.array([share])
    out = mixed[None].copy()
    for side in SIDES:
        put_arm(out, side, take_arm(first[None], side).blend(take_arm(second[None], side), weight))
    return out[0]


def _bent(rest: Floats, random: np.random.Generator) -> Floats:
    """The pose with elbows bent by 5 to 30 degrees, so that arms hang at ease, and a little asymmetry."""
    out = rest[None].copy()
    bend = np.deg2rad(random.uniform(5, 30))
    for side in SIDES:
        arm = take_arm(rest[None], side)
        # A turn about the axis to the speaker's left lifts a hanging forearm to the front (-z).
        fore = np.array([[-(bend + np.deg2rad(random.normal(0, 3))), 0.0, 0.0]])
        upper = np.deg2rad(random.normal(0, 2.0, (1, 3)))
        put_arm(out, side, arm.turned(upper, fore))
    return out[0]


def turn_trunk(rest: Floats, joint: int, vectors: Floats) -> Floats:
    """A bone's rest direction turned by rotation vectors `[T, 3]`."""
    return rotations.rotate(rotations.from_rotation_vector(vectors), rest[joint])
