# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds which bone plays which role: the file's own map, a bone map, the words of names, or the rest pose.

Each way fills what the ones before it left open, and only where it agrees with them. Rather no bone than a
wrong one: what can't be settled is left out, what may be wrong is marked doubtful.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field, replace
from pathlib import Path

from aqgt.errors import AqgtError
from aqgt.retarget import roles
from aqgt.retarget.bone_map import BoneMap, available_bone_maps, load_bone_map
from aqgt.retarget.by_name import Found, find_named
from aqgt.retarget.by_shape import Shape, find_by_shape
from aqgt.retarget.by_words import find_by_words
from aqgt.retarget.canonical import canonical
from aqgt.retarget.mapping import Mapping, Row, Switch
from aqgt.retarget.report import report
from aqgt.retarget.rig import RigDescription
from aqgt.retarget.tree import Tree, misplaced
from aqgt.retarget.twist import twist_bones

CONFIDENCE = {"humanoid map": 1.0, "preset": 1.0, "name": 0.8, "geometry": 0.6, "manual": 1.0}
_DOUBTFUL = 0.3
_HELPERS = 5
_HUMANOID = "vrm"
"""The bone map whose bone names are those of the humanoid map in a VRM file."""


def match(rig: RigDescription, bone_map: BoneMap | str | Path = "auto") -> Mapping:
    """Which bones of the armature play which role.

    ``"auto"`` reads the humanoid map that the file carries, else takes the bone map that finds most, else
    goes by the words of the names, else by hierarchy and rest pose; a named bone map is used alone.

    Raises:
        AqgtError: no arm can be moved with the bones that were found.
    """
    if bone_map == "auto":
        mapping = _automatic(rig)
        if not mapping.sides():
            raise _not_recognised(rig)
        return mapping
    chosen = bone_map if isinstance(bone_map, BoneMap) else load_bone_map(bone_map)
    draft = _Draft(Tree(rig))
    draft.add(find_named(rig.names, chosen).bones, "preset")
    mapping = draft.mapping(chosen, Shape())
    if not mapping.sides():
        raise _no_known_bone(rig, chosen)
    return mapping


@dataclass
class _Draft:
    """Roles found so far."""

    tree: Tree
    bones: dict[str, str] = field(default_factory=dict)
    how: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def add(self, found: MappingType[str, str], how: str) -> None:
        """Fill what is open; a chain is only continued by a way that reads its other bones alike."""
        begun = {_chain(role) for role, bone in self.bones.items() if found.get(role) != bone}
        used = set(self.bones.values())
        for role, bone in found.items():
            if role not in self.bones and _chain(role) not in begun and bone not in used:
                self.bones[role] = bone
                self.how[role] = how
                used.add(bone)

    def drop_misplaced(self, how: str) -> None:
        """Take back what one way found at a place where a body does not have it."""
        while True:
            wrong = [role for role in misplaced(self.tree, self.bones) if self.how[role] == how]
            if not wrong:
                return
            for role in wrong:
                del self.bones[role], self.how[role]

    def doubt(self, role: str, reason: str) -> None:
        """Mark a role; the first reason stays."""
        if role in self.bones:
            self.reasons.setdefault(role, reason)

    def mapping(self, bone_map: BoneMap | None, shape: Shape) -> Mapping:
        """The finished mapping with its rows and report."""
        controls = bone_map is not None and bone_map.controls
        if not controls:
            for role, above in misplaced(self.tree, self.bones).items():
                self.doubt(role, f"Its bone does not hang below the {roles.describe(above)}")
            if _is_control_rig(self.tree.rig):
                for role in self.bones:
                    self.doubt(role, "It looks like a control rig, whose constraints may overrule the bone")
        self._compare(shape, controls=controls)
        order = roles.sort_key
        bones = {role: self.bones[role] for role in sorted(self.bones, key=order)}
        missing = tuple(role for role in roles.standard_roles() if role not in bones)
        rows = tuple(self._row(role) for role in sorted({*bones, *missing}, key=order))
        mapping = Mapping(
            bones=bones,
            bone_map=bone_map.name if bone_map else "",
            missing=missing,
            twist={} if controls else twist_bones(self.tree, bones, bone_map),
            switches=_switches(self.tree.rig, bone_map),
            controls=controls,
            rows=rows,
        )
        return replace(mapping, report=report(mapping))

    def _row(self, role: str) -> Row:
        if role not in self.bones:
            return Row(role)
        how, reason = self.how[role], self.reasons.get(role, "")
        return Row(
            role, self.bones[role], how, _DOUBTFUL if reason else CONFIDENCE[how], bool(reason), reason
        )

    def _compare(self, shape: Shape, *, controls: bool) -> None:
        """Doubts from the rest pose about what names say."""
        swapped = 0
        for role, bone in self.bones.items():
            if self.how[role] == "geometry":
                self.doubt_if(role, shape.doubts.get(role, ""))
            elif self.how[role] == "name" and shape.bones.get(role, bone) != bone:
                self.doubt(role, "Its name and the rest pose disagree")
            elif shape.sides_known and not controls and role.split("_")[0] in roles.SIDES:
                swapped += shape.bones.get(roles.other_side(role)) == bone
        if swapped >= 4:
            for role in self.bones:
                if role.split("_")[0] in roles.SIDES:
                    self.doubt(role, "Names and rest pose disagree on left and right")

    def doubt_if(self, role: str, reason: str) -> None:
        """Mark a role if there is a reason."""
        if reason:
            self.doubt(role, reason)


def _is_control_rig(rig: RigDescription) -> bool:
    """Whether it holds the helpers of a rig generated for animators."""
    return sum(canonical(name).words[:1] in (("mch",), ("org",)) for name in rig.names) >= _HELPERS


def _chain(role: str) -> str:
    """What is taken from one source alone: a chain with its numbers, one finger, or the role itself."""
    return role.rpartition("_")[0] if role[-1].isdigit() else role


def _automatic(rig: RigDescription) -> Mapping:
    tree = Tree(rig)
    draft = _Draft(tree)
    bone_map: BoneMap | None = None
    if rig.humanoid:
        humanoid = find_named(tuple(rig.humanoid), load_bone_map(_HUMANOID)).bones
        draft.add({role: rig.humanoid[human] for role, human in humanoid.items()}, "humanoid map")
    best = best_bone_map(rig)
    by_words = find_by_words(tree)
    shape = find_by_shape(rig)
    if best is not None and (len(best[0].bones) >= len(by_words) or best[1].controls):
        bone_map = best[1]
        draft.add(best[0].bones, "preset")
        if not best[0].exact:
            draft.drop_misplaced("preset")
    if bone_map is None or not bone_map.controls:
        draft.add(by_words, "name")
        draft.drop_misplaced("name")
        if _agrees(draft.bones, shape):
            draft.add(shape.bones, "geometry")
            draft.drop_misplaced("geometry")
    return draft.mapping(bone_map, shape)


def best_bone_map(rig: RigDescription) -> tuple[Found, BoneMap] | None:
    """The bone map of the project that finds most in the armature, if it finds both arms.

    An animator's controls go before the bones that they move.
    """
    best: tuple[tuple[bool, int, bool, float], Found, BoneMap] | None = None
    for name in available_bone_maps():
        bone_map = load_bone_map(name)
        found = find_named(rig.names, bone_map)
        if len(Mapping(found.bones).sides()) < 2:
            continue
        rank = (bone_map.controls, len(found.bones), found.exact, len(found.bones) / len(bone_map.bones))
        if best is None or rank > best[0]:
            best = (rank, found, bone_map)
    return None if best is None else best[1:]


def _agrees(bones: MappingType[str, str], shape: Shape) -> bool:
    """Whether the rest pose reads most of the roles found so far in the same way."""
    shared = [role for role in bones if role in shape.bones]
    same = sum(bones[role] == shape.bones[role] for role in shared)
    return same >= 0.8 * len(shared)


def _switches(rig: RigDescription, bone_map: BoneMap | None) -> tuple[Switch, ...]:
    """The bone map's switches whose bone the armature has."""
    return tuple(s for s in bone_map.switches if s.bone in rig.index) if bone_map else ()


def _titles() -> str:
    return ", ".join(load_bone_map(name).title for name in available_bone_maps())


def _not_recognised(rig: RigDescription) -> AqgtError:
    if not len(rig):
        return AqgtError("The armature has no bones.", "Pick a character with a skeleton.", "unknown-rig")
    return AqgtError(
        f"No arm of this armature was recognised, neither by names (tried: {_titles()}) nor by rest pose.",
        "Set the bones of the arms by hand, or write a bone map file for it (see rigs/mixamo.toml).",
        "unknown-rig",
    )


def _no_known_bone(rig: RigDescription, bone_map: BoneMap) -> AqgtError:
    wanted = [
        bone_map.bones[role][0] for role in ("left_upper_arm_1", "left_forearm_1") if role in bone_map.bones
    ]
    return AqgtError(
        f"The armature has no arm bones named as in “{bone_map.title}” ({', '.join(wanted)}, …)."
        if len(rig)
        else "The armature has no bones.",
        f"Pick “auto” or one of {_titles()}, or write a bone map file for it (see rigs/mixamo.toml).",
        "unknown-rig",
    )
