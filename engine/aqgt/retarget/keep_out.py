# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep hands and elbows out of torso and head by bending the arm, nothing else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations
from aqgt.retarget.body import Body, strongest
from aqgt.retarget.curves import reject, smoothstep, unit

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
    for _ in range(_ROUNDS):
        elbow = shoulder + upper_length * upper
        wrist = elbow + fore_length * fore
        push = strongest(
            [
                body.way(point, radius, _HAND_SIDEWAYS)
                for point, radius in hand_points(wrist, along, hand_length)
            ]
        )
        lift = _LIFT * body.way(elbow, ELBOW)
        touched = (np.abs(push).sum(-1) + np.abs(lift).sum(-1)) > 1e-9
        if not touched.any():
            break
        # A stretched arm has no elbow to move aside: there the hand goes along.
        stretch = np.linalg.norm(wrist - shoulder, axis=-1, keepdims=True) / (upper_length + fore_length)
        push = push + smoothstep(stretch, 0.9, 0.99) * lift
        bias = np.minimum(np.linalg.norm(push, axis=-1, keepdims=True) / (_FULL_BIAS * body.scale), 1.0)
        new_upper, new_fore = _reach(
            shoulder, wrist, wrist + push, elbow, lift + bias * relief, upper_length, fore_length
        )
        upper = np.where(touched[:, None], new_upper, upper)
        fore = np.where(touched[:, None], new_fore, fore)
    return upper, fore


def _reach(
    shoulder: Floats,
    old: Floats,
    target: Floats,
    elbow: Floats,
    lift: Floats,
    upper: float,
    fore: float,
) -> tuple[Floats, Floats]:
    """Two-bone reach to ``target``; the elbow stays on its side, moved by ``lift``."""
    to_target = target - shoulder
    distance = np.linalg.norm(to_target, axis=-1, keepdims=True)
    near, far = abs(upper - fore) * 1.01 + 1e-6, (upper + fore) * 0.9999
    axis = unit(to_target)
    distance = np.clip(distance, near, far)
    turned = rotations.rotate(rotations.between(old - shoulder, to_target), elbow - shoulder)
    side = reject(turned + lift, axis)
    size = np.linalg.norm(side, axis=-1, keepdims=True)
    side = np.where(size > 1e-9, side / np.maximum(size, 1e-9), rotations.perpendicular(axis))
    along = (upper**2 - fore**2 + distance**2) / (2 * distance)
    across = np.sqrt(np.maximum(upper**2 - along**2, 0.0))
    joint = along * axis + across * side
    return unit(joint), unit(distance * axis - joint)
