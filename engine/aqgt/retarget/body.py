# SPDX-License-Identifier: GPL-3.0-or-later
"""A coarse body around the bones of a posed rig: a flattened capsule for the torso, a ball for the head."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations
from aqgt.retarget.body_shape import fit_head, fit_torso, guess_head, guess_torso
from aqgt.retarget.curves import unit
from aqgt.retarget.pose import FRONT, LEFT, UP, Pose

Floats = NDArray[np.float64]

_WAY_OUT = 0.5  # points leave the torso as seen from this far behind its middle, so mostly to the front


@dataclass(frozen=True)
class Ball:
    """A capsule, flattened like a torso, that moves with a rig.

    Attributes:
        centre: `[T, 3]` lower end of its axis, in character axes.
        turn: `[T, 4]` its orientation: x to the left, y back, z along the axis.
        length: of the axis; 0 makes an ellipsoid.
        radii: `[3]` to the side, in depth, and of the caps along the axis.
        way_out: shift of the point that displacements lead away from, in depths, backwards.
    """

    centre: Floats
    turn: Floats
    length: float
    radii: Floats
    way_out: float

    def at(self, frames: NDArray[np.int64]) -> Ball:
        """The same capsule at some frames alone."""
        return replace(self, centre=self.centre[frames], turn=self.turn[frames])

    def way(self, points: Floats, margin: float, sideways: float) -> Floats:
        """Displacements `[T, 3]` that bring the points `[T, 3]` out of the capsule grown by ``margin``.

        Less than 1 for ``sideways`` leads them to the front rather than to the side.
        """
        local, radii = self._local(points, margin)
        inside = np.sum(local * local, axis=-1) < 1.0
        origin = np.array([0.0, self.way_out, 0.0])
        heading = local - origin
        heading[:, 0] *= sideways
        heading[:, 2] *= 0.25  # sideways and forward rather than over the shoulder
        size = np.linalg.norm(heading, axis=-1, keepdims=True)
        heading = np.where(size > 1e-6, heading / np.maximum(size, 1e-6), FRONT)
        along = np.sum(local * heading, axis=-1)
        reach = np.sqrt(np.maximum(along**2 + 1.0 - np.sum(local * local, axis=-1), 0.0)) - along
        out = np.where(inside[:, None], heading * reach[:, None], 0.0) * radii
        return rotations.rotate(self.turn, out)

    def depth(self, points: Floats, margin: float) -> Floats:
        """How deep `[T]` the points lie inside, about, in the rig's unit; 0 outside."""
        local, radii = self._local(points, margin)
        return np.maximum(1.0 - np.linalg.norm(local, axis=-1), 0.0) * radii.min()

    def _local(self, points: Floats, margin: float) -> tuple[Floats, Floats]:
        radii = self.radii + margin
        local = rotations.rotate(rotations.conjugate(self.turn), points - self.centre)
        local[:, 2] -= np.clip(local[:, 2], 0.0, self.length)
        return local / radii, radii


@dataclass(frozen=True)
class Body:
    """What hands and elbows must stay out of.

    Attributes:
        parts: the capsules.
        scale: pelvis → neck of the rig over that of a 1.75 m adult in metres.
    """

    parts: tuple[Ball, ...]
    scale: float

    def at(self, frames: NDArray[np.int64]) -> Body:
        """The same body at some frames alone."""
        return replace(self, parts=tuple(part.at(frames) for part in self.parts))

    def way(self, points: Floats, margin: float, sideways: float = 1.0) -> Floats:
        """Displacements `[T, 3]` out of all parts; ``margin`` in metres of an adult."""
        return strongest([part.way(points, margin * self.scale, sideways) for part in self.parts])

    def depth(self, points: Floats, margin: float = 0.0) -> Floats:
        """Depth `[T]` of the points in the part they lie deepest in, in metres of an adult."""
        return np.max([part.depth(points, margin * self.scale) for part in self.parts], axis=0) / self.scale


def strongest(ways: list[Floats]) -> Floats:
    """Mean of displacements weighted by their sizes: the largest counts most, without jumps between them."""
    stacked = np.stack(ways)
    size = np.linalg.norm(stacked, axis=-1, keepdims=True)
    return np.sum(size * stacked, axis=0) / np.maximum(size.sum(axis=0), 1e-12)


_ADULT_TRUNK = 0.52


def body_of(pose: Pose) -> Body | None:
    """The body around a pose whose torso, head and clavicles are solved; None where bones are lacking."""
    if not all(role in pose for role in ("hips", "left_upper_arm_1", "right_upper_arm_1")):
        return None
    top_role = "neck_1" if "neck_1" in pose else "head" if "head" in pose else None
    if top_role is None:
        return None
    trunk = float(np.linalg.norm(pose.head(top_role) - pose.head("hips")))
    width = float(np.linalg.norm(pose.head("left_upper_arm_1") - pose.head("right_upper_arm_1")))
    if trunk < 1e-6 or width < 1e-6:
        return None
    low, top = pose.position("hips"), pose.position(top_role)
    line = pose.position("left_upper_arm_1") - pose.position("right_upper_arm_1")
    turn = rotations.from_frames(UP, LEFT, unit(top - low), unit(line))
    parts = [
        Ball(
            low + rotations.rotate(turn, section.start),
            turn,
            section.length,
            section.radii,
            _WAY_OUT,
        )
        for section in fit_torso(pose, pose.head(top_role) - pose.head("hips")) or guess_torso(trunk, width)
    ]
    if "head" in pose:
        head = pose.turn_of(pose.bone("head"))
        skull = fit_head(pose) or guess_head(trunk)
        centre = pose.position("head") + rotations.rotate(head, skull.start)
        parts.append(Ball(centre, head, skull.length, skull.radii, 0.0))
    return Body(tuple(parts), trunk / _ADULT_TRUNK)
