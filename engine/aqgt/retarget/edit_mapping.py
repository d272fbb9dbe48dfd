# SPDX-License-Identifier: GPL-3.0-or-later
"""Corrections by hand, checks, and saving: pure functions from mapping to mapping.

A mapping is remembered per armature as the text of ``to_json`` in a custom property ``PROPERTY`` of the
armature's data; ``recall`` reads it back.
"""

from __future__ import annotations

import json
import tomllib
from collections import defaultdict
from collections.abc import Mapping as MappingType
from dataclasses import asdict, dataclass, replace
from typing import Any

from aqgt.errors import AqgtError
from aqgt.retarget import roles
from aqgt.retarget.by_shape import find_by_shape
from aqgt.retarget.mapping import HOW, Mapping, Row, Switch
from aqgt.retarget.report import report
from aqgt.retarget.rig import RigDescription
from aqgt.retarget.tree import Tree, misplaced

PROPERTY = "aqgt_mapping"
"""Name of the custom property that holds a mapping."""
SCHEMA = 1
_SWAPPED = 4
"""Bones that must lie on the other side before sides are called swapped."""


@dataclass(frozen=True)
class Problem:
    """Something wrong with a mapping.

    Attributes:
        kind: ``gone``, ``twice``, ``place`` or ``sides``.
        roles: the roles concerned.
        sentence: for the user.
    """

    kind: str
    roles: tuple[str, ...]
    sentence: str


def set_bone(mapping: Mapping, rig: RigDescription, role: str, bone: str) -> Mapping:
    """The mapping with one role given to a bone by hand. What that breaks, ``problems`` tells.

    Raises:
        AqgtError: there is no such role or no such bone.
    """
    if not roles.is_role(role):
        raise AqgtError(f"“{role}” is no role of a bone.", "Pick a role from the table.", "no-role")
    if bone not in rig.index:
        raise AqgtError(f"The armature has no bone “{bone}”.", "Pick one of its bones.", "no-bone")
    return _with_row(mapping, Row(role, bone, "manual"))


def clear_bone(mapping: Mapping, role: str) -> Mapping:
    """The mapping with one role left without a bone."""
    return _with_row(mapping, Row(role))


def problems(mapping: Mapping, rig: RigDescription) -> tuple[Problem, ...]:
    """What is wrong: bones that are gone, used twice, at a place no body has them, or on the other side."""
    found = []
    gone = tuple(role for role, bone in mapping.bones.items() if bone not in rig.index)
    if gone:
        names = ", ".join(f"“{mapping.bones[role]}”" for role in gone)
        found.append(Problem("gone", gone, f"The armature has no bone {names}."))
    users: defaultdict[str, list[str]] = defaultdict(list)
    for role, bone in mapping.bones.items():
        users[bone].append(role)
    for bone, used in users.items():
        if len(used) > 1:
            listed = " and ".join(roles.describe(role) for role in used)
            found.append(Problem("twice", tuple(used), f"The bone “{bone}” is used for {listed}."))
    there = {role: bone for role, bone in mapping.bones.items() if bone in rig.index}
    if not mapping.controls:
        for role, above in misplaced(Tree(rig), there).items():
            sentence = (
                f"The {roles.describe(role)} (“{there[role]}”) does not hang below "
                f"the {roles.describe(above)} (“{there[above]}”)."
            )
            found.append(Problem("place", (role, above), sentence))
        swapped = _swapped(rig, there)
        if len(swapped) >= _SWAPPED:
            found.append(Problem("sides", swapped, "Left and right are exchanged against the rest pose."))
    return tuple(found)


def _swapped(rig: RigDescription, bones: MappingType[str, str]) -> tuple[str, ...]:
    """Roles whose bone the rest pose clearly shows on the other side."""
    shape = find_by_shape(rig)
    if not shape.sides_known:
        return ()
    side_of = {bone: role.split("_")[0] for role, bone in shape.bones.items()}
    return tuple(
        role
        for role, bone in bones.items()
        if role.split("_")[0] in roles.SIDES
        and side_of.get(bone) in roles.SIDES
        and side_of[bone] != role.split("_")[0]
    )


def swap_sides(mapping: Mapping) -> Mapping:
    """The mapping with left and right exchanged."""
    return _rebuilt(
        mapping,
        tuple(replace(row, role=roles.other_side(row.role)) for row in mapping.rows),
        twist={roles.other_side(role): bones for role, bones in mapping.twist.items()},
    )


def to_json(mapping: Mapping) -> str:
    """The mapping as text; ``from_json`` reads it back."""
    return json.dumps(_to_data(mapping), ensure_ascii=False, indent=1)


def from_json(text: str) -> Mapping:
    """The mapping that ``to_json`` wrote.

    Raises:
        AqgtError: it is not such a text.
    """
    try:
        return _from_data(json.loads(text))
    except (json.JSONDecodeError, RecursionError) as error:
        raise _unreadable(f"it is no JSON ({error})") from error


def to_toml(mapping: Mapping) -> str:
    """The mapping as TOML, to be shared and read by people; ``from_toml`` reads it back."""
    data = _to_data(mapping)
    lines = [f"{key} = {_toml(data[key])}" for key in ("schema", "kind", "bone_map", "controls")]
    for table in ("rows", "switches"):
        for entry in data[table]:
            lines += ["", f"[[{table}]]", *(f"{key} = {_toml(value)}" for key, value in entry.items())]
    lines += ["", "[twist]", *(f"{role} = {_toml(bones)}" for role, bones in data["twist"].items())]
    return "\n".join(lines) + "\n"


def from_toml(text: str) -> Mapping:
    """The mapping that ``to_toml`` wrote.

    Raises:
        AqgtError: it is not such a text.
    """
    try:
        return _from_data(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise _unreadable(f"it is no TOML ({error})") from error


def recall(text: str, rig: RigDescription) -> Mapping:
    """A remembered mapping as far as it still fits: bones that are gone leave their role empty.

    Raises:
        AqgtError: the text is no mapping.
    """
    mapping = from_json(text)
    rows = tuple(row if row.bone in rig.index else Row(row.role) for row in mapping.rows)
    twist = {
        role: tuple((bone, share) for bone, share in bones if bone in rig.index)
        for role, bones in mapping.twist.items()
    }
    switches = tuple(switch for switch in mapping.switches if switch.bone in rig.index)
    return _rebuilt(replace(mapping, switches=switches), rows, twist=twist)


def _with_row(mapping: Mapping, row: Row) -> Mapping:
    twist = {role: bones for role, bones in mapping.twist.items() if role != row.role or row.bone}
    return _rebuilt(mapping, (*(one for one in mapping.rows if one.role != row.role), row), twist=twist)


def _rebuilt(
    mapping: Mapping, rows: tuple[Row, ...], twist: dict[str, tuple[tuple[str, float], ...]]
) -> Mapping:
    """The mapping with other rows, everything that follows from them made anew."""
    standard = roles.standard_roles()
    kept = sorted(
        (row for row in rows if row.bone or row.role in standard), key=lambda row: roles.sort_key(row.role)
    )
    bones = {row.role: row.bone for row in kept if row.bone}
    changed = replace(
        mapping,
        bones=bones,
        rows=tuple(kept),
        missing=tuple(role for role in standard if role not in bones),
        twist={role: found for role, found in twist.items() if role in bones and found},
    )
    return replace(changed, report=report(changed))


def _to_data(mapping: Mapping) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "kind": "mapping",
        "bone_map": mapping.bone_map,
        "controls": mapping.controls,
        "rows": [asdict(row) for row in mapping.rows],
        "switches": [asdict(switch) for switch in mapping.switches],
        "twist": {role: [[bone, share] for bone, share in bones] for role, bones in mapping.twist.items()},
    }


def _from_data(data: Any) -> Mapping:
    try:
        if data["kind"] != "mapping" or data["schema"] != SCHEMA:
            raise _unreadable("it was written by another version or is something else")
        rows = tuple(
            Row(
                str(row["role"]),
                str(row["bone"]),
                str(row["how"]),
                float(row["confidence"]),
                bool(row["doubtful"]),
                str(row["reason"]),
            )
            for row in data.get("rows", [])
        )
        unknown = [row for row in rows if not roles.is_role(row.role) or row.how not in HOW]
        if unknown:
            raise _unreadable(
                f"“{unknown[0].role}” ({unknown[0].how}) is no role that was found in a known way"
            )
        switches = tuple(
            Switch(str(s["part"]), str(s["bone"]), str(s["property"]), float(s["fk"]), float(s["ik"]))
            for s in data.get("switches", [])
        )
        twist = {
            str(role): tuple((str(bone), float(share)) for bone, share in bones)
            for role, bones in data["twist"].items()
        }
        mapping = Mapping(
            bones={}, bone_map=str(data["bone_map"]), switches=switches, controls=bool(data["controls"])
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unreadable(f"a part is missing or of the wrong kind ({error})") from error
    return _rebuilt(mapping, rows, twist=twist)


def _toml(value: Any) -> str:
    """A value as TOML; JSON's spelling is the same for all kinds used here."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _unreadable(problem: str) -> AqgtError:
    return AqgtError(
        f"The saved mapping can't be read: {problem}.",
        "Map the bones again, or pick another file.",
        "bad-mapping",
    )
