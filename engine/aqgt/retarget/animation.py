# SPDX-License-Identifier: GPL-3.0-or-later
"""What the solver hands out: rotations per bone over time, and the curves that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations
from aqgt.errors import AqgtError

Floats = NDArray[np.float64]

_PROPERTY = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}
_REST = {"QUATERNION": (1.0, 0.0, 0.0, 0.0), "AXIS_ANGLE": (0.0, 0.0, 1.0, 0.0)}
"""What the properties hold at rest; Euler angles hold zeros."""


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
            ``pose_bone.rotation_quaternion``), neighbours in time of the same sign. Of an additive animation:
            what follows on the base's rotation, base · this = the whole.
        rotation_modes: `N` of the rig's rotation modes.
        base: of an additive animation, the curves below it: per bone `[T, 3 or 4]` in its rotation mode.
    """

    bones: tuple[str, ...]
    times: Floats
    quaternions: Floats
    rotation_modes: tuple[str, ...]
    base: tuple[Floats, ...] | None = None

    def __len__(self) -> int:
        return len(self.times)

    def channels(self) -> list[Channel]:
        """One channel per bone, in that bone's own rotation mode, without jumps.

        Of an additive animation the values are those of a strip that is blended by COMBINE.
        """
        values: dict[int, Floats] = {}
        modes = np.array(self.rotation_modes)
        for mode in dict.fromkeys(self.rotation_modes):
            places = np.flatnonzero(modes == mode)
            below = None
            if self.base is not None:
                below = np.stack([self.base[place] for place in places], axis=1)
            curves = _in_mode(self.quaternions[:, places], mode, below)
            values.update({int(place): curves[:, column] for column, place in enumerate(places)})
        return [
            Channel(name, f"{data_path(name)}.{_PROPERTY.get(mode, 'rotation_euler')}", values[place])
            for place, (name, mode) in enumerate(zip(self.bones, self.rotation_modes, strict=True))
        ]


def as_additive(animation: RigAnimation, base: Mapping[str, NDArray]) -> RigAnimation:
    """The same animation as a change on top of existing curves, for an NLA strip blended by COMBINE.

    Blender multiplies quaternions there (base · strip) and adds Euler angles and axis-angles; the channels
    of the result hold what gives the animation back in either case.

    Args:
        animation: what ``solve`` returned.
        base: bone name to the values of the lower action in the bone's own rotation mode, `[T, C]` at the
            animation's frames, or `[C]` for a pose that stands still. A bone that is not in it is at rest.

    Raises:
        AqgtError: values of a bone have the wrong shape.
    """
    n_frames = len(animation)
    below, lower = [], []
    for name, mode in zip(animation.bones, animation.rotation_modes, strict=True):
        rest = np.array(_REST.get(mode, (0.0, 0.0, 0.0)))
        values = np.asarray(base.get(name, rest), dtype=np.float64)
        if values.shape not in ((len(rest),), (n_frames, len(rest))) or not np.isfinite(values).all():
            raise AqgtError(
                f"The base values of bone “{name}” have the shape {values.shape}.",
                f"Give {len(rest)} numbers for each of the {n_frames} frames.",
                "bad-base",
            )
        below.append(np.broadcast_to(values, (n_frames, len(rest))))
        lower.append(to_quaternions(below[-1], None, mode))
    relative = rotations.multiply(rotations.conjugate(np.stack(lower, axis=1)), animation.quaternions)
    relative = rotations.continuous(rotations.normalize(relative))
    return replace(animation, quaternions=relative, base=tuple(below))


def data_path(bone: str) -> str:
    """Blender's path of a pose bone, its name escaped."""
    escaped = bone.replace("\\", "\\\\").replace('"', '\\"')
    return f'pose.bones["{escaped}"]'


def to_quaternions(values: Floats, below: Floats | None, mode: str) -> Floats:
    """Rotations `[..., 4]` that curves `[..., C]` make, on top of those ``below`` if they are additive."""
    if mode == "QUATERNION":
        return rotations.normalize(values)
    if below is not None:
        values = values + below
    if mode == "AXIS_ANGLE":
        return rotations.from_axis_angle(values[..., 1:], values[..., 0])
    return rotations.from_euler(values, mode)


def _in_mode(quaternions: Floats, mode: str, below: Floats | None) -> Floats:
    """Curves `[T, N, C]` of rotations `[T, N, 4]`, or their change on the curves ``below``."""
    if mode == "QUATERNION":
        return quaternions
    if below is None:
        return _plain(quaternions, mode)
    # The base's first frame goes ahead, so that the curves begin on its side of the many ways to say it.
    whole = rotations.multiply(to_quaternions(below, None, mode), quaternions)
    values = _plain(whole, mode, below[0])
    return values - below


def _plain(quaternions: Floats, mode: str, start: Floats | None = None) -> Floats:
    if mode == "AXIS_ANGLE":
        return _axis_angle(quaternions, start)
    angles = rotations.to_euler(quaternions, mode)
    if start is None:
        return rotations.continuous_euler(angles, mode)
    return rotations.continuous_euler(np.concatenate([start[None], angles]), mode)[1:]


def _axis_angle(quaternions: Floats, start: Floats | None = None) -> Floats:
    """Angle, x, y, z `[T, N, 4]`: the axis is held where nothing turns, its sign never flips."""
    q = rotations.continuous(quaternions)
    sine = np.linalg.norm(q[..., 1:], axis=-1)
    turns = sine > 1e-9
    axis = np.where(turns[..., None], q[..., 1:] / np.maximum(sine, 1e-9)[..., None], 0.0)
    frames = np.arange(len(q))[:, None]
    last = np.maximum.accumulate(np.where(turns, frames, -1), axis=0)
    held = np.where(last >= 0, last, np.argmax(turns, axis=0))
    axis = np.take_along_axis(axis, held[..., None], axis=0)
    axis = np.where(turns.any(axis=0)[None, :, None], axis, np.array(_REST["AXIS_ANGLE"][1:]))
    flips = np.where(np.sum(axis[1:] * axis[:-1], axis=-1) < 0, -1.0, 1.0)
    sign = np.concatenate([np.ones((1, q.shape[1])), np.cumprod(flips, axis=0)])
    if start is not None:
        sign = sign * np.where(np.sum(start[:, 1:] * axis[0], axis=-1) < 0, -1.0, 1.0)
    angle = np.unwrap(2 * np.arctan2(sign * sine, q[..., 0]), axis=0)
    if start is not None:
        angle = angle - 2 * np.pi * np.round((angle[0] - start[:, 0]) / (2 * np.pi))
    return np.concatenate([angle[..., None], axis * sign[..., None]], axis=-1)
