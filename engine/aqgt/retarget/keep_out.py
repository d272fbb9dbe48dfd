# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep hands and elbows out of torso and head by bending the arm, nothing else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aqgt.retarget.arms import reach
from aqgt.retarget.body import Body, strongest
from aqgt.retarget.curves import smoothstep, unit

Floats = NDArray[np.float64]

# Half the thickness of wrist, hand, fingers and elbow of an adult, in metres.
WRIST, HAND, FINGERS, ELBOW = 0.025, 0.015, 0.008, 0.035
_ROUNDS = 3
_HAND_SIDEWAYS = 0.4  # hands leave the body to the front: across it the arm would follow them in
_FULL_BIAS = 0.05  # metres of push from which the elbow is led outwards and down, where it has room
_BIAS = 0.4  # of the upper arm's length
_OUT_DOWN_BACK = np.array([1.0, 0.3, -0.7])  # x: away from the middle of the body
_LIFT = 2.0  # the elbow moves on a circle, so it must be asked for more than the shortest way out


def hand_points(wrist: Floats, along: Floats, hand_length: float) -> list[tuple[Floats, float]]:
    """Points `[T, 3]` of a hand with their radii: wrist, knuckles, middle of the fingers."""
    return [
        (wrist, WRIST),
        (wrist + along * hand_length, HAND),
        (wrist + along * hand_length * 1.6, FINGERS),
    ]


def keep_out(
    body: Body,
    shoulder: Floats,
    upper: Floats,
    fore: Floats,
    along: Floats,
    lengths: tuple[float, float, float],
) -> tuple[Floats, Floats]:
    """Directions of upper arm and forearm `[T, 3]` that leave hand and elbow outside the body.

    Args:
        body: what to stay out of.
        shoulder: `[T, 3]` posed shoulder joint.
        upper, fore, along: `[T, 3]` wanted directions of upper arm, forearm and hand.
        lengths: of upper arm, forearm, and wrist → knuckles, in the rig's unit.

    Frames that touch nothing come back unchanged.
    """
    upper_length, fore_length, hand_length = lengths
    outwards = np.sign(shoulder[:, :1] - body.parts[0].centre[:, :1])
    relief = _BIAS * upper_length * unit(_OUT_DOWN_BACK) * np.where([True, False, False], outwards, 1.0)
    upper, fore = upper.copy(), fore.copy()
    frames = np.arange(len(shoulder))
    for _ in range(_ROUNDS):
        near, here, hand = body.at(frames), shoulder[frames], along[frames]
        elbow = here + upper_length * upper[frames]
        wrist = elbow + fore_length * fore[frames]
        push = strongest(
            [
                near.way(point, radius, _HAND_SIDEWAYS)
                for point, radius in hand_points(wrist, hand, hand_length)
            ]
        )
        lift = _LIFT * near.way(elbow, ELBOW)
        touched = (np.abs(push).sum(-1) + np.abs(lift).sum(-1)) > 1e-9
        frames = frames[touched]
        if not len(frames):
            break
        here, elbow, wrist, push, lift = (v[touched] for v in (here, elbow, wrist, push, lift))
        # A stretched arm has no elbow to move aside: there the hand goes along.
        stretch = np.linalg.norm(wrist - here, axis=-1, keepdims=True) / (upper_length + fore_length)
        push = push + smoothstep(stretch, 0.9, 0.99) * lift
        bias = np.minimum(np.linalg.norm(push, axis=-1, keepdims=True) / (_FULL_BIAS * body.scale), 1.0)
        upper[frames], fore[frames] = reach(
            here, wrist, wrist + push, elbow, lift + bias * relief[frames], upper_length, fore_length
        )
    return upper, fore
