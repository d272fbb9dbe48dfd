# SPDX-License-Identifier: GPL-3.0-or-later
"""What the solver hands out: rotations per bone over time, and the curves that hold them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations

Floats = NDArray[np.float64]

_PROPERTY = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}


@dataclass(frozen=True)
class Channel:
    """The curves of one bone.

    Attributes:
        bone: its name.
        data_path: path from the object, e.g. ``pose.bones["Hand"].rotation_quaternion``.
        values: `[T, 4]` (quaternion w, x, y, z; or angle, x, y, z) or `[T, 3]` (Euler x, y, z), radians.
    """

    bone: str
    data_path: str
    values: Floats


@dataclass(frozen=True)
class RigAnimation:
    """Rotations of some bones of a rig.

    Attributes:
        bones: `N` names of the bones that move; no other bone is to be touched.
        times: `[T]` seconds from the start.
        quaternions: `[T, N, 4]` rotation of each bone in its own rest axes (Blender's
            ``pose_bone.rotation_quaternion``), neighbours in time of the same sign.
        rotation_modes: `N` of the rig's rotation modes.
    """

    bones: tuple[str, ...]
    times: Floats
    quaternions: Floats
    rotation_modes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.times)

    def channels(self) -> list[Channel]:
        """One channel per bone, in that bone's own rotation mode, without jumps."""
        return [
            Channel(
                name, f"{data_path(name)}.{_PROPERTY.get(mode, 'rotation_euler')}", _in_mode(values, mode)
            )
            for name, mode, values in zip(
                self.bones, self.rotation_modes, np.moveaxis(self.quaternions, 1, 0), strict=True
            )
        ]


def data_path(bone: str) -> str:
    """Blender's path of a pose bone, its name escaped."""
    escaped = bone.replace("\\", "\\\\").replace('"', '\\"')
    return f'pose.bones["{escaped}"]'


def _in_mode(quaternions: Floats, mode: str) -> Floats:
    if mode == "QUATERNION":
        return quaternions
    if mode == "AXIS_ANGLE":
        return _axis_angle(quaternions)
    return rotations.continuous_euler(rotations.to_euler(quaternions, mode), mode)


def _axis_angle(quaternions: Floats) -> Floats:
    """Angle, x, y, z `[T, 4]`: the axis is held where nothing turns, its sign never flips."""
    q = rotations.continuous(quaternions)
    sine = np.linalg.norm(q[:, 1:], axis=-1)
    axis = np.where(sine[:, None] > 1e-9, q[:, 1:] / np.maximum(sine, 1e-9)[:, None], 0.0)
    known = np.flatnonzero(sine > 1e-9)
    if not len(known):
        return np.concatenate([np.zeros((len(q), 1)), np.tile([0.0, 1.0, 0.0], (len(q), 1))], axis=-1)
    last = np.maximum.accumulate(np.where(sine > 1e-9, np.arange(len(q)), -1))
    axis = axis[np.where(last >= 0, last, known[0])]
    flips = np.where(np.sum(axis[1:] * axis[:-1], axis=-1) < 0, -1.0, 1.0)
    sign = np.concatenate([[1.0], np.cumprod(flips)])
    angle = np.unwrap(2 * np.arctan2(sign * sine, q[:, 0]))
    return np.concatenate([angle[:, None], axis * sign[:, None]], axis=-1)
