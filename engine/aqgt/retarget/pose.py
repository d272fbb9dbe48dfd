# SPDX-License-Identifier: GPL-3.0-or-later
"""The rest pose seen in the character's own axes, and the rotation of every bone away from it.

Character axes: x = the character's left, y = back, z = up. A bone's *turn* D is the rotation in these axes
that takes its rest orientation R to its posed one, D·R; turns compare across rigs, whatever their rolls.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations
from aqgt.retarget.curves import unit
from aqgt.retarget.mapping import Mapping
from aqgt.retarget.rig import RigDescription
from aqgt.retarget.tree import carrier_role

Floats = NDArray[np.float64]

LEFT = np.array([1.0, 0.0, 0.0])
UP = np.array([0.0, 0.0, 1.0])
FRONT = np.array([0.0, -1.0, 0.0])

_TAIL_STRAYS = np.cos(np.radians(60.0))


def from_model_axes(vectors: NDArray) -> Floats:
    """Vectors `[..., 3]` of the model (y down, z away from the viewer) in character axes: (x, z, -y)."""
    vectors = np.asarray(vectors, dtype=np.float64)
    return np.stack([vectors[..., 0], vectors[..., 2], -vectors[..., 1]], axis=-1)


def to_model_axes(vectors: NDArray) -> Floats:
    """The inverse of ``from_model_axes``: (x, -z, y)."""
    vectors = np.asarray(vectors, dtype=np.float64)
    return np.stack([vectors[..., 0], -vectors[..., 2], vectors[..., 1]], axis=-1)


def character_axes(rig: RigDescription, bones: dict[str, str]) -> Floats:
    """The character's left, back and up as columns `[3, 3]`, in armature space, read off the rest pose.

    Up is the axis of the armature nearest to hips → neck, left is the shoulder line square to it. So neither
    a turned or scaled object nor a rig with y up needs any treatment of its own.
    """

    def head_of(*candidates: str) -> Floats | None:
        for role in candidates:
            if role in bones:
                return rig.heads[rig.index[bones[role]]]
        return None

    shoulders = [head_of(f"{side}_upper_arm_1", f"{side}_clavicle") for side in ("left", "right")]
    known = [s for s in shoulders if s is not None]
    top = head_of("neck_1", "head")
    top = np.mean(known, axis=0) if top is None and known else top
    bottom = head_of("hips", "spine_1")
    up = np.array([0.0, 0.0, 1.0])
    if top is not None and bottom is not None and np.linalg.norm(top - bottom) > 1e-6:
        trunk = top - bottom
        axis = int(np.argmax(np.abs(trunk)))
        up = np.eye(3)[axis] * np.sign(trunk[axis])
    left = np.zeros(3)
    if shoulders[0] is not None and shoulders[1] is not None:
        left = shoulders[0] - shoulders[1]
        left = left - left @ up * up
    if np.linalg.norm(left) < 1e-6:
        # One arm only: Blender characters look along -y, so their left is +x.
        left = np.array([1.0, 0.0, 0.0]) if abs(up[0]) < 0.5 else np.array([0.0, 1.0, 0.0])
    left = unit(left)
    return np.stack([left, rotations.cross(up, left), up], axis=-1)


def _carriers(rig: RigDescription, mapping: Mapping) -> list[int]:
    """For each bone the one it turns and moves with, -1 for none: its parent, save for controls.

    Controls hang on helper bones that constraints tie to the control above.
    """
    carriers = [int(parent) for parent in rig.parents]
    if mapping.controls:
        for role, bone in mapping.bones.items():
            above = carrier_role(role, mapping.bones)
            if above is not None:
                carriers[rig.index[bone]] = rig.index[mapping.bones[above]]
    return carriers


class Pose:
    """Rest joints of a rig in character axes and the turns solved so far, `[T, 4]` per bone."""

    def __init__(self, rig: RigDescription, mapping: Mapping, n_frames: int) -> None:
        self.rig = rig
        self.bones = mapping.bones
        self.mapping = mapping
        self.n_frames = n_frames
        self.axes = character_axes(rig, mapping.bones)
        self.heads: Floats = rig.heads @ self.axes
        self.tails: Floats = rig.tails @ self.axes
        self.carriers: list[int] = _carriers(rig, mapping)
        self.turns: dict[int, Floats] = {}
        self.roles: dict[int, str] = {}
        """Role of each bone that was set; a twist bone has that of its limb."""

    def __contains__(self, role: str) -> bool:
        return role in self.bones

    def bone(self, role: str) -> int:
        """Index of the bone that plays the role."""
        return self.rig.index[self.bones[role]]

    def head(self, role: str) -> Floats:
        """Rest position `[3]` of the joint at the role's head."""
        return self.heads[self.bone(role)]

    def tail(self, role: str) -> Floats:
        """Rest position `[3]` of the role's tail; only where no next joint exists, see ``tip``."""
        return self.tails[self.bone(role)]

    def tip(self, role: str, before: str | None = None) -> Floats:
        """Where the role's bone ends at rest `[3]`, for the last bone of a finger or limb.

        A leaf bone that is its only child marks the end; else the tail does, unless it points far away from
        the bone ``before``: importers that know no tails let them stick out anywhere.
        """
        bone, head = self.bone(role), self.head(role)
        children = np.flatnonzero(self.rig.parents == bone)
        tail = self.tails[bone]
        if len(children) == 1 and np.linalg.norm(self.heads[children[0]] - head) > 1e-6:
            tail = self.heads[children[0]]
        if before is None:
            return tail
        onwards, offset = unit(head - self.head(before)), tail - head
        strays = unit(offset) @ onwards < _TAIL_STRAYS
        return head + onwards * np.linalg.norm(offset) if strays else tail

    def turn_of(self, bone: int) -> Floats:
        """The turn `[T, 4]` of any bone: its own, else its parent's."""
        while bone >= 0:
            if bone in self.turns:
                return self.turns[bone]
            if not self.rig.inherit_rotation[bone]:
                break
            bone = self.carriers[bone]
        return rotations.identity(self.n_frames)

    def inherited(self, bone: int) -> Floats:
        """The turn `[T, 4]` that the bone would have if it were not posed itself."""
        parent = self.carriers[bone]
        if parent < 0 or not self.rig.inherit_rotation[bone]:
            return rotations.identity(self.n_frames)
        return self.turn_of(parent)

    def carrier(self, role: str) -> Floats:
        """What carries the role's bone: the turn of its parent, or of the control above it."""
        return self.inherited(self.bone(role))

    def set(self, role: str, turn: Floats, twist_bone: str | None = None) -> None:
        """Give the bone of a role, or a twist bone beside it, its turn `[T, 4]`."""
        bone = self.bone(role) if twist_bone is None else self.rig.index[twist_bone]
        self.turns[bone] = turn
        self.roles[bone] = role

    def position(self, role: str, *, tail: bool = False) -> Floats:
        """Posed position `[T, 3]` of a role's head (or tail), in character axes and the rig's unit."""
        bone = self.bone(role)
        point = self.tails[bone] if tail else self.heads[bone]
        here = bone if tail else self.carriers[bone]
        offset = point - self.heads[here] if here >= 0 else point
        position = np.zeros((self.n_frames, 3))
        while here >= 0:
            position += rotations.rotate(self.turn_of(here), offset)
            parent = self.carriers[here]
            offset = self.heads[here] - (self.heads[parent] if parent >= 0 else 0.0)
            here = parent
        return position + offset

    def local_rotations(self) -> tuple[list[int], Floats]:
        """Posed bones in the rig's order, and their rotations `[T, N, 4]` in their own rest axes."""
        order = sorted(self.turns)
        if not order:
            return order, np.zeros((self.n_frames, 0, 4))
        turns = np.stack([self.turns[bone] for bone in order], axis=1)
        carried = np.stack([self.inherited(bone) for bone in order], axis=1)
        local = rotations.multiply(rotations.conjugate(carried), turns)
        # Seen from each bone's rest axes, a rotation turns as much about the same axis, named anew.
        rest = np.swapaxes(rotations.to_matrix(self.rig.rest_rotations[order]), -1, -2) @ self.axes
        local[..., 1:] = np.einsum("nij,tnj->tni", rest, local[..., 1:])
        return order, rotations.continuous(rotations.normalize(local))
