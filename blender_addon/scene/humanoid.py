# SPDX-License-Identifier: GPL-3.0-or-later
"""The humanoid map that a VRM character brings along: which of its bones is which human bone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import bpy

_PROPERTIES = ("VRMC_vrm", "VRM", "humanoid")
"""Custom properties (glTF extras) under which files carry the map, with bones by name."""
_THUMB_OF_VRM0 = {"ThumbProximal": "ThumbMetacarpal", "ThumbIntermediate": "ThumbProximal"}


def humanoid_of(armature: bpy.types.Object) -> dict[str, str]:
    """Human bone, as VRM 1.0 spells it (``leftUpperArm``), to bone name; empty where there is no such map.

    Read from the VRM add-on's data where that add-on is enabled, else from a custom property of the object or
    its data that holds ``{"humanBones": {"hips": "J_Bip_C_Hips", …}}``.
    """
    extension = getattr(armature.data, "vrm_addon_extension", None)
    if extension is not None:
        found = dict(_of_add_on(extension))
        if found:
            return found
    for owner in (armature, armature.data):
        for name in _PROPERTIES:
            found = _human_bones(owner.get(name))
            if found:
                return found
    return {}


def _of_add_on(extension: Any) -> Iterator[tuple[str, str]]:
    """Whatever its version, a VRM 0 character still holds its own list."""
    if getattr(extension, "spec_version", "1.0").startswith("0"):
        for human in extension.vrm0.humanoid.human_bones:
            if human.node.bone_name:
                yield _as_vrm1(human.bone), human.node.bone_name
        return
    bones = extension.vrm1.humanoid.human_bones
    for identifier in bones.bl_rna.properties.keys():  # noqa: SIM118 -- no mapping
        node = getattr(getattr(bones, identifier), "node", None)
        if node is not None and node.bone_name:
            first, *rest = identifier.split("_")
            yield first + "".join(word.capitalize() for word in rest), node.bone_name


def _as_vrm1(human: str) -> str:
    """VRM 0 counts the thumb's bones from one joint further out."""
    for old, new in _THUMB_OF_VRM0.items():
        if human.endswith(old):
            return human.removesuffix(old) + new
    return human


def _human_bones(value: Any) -> dict[str, str]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    value = value.to_dict() if hasattr(value, "to_dict") else value
    if isinstance(value, dict):
        value = value.get("humanoid", value)
    bones = value.get("humanBones") if isinstance(value, dict) else None
    if not isinstance(bones, dict):
        return {}
    return {str(human): bone for human, bone in bones.items() if isinstance(bone, str)}
