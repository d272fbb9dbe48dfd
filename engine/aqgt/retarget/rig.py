# SPDX-License-Identifier: GPL-3.0-or-later
"""What the solver must know of an armature, as plain numpy arrays: no Blender needed to make or read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations
from aqgt.errors import AqgtError

EULER_MODES = ("XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")
ROTATION_MODES = ("QUATERNION", *EULER_MODES, "AXIS_ANGLE")


@dataclass(frozen=True)
class RigDescription:
    """The rest pose of an armature.

    Attributes:
        names: `B` bone names.
        parents: `[B]` index of each bone's parent, -1 for none; parents stand before their children.
        rest: `[B, 4, 4]` rest matrices in armature space, the bone's y axis along the bone
            (Blender's ``bone.matrix_local``).
        tails: `[B, 3]` rest tails in armature space.
        rotation_modes: `B` of Blender's rotation modes.
        inherit_rotation: `[B]` whether a bone turns with its parent.
        matrix_world: `[4, 4]` of the armature object. The motion is solved in the character's own axes, so
            this changes no rotation; it is kept for whoever needs world positions.
        skin: `[V, 3]` points of the rest mesh in armature space, a few thousand will do; empty if unknown.
            Hands are kept out of the body they show.
        skin_bones: `[V]` index of the bone with the largest weight for each point.
        humanoid: the map that the file itself carries (VRM): human bone name as VRM spells it
            (``leftUpperArm``) to bone name. Empty where there is none; bones that do not exist are dropped.
    """

    names: tuple[str, ...]
    parents: NDArray[np.int64]
    rest: NDArray[np.float64]
    tails: NDArray[np.float64]
    rotation_modes: tuple[str, ...] = ()
    inherit_rotation: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    matrix_world: NDArray[np.float64] = field(default_factory=lambda: np.eye(4))
    humanoid: Mapping[str, str] = field(default_factory=dict)
    skin: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 3)))
    skin_bones: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def __post_init__(self) -> None:
        n_bones = len(self.names)
        arrays: dict[str, tuple[Any, type, tuple[int, ...]]] = {
            "parents": (self.parents, np.int64, (n_bones,)),
            "rest": (self.rest, np.float64, (n_bones, 4, 4)),
            "tails": (self.tails, np.float64, (n_bones, 3)),
            "inherit_rotation": (
                self.inherit_rotation if len(self.inherit_rotation) else np.ones(n_bones, dtype=bool),
                np.bool_,
                (n_bones,),
            ),
            "matrix_world": (self.matrix_world, np.float64, (4, 4)),
            "skin": (self.skin, np.float64, (len(self.skin), 3)),
            "skin_bones": (self.skin_bones, np.int64, (len(self.skin),)),
        }
        for name, (value, dtype, shape) in arrays.items():
            array: NDArray[Any] = np.asarray(value, dtype=dtype)
            if array.shape != shape:
                raise _bad_rig(f"“{name}” has the shape {array.shape} where {shape} is needed.")
            if array.dtype == np.float64 and not np.isfinite(array).all():
                raise _bad_rig(f"“{name}” holds NaN or infinite values.")
            object.__setattr__(self, name, array)
        object.__setattr__(self, "names", tuple(self.names))
        modes = tuple(self.rotation_modes) or ("QUATERNION",) * n_bones
        object.__setattr__(self, "rotation_modes", modes)
        self._check_tree()
        known = {human: bone for human, bone in self.humanoid.items() if bone in self.index}
        object.__setattr__(self, "humanoid", known)

    def _check_tree(self) -> None:
        if len(set(self.names)) != len(self.names):
            raise _bad_rig("Two bones have the same name.")
        if len(self.rotation_modes) != len(self.names) or set(self.rotation_modes) - set(ROTATION_MODES):
            raise _bad_rig(f"The rotation modes are not one of {', '.join(ROTATION_MODES)} for each bone.")
        if np.any(self.parents >= np.arange(len(self.names))) or np.any(self.parents < -1):
            raise _bad_rig("A bone stands before its parent.")
        if np.any(self.skin_bones < 0) or np.any(self.skin_bones >= len(self.names)):
            raise _bad_rig("A point of the skin belongs to no bone.")

    @classmethod
    def from_bones(
        cls,
        bones: Sequence[Mapping[str, Any]],
        matrix_world: Any = None,
        humanoid: Mapping[str, str] | None = None,
    ) -> RigDescription:
        """A description from one mapping per bone, in any order.

        Keys: ``name``, ``parent`` (name or None), ``rest`` `[4, 4]`, ``tail`` `[3]`, and, where they differ
        from the usual, ``rotation_mode`` ("QUATERNION") and ``inherit_rotation`` (True).

        Raises:
            AqgtError: a parent is unknown, or the parents form a ring.
        """
        ordered = _parents_first(bones)
        index = {bone["name"]: i for i, bone in enumerate(ordered)}
        return cls(
            names=tuple(bone["name"] for bone in ordered),
            parents=np.array([index.get(bone.get("parent"), -1) for bone in ordered], dtype=np.int64),
            rest=np.array([bone["rest"] for bone in ordered], dtype=np.float64).reshape(-1, 4, 4),
            tails=np.array([bone["tail"] for bone in ordered], dtype=np.float64).reshape(-1, 3),
            rotation_modes=tuple(bone.get("rotation_mode", "QUATERNION") for bone in ordered),
            inherit_rotation=np.array([bone.get("inherit_rotation", True) for bone in ordered], dtype=bool),
            matrix_world=np.eye(4) if matrix_world is None else np.asarray(matrix_world, dtype=np.float64),
            humanoid=dict(humanoid or {}),
        )

    def with_skin(self, points: NDArray, bones: Sequence[str]) -> RigDescription:
        """The same rig with its rest mesh.

        Args:
            points: `[V, 3]` vertices at rest in armature space.
            bones: for each the bone (or vertex group) of the largest weight; points of others are left out.
        """
        known = [place for place, bone in enumerate(bones) if bone in self.index]
        return replace(
            self,
            skin=np.asarray(points, dtype=np.float64)[known],
            skin_bones=np.array([self.index[bones[place]] for place in known], dtype=np.int64),
        )

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def index(self) -> dict[str, int]:
        """Bone name to its place."""
        return {name: i for i, name in enumerate(self.names)}

    @cached_property
    def heads(self) -> NDArray[np.float64]:
        """Rest heads `[B, 3]` in armature space."""
        return self.rest[:, :3, 3].copy()

    @cached_property
    def rest_rotations(self) -> NDArray[np.float64]:
        """Rest rotations `[B, 4]` (quaternions) in armature space."""
        return rotations.from_matrix(self.rest[:, :3, :3])

    def to_json(self) -> dict[str, Any]:
        """A JSON-able form; ``from_json`` reads it."""
        return {
            "matrix_world": self.matrix_world.tolist(),
            "humanoid": dict(self.humanoid),
            "bones": [
                {
                    "name": name,
                    "parent": self.names[self.parents[i]] if self.parents[i] >= 0 else None,
                    "rest": np.round(self.rest[i], 7).tolist(),
                    "tail": np.round(self.tails[i], 7).tolist(),
                    "rotation_mode": self.rotation_modes[i],
                    "inherit_rotation": bool(self.inherit_rotation[i]),
                }
                for i, name in enumerate(self.names)
            ],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RigDescription:
        """The description that ``to_json`` wrote.

        Raises:
            AqgtError: a part is missing or of the wrong kind.
        """
        try:
            return cls.from_bones(data["bones"], data.get("matrix_world"), data.get("humanoid"))
        except (KeyError, TypeError, ValueError) as error:
            raise _bad_rig(f"The description can't be read ({error}).") from error


def _parents_first(bones: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    by_name = {bone["name"]: bone for bone in bones}
    depth: dict[str | None, int] = {None: -1}
    for bone in bones:
        trail: list[str] = []
        name = bone["name"]
        while name not in depth:
            if name in trail or name not in by_name:
                raise _bad_rig(f"The parents of bone “{bone['name']}” lead nowhere.")
            trail.append(name)
            name = by_name[name].get("parent")
        for below in reversed(trail):
            depth[below] = depth[by_name[below].get("parent")] + 1
    return sorted(bones, key=lambda bone: depth[bone["name"]])


def _bad_rig(sentence: str) -> AqgtError:
    return AqgtError(
        f"The armature can't be used: {sentence}", "Check the armature or pick another one.", "bad-rig"
    )
