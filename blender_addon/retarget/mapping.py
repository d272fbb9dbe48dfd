# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bone plays which role on the character: found, corrected, remembered on the armature, shared."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from aqgt.errors import AqgtError
from aqgt.formats.files import read_text, write_text
from aqgt.retarget import Mapping, RigDescription, match
from aqgt.retarget.edit_mapping import (
    PROPERTY,
    clear_bone,
    from_json,
    from_toml,
    problems,
    recall,
    set_bone,
    to_json,
    to_toml,
)

_SERIOUS = ("gone", "twice")
"""Kinds of problems with which no take can be made; the others are the user's to judge."""

Bones = dict[str, str]


def mapping_of(armature: bpy.types.Object, rig: RigDescription) -> Mapping:
    """The mapping remembered on the armature, else the one that is found.

    Raises:
        AqgtError: no arm can be moved with it.
    """
    return finding(armature, rig)()


def finding(armature: bpy.types.Object, rig: RigDescription) -> Callable[[], Mapping]:
    """`mapping_of`, to be called later: it takes a moment, and then touches nothing of Blender's."""
    mapping = remembered(armature, rig)
    return (lambda: match(rig)) if mapping is None else (lambda: mapping)


def corrected(rig: RigDescription, base: Mapping, bones: Bones) -> Mapping:
    """A mapping with other bones.

    Raises:
        AqgtError: a bone is not there, two roles share one, or no arm can be moved.
    """
    mapping = base
    for role in {*base.bones, *bones}:
        if role not in bones:
            mapping = clear_bone(mapping, role)
        elif bones[role] != base.bones.get(role):
            mapping = set_bone(mapping, rig, role, bones[role])
    return checked(mapping, rig)


def checked(mapping: Mapping, rig: RigDescription) -> Mapping:
    """The same mapping, if a take can be made with it.

    Raises:
        AqgtError: a bone is not there, two roles share one, or no arm can be moved.
    """
    serious = [one for one in problems(mapping, rig) if one.kind in _SERIOUS]
    if serious:
        raise AqgtError(serious[0].sentence, "Choose one bone of the armature for each role.", "bad-bones")
    if not mapping.sides():
        raise AqgtError(
            "No arm has both its upper arm and its forearm.",
            "Choose a bone for the left or right upper arm and forearm.",
            "unknown-rig",
        )
    return mapping


def found_or_empty(rig: RigDescription) -> Mapping:
    """What is found by itself; nothing where no arm is recognised, so that bones can be chosen by hand."""
    try:
        return match(rig)
    except AqgtError:
        return Mapping({})


def remembered(armature: bpy.types.Object, rig: RigDescription) -> Mapping | None:
    """What was remembered on the armature's data, as far as it fits; None where there is nothing usable."""
    text: Any = armature.data.get(PROPERTY)
    if not isinstance(text, str):
        return None
    try:
        return checked(recall(text, rig), rig)
    except AqgtError:
        return None


def remember(armature: bpy.types.Object, mapping: Mapping) -> None:
    """Keep a mapping on the armature's data, for every object and file that uses it."""
    if armature.data.library is None:
        armature.data[PROPERTY] = to_json(mapping)


def forget(armature: bpy.types.Object) -> None:
    """Back to what is found by itself."""
    if PROPERTY in armature.data.keys():  # noqa: SIM118 -- armature data is no mapping
        del armature.data[PROPERTY]


def save(path: Path, mapping: Mapping) -> None:
    """Write a mapping for another file or person, as JSON or TOML by the name's end.

    Raises:
        AqgtError: the name ends otherwise, or the file can't be written.
    """
    writers = {".json": to_json, ".toml": to_toml}
    if path.suffix.lower() not in writers:
        raise AqgtError(
            f"“{path.name}” is neither JSON nor TOML.", "End the name in .json or .toml.", "bad-suffix"
        )
    write_text(path, writers[path.suffix.lower()](mapping))


def load(path: Path, rig: RigDescription) -> Mapping:
    """The mapping in a file that `save` wrote, or the one that a bone map (rigs/*.toml) finds.

    Raises:
        AqgtError: the file is neither, or does not fit the armature.
    """
    text = read_text(path)
    if path.suffix.lower() != ".toml":
        return checked(from_json(text), rig)
    try:
        is_mapping = tomllib.loads(text).get("kind") == "mapping"
    except tomllib.TOMLDecodeError:
        is_mapping = True  # so that its reader says what is wrong
    return checked(from_toml(text), rig) if is_mapping else match(rig, path)
