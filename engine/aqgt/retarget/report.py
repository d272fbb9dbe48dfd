# SPDX-License-Identifier: GPL-3.0-or-later
"""What a mapping found, in sentences for the user."""

from __future__ import annotations

from collections import Counter

from aqgt.errors import AqgtError
from aqgt.retarget import roles
from aqgt.retarget.bone_map import BoneMap, load_bone_map
from aqgt.retarget.mapping import Mapping

_WAYS = {
    "humanoid map": "from the humanoid map in the file",
    "name": "by the words of their names",
    "geometry": "by hierarchy and rest pose",
    "manual": "by hand",
}


def report(mapping: Mapping) -> tuple[str, ...]:
    """What was mapped how, what is missing, what is doubtful."""
    counted = Counter(row.how for row in mapping.rows if row.bone)
    bone_map = _known(mapping.bone_map)
    title = f"with the bone map “{bone_map.title if bone_map else mapping.bone_map}”"
    lines = [
        f"{n} {'bone' if n == 1 else 'bones'} found {_WAYS.get(how, title)}." for how, n in counted.items()
    ]
    if bone_map is not None and counted["preset"] and not bone_map.tested:
        lines.append(f"The bone map “{bone_map.title}” is untested by us: look the bones over.")
    lines += _missing(mapping)
    doubts: dict[str, list[str]] = {}
    for row in mapping.rows:
        if row.doubtful:
            doubts.setdefault(row.reason, []).append(roles.describe(row.role))
    lines += [f"Doubtful: {_listed(found)}. {reason}." for reason, found in doubts.items()]
    return tuple(lines)


def _known(name: str) -> BoneMap | None:
    """One of the project's bone maps; a user's own file is not looked for again."""
    try:
        return load_bone_map(name) if name else None
    except AqgtError:
        return None


def _listed(found: list[str]) -> str:
    return ", ".join(found[:4]) + (f" and {len(found) - 4} more" if len(found) > 4 else "")


def _missing(mapping: Mapping) -> list[str]:
    bones = mapping.bones
    lines = []
    for side in roles.SIDES:
        fingers = [role for role in bones if roles.part_of(role) == f"{side}_fingers"]
        lost = [roles.describe(role) for role in mapping.missing if roles.part_of(role) == f"{side}_fingers"]
        if side not in mapping.sides():
            lines.append(f"The {side} arm lacks a bone and stays at rest.")
        elif f"{side}_hand" not in bones:
            lines.append(f"The {side} hand has no bone: it follows the forearm.")
        elif not fingers:
            lines.append(f"The {side} hand has no finger bones.")
        elif lost:
            lines.append(f"No bone for: {_listed(lost)}.")
        if side in mapping.sides() and f"{side}_clavicle" not in bones:
            lines.append(f"There is no {side} clavicle: shrugs are lost.")
    if not mapping.chain("spine"):
        lines.append("There is no spine bone: the torso stays at rest.")
    if "head" not in bones:
        lines.append("There is no head bone: the head stays at rest.")
    return lines
