# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions that no file may keep: marked as such, so that they are found and removed wherever they turn up.

What the character was before is written into the Action that plays on it. So it can be put back even where
the Action comes out of Blender's undo memory, or out of a file that Blender saved by itself.
"""

from __future__ import annotations

import json
from typing import Any

import bpy

MARK = "aqgt_preview"
_BEFORE = "aqgt_preview_before"
sweeps = 0
"""How often the file had to be swept clean of something: whoever writes a temporary Action begins again."""
_SETTINGS = ("action_extrapolation", "action_blend_type", "action_influence")


def mark(action: bpy.types.Action) -> None:
    """Count an Action as temporary from now on."""
    action[MARK] = ""


def unmark(action: bpy.types.Action) -> None:
    """Keep an Action from now on."""
    del action[MARK]


def is_temporary(action: bpy.types.Action) -> bool:
    """Whether an Action is to be removed."""
    return MARK in action.keys()  # noqa: SIM118 -- an Action is no mapping


def discard(name: str) -> None:
    """Remove a temporary Action, if it is there; what played it is as it was before."""
    action: bpy.types.Action | None = bpy.data.actions.get(name)
    if action is not None:
        _remove(action)


def sweep() -> None:
    """Remove every temporary Action of the file."""
    global sweeps
    found = [action for action in bpy.data.actions if is_temporary(action)]
    sweeps += bool(found)
    for action in found:
        _remove(action)


def play(armature: bpy.types.Object, action: bpy.types.Action, values: dict[str, Any]) -> None:
    """Have an armature play a temporary Action above all else, where the Action has keys.

    Args:
        armature: the character.
        action: marked as temporary; its first slot plays.
        values: data path to the value `[C]` of each property that the Action moves, as it is now.
    """
    data = armature.animation_data
    record: dict[str, Any] = {"object": armature.name, "had_data": data is not None, "values": values}
    if data is None:
        data = armature.animation_data_create()
    record["settings"] = {name: getattr(data, name) for name in _SETTINGS}
    if data.action is not None:
        # As a reference: an Action that nothing uses would be lost where Blender saves by itself.
        action[_BEFORE] = data.action
    record["slot"] = data.action_slot.identifier if data.action_slot is not None else ""
    record["last_slot"] = data.last_slot_identifier
    action[MARK] = json.dumps(record)
    data.action = action
    data.action_slot = action.slots[0]
    data.action_extrapolation, data.action_blend_type, data.action_influence = "NOTHING", "REPLACE", 1.0


def _remove(action: bpy.types.Action) -> None:
    record = json.loads(action[MARK]) if action.get(MARK) else None
    armature = bpy.data.objects.get(record["object"]) if record else None
    if armature is not None and armature.animation_data is not None:
        _put_back(armature, action, record)
    bpy.data.actions.remove(action)


def _put_back(armature: bpy.types.Object, action: bpy.types.Action, record: dict[str, Any]) -> None:
    data: Any = armature.animation_data
    if data.action == action:
        before: bpy.types.Action | None = action.get(_BEFORE)
        data.action = before
        if before is not None:
            slot: Any = before.slots.get(record["slot"])
            if slot is not None:
                data.action_slot = slot
    for name, value in record["settings"].items():
        setattr(data, name, value)
    data.last_slot_identifier = record["last_slot"]
    if not record["had_data"] and not (data.action or data.nla_tracks or data.drivers):
        armature.animation_data_clear()
    for path, value in record["values"].items():
        _set(armature, path, value)
    armature.update_tag()


def _set(armature: bpy.types.Object, path: str, value: Any) -> None:
    """Set the property at a data path, if it is still there."""
    if path.endswith('"]'):  # a custom property
        owner_path, _, name = path[:-2].rpartition('["')
        try:
            owner: Any = armature.path_resolve(owner_path)
            owner[bpy.utils.unescape_identifier(name)] = value
        except (ValueError, TypeError):
            return
        return
    owner_path, _, name = path.rpartition(".")
    try:
        owner = armature.path_resolve(owner_path)
    except ValueError:
        return
    setattr(owner, name, value)
