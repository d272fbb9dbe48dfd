# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bone plays which role on the character: found, corrected, remembered on the armature, shared."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy

from aqgt.errors import AqgtError
from aqgt.formats.files import dump_json, parse_json, read_text, write_text
from aqgt.retarget import Mapping, RigDescription, match
from aqgt.retarget.roles import is_role

VERSION = 1
REMEMBERED = "aqgt_bones"
"""Custom property of the armature data that keeps corrected bones, as the JSON of `to_text`."""

Bones = dict[str, str]


def mapping_of(armature: bpy.types.Object, rig: RigDescription) -> Mapping:
    """The bones remembered on the armature, else those that are found.

    Raises:
        AqgtError: no arm can be moved with them.
    """
    bones = remembered(armature)
    return match(rig) if bones is None else with_bones(rig, bones)


def with_bones(rig: RigDescription, bones: Bones) -> Mapping:
    """A mapping with exactly these bones; what else is known of the rig comes from the one that is found.

    Twist bones of a limb and switches are kept where the found mapping has the same bone there.

    Raises:
        AqgtError: a bone is not there, two roles share one, or no arm can be moved.
    """
    try:
        found = match(rig)
    except AqgtError:
        found = Mapping({})
    _check(rig, bones)
    changed = {role for role in {*bones, *found.bones} if bones.get(role) != found.bones.get(role)}
    mapping = replace(
        found.without(lambda role: role in changed),
        bones=dict(bones),
        missing=tuple(role for role in (*found.bones, *found.missing) if role not in bones),
        report=(f"{len(bones)} bones chosen.",),
    )
    if not mapping.sides():
        raise AqgtError(
            "No arm has both its upper arm and its forearm.",
            "Choose a bone for the left or right upper arm and forearm.",
            "unknown-rig",
        )
    return mapping


def _check(rig: RigDescription, bones: Bones) -> None:
    used: dict[str, str] = {}
    for role, bone in bones.items():
        if not is_role(role):
            raise AqgtError(f"“{role}” is no role of a bone.", "Take the roles of the list.", "bad-bones")
        if bone not in rig.index:
            raise AqgtError(
                f"The armature has no bone “{bone}”.", "Press Auto-Map, or choose another bone.", "bad-bones"
            )
        if bone in used:
            raise AqgtError(
                f"The bone “{bone}” plays two roles ({used[bone]} and {role}).",
                "Choose one bone for each role.",
                "bad-bones",
            )
        used[bone] = role


def remembered(armature: bpy.types.Object) -> Bones | None:
    """The bones that were remembered on the armature's data; None where there are none, or none that fit."""
    text: Any = armature.data.get(REMEMBERED)
    if not isinstance(text, str):
        return None
    try:
        return _from_data(parse_json(text, "The remembered mapping"), "The remembered mapping")
    except AqgtError:
        return None


def remember(armature: bpy.types.Object, bones: Bones) -> None:
    """Keep the bones on the armature's data, for every object and file that uses it."""
    if armature.data.library is None:
        armature.data[REMEMBERED] = json.dumps(_data(bones), ensure_ascii=False)


def forget(armature: bpy.types.Object) -> None:
    """Back to what is found by itself."""
    if REMEMBERED in armature.data.keys():  # noqa: SIM118 -- armature data is no mapping
        del armature.data[REMEMBERED]


def save(path: Path, bones: Bones) -> None:
    """Write the bones for another file or person, as JSON or TOML by the name's end.

    Raises:
        AqgtError: the name ends otherwise, or the file can't be written.
    """
    if path.suffix.lower() == ".json":
        write_text(path, dump_json(_data(bones)))
    elif path.suffix.lower() == ".toml":
        # Strings of TOML are written as those of JSON.
        lines = [f"{role} = {json.dumps(bone, ensure_ascii=False)}" for role, bone in bones.items()]
        write_text(path, "\n".join([f"version = {VERSION}", "", "[bones]", *lines, ""]))
    else:
        raise AqgtError(
            f"“{path.name}” is neither JSON nor TOML.", "End the name in .json or .toml.", "bad-suffix"
        )


def load(path: Path, rig: RigDescription) -> Bones:
    """The bones in a file that `save` wrote, or those that a bone map (rigs/*.toml) finds on this armature.

    Raises:
        AqgtError: the file is neither.
    """
    text = read_text(path)
    if path.suffix.lower() != ".toml":
        return _from_data(parse_json(text, f"“{path.name}”"), f"“{path.name}”")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise AqgtError(f"“{path.name}” is no TOML ({error}).", "Pick another file.", "bad-bones") from error
    if "schema" in data:
        return dict(match(rig, path).bones)
    return _from_data(data, f"“{path.name}”")


def _data(bones: Bones) -> dict[str, Any]:
    return {"version": VERSION, "bones": dict(bones)}


def _from_data(data: Any, what: str) -> Bones:
    bones = data.get("bones") if isinstance(data, dict) else None
    if (
        not isinstance(bones, dict)
        or data.get("version") != VERSION
        or not all(isinstance(bone, str) for bone in bones.values())
    ):
        raise AqgtError(f"{what} holds no bones.", "Pick a file that this panel saved.", "bad-bones")
    return dict(bones)
