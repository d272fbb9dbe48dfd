# SPDX-License-Identifier: GPL-3.0-or-later
"""Larger movements where an annotation's extent asks for them: what regression takes away is given back.

The turns of upper arm and forearm away from the rest pose are multiplied by the model's gain of the extent;
hand and fingers go along with the forearm, so that the hand keeps its shape. A frame's gain depends on the
annotations around it alone, so that windows, ranges and the whole clip agree.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations, skeleton
from aqgt.annotations import CHANNEL_BY_KEY, HANDS
from aqgt.generation.weights import growing, smoothed
from aqgt.models.config import ExtentGain

_SMOOTH_SECONDS = 0.15
"""Deviation of the Gaussian that the gain is smoothed by; longer would reach into neighbouring gestures."""
_MOST = np.deg2rad(170.0)
"""A bone is never turned farther than this from where it rests."""
_ARMS = {
    hand: (skeleton.JOINT_INDEX[f"{hand}_elbow"], skeleton.JOINT_INDEX[f"{hand}_wrist"]) for hand in HANDS
}
_HANDS = {
    hand: [
        i for name, i in skeleton.JOINT_INDEX.items()
        if name.startswith(f"{hand}_") and not name.endswith(("_shoulder", "_elbow", "_wrist"))
    ]
    for hand in HANDS
}  # fmt: skip


class ArmGain:
    """The gain of every frame of some variants.

    Args:
        gain: of the model.
        tracks: `[V, 17, T]` annotation matrices of the whole clip.
        rest: `[53, 3]` bone vectors at rest.
        fps: frames per second.
        grows_from: see `growing`.
    """

    def __init__(
        self,
        gain: ExtentGain,
        tracks: NDArray[np.float32],
        rest: NDArray,
        fps: float,
        *,
        grows_from: int | None = None,
    ) -> None:
        self._rest = np.asarray(rest, np.float64)
        rows = [CHANNEL_BY_KEY[f"extent_{hand}"] for hand in HANDS]
        labels = tracks[:, [channel.index for channel in rows]]
        excess: NDArray[np.float64] = np.zeros(labels.shape)
        for name in ExtentGain.model_fields:
            excess[labels == rows[0].value_of(name)] = getattr(gain, name) - 1.0
        self._excess = growing(smoothed(excess, _SMOOTH_SECONDS * fps), grows_from, fps)

    def apply(self, vectors: NDArray, start: int) -> NDArray:
        """Bone vectors `[V, n, 53, 3]` of the frames from ``start`` of the clip on, with the gain."""
        frames = np.clip(np.arange(start, start + vectors.shape[1]), 0, self._excess.shape[-1] - 1)
        out = np.array(vectors)
        for row, hand in enumerate(HANDS):
            excess = self._excess[:, row, frames]
            for joint, along in ((_ARMS[hand][0], []), (_ARMS[hand][1], _HANDS[hand])):
                turn = self._turn(vectors[:, :, joint], joint, excess)
                for each in (joint, *along):
                    out[:, :, each] = rotations.rotate(turn, vectors[:, :, each])
        return out

    def _turn(self, bone: NDArray, joint: int, excess: NDArray) -> NDArray:
        """The rotation `[V, n, 4]` that is added to a bone `[V, n, 3]`."""
        away = rotations.to_rotation_vector(rotations.between(self._rest[joint], bone))
        angle = np.linalg.norm(away, axis=-1)
        most = np.maximum(_MOST - angle, 0.0) / np.maximum(angle, 1e-6)
        return rotations.from_rotation_vector(away * np.minimum(excess, most)[..., None])
