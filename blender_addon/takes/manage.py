# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and deletion of takes, and putting them on other characters."""

from __future__ import annotations

from typing import Any

import bpy

from aqgt.errors import AqgtError

from ..scene.nla import check_editable
from ..scene.strips import check_strips, laid_strips, name_strips, remove_strips
from ..translations import rpt
from . import compare
from .provenance import is_take, takes_of

PART = " · "
"""Between the name of a take and that of the part which a track of it plays."""


def players(action: bpy.types.Action) -> list[bpy.types.Object]:
    """The objects whose NLA tracks play an Action."""
    return [one for one in bpy.data.objects if laid_strips(one, action)]


def rename(action: bpy.types.Action, name: str) -> str:
    """Give a take's Action, tracks and strips one name, which is made unique where it exists.

    Returns:
        The name it got.

    Raises:
        AqgtError: the name is empty, or the take belongs to another file; nothing has changed.
    """
    name = name.strip()
    if not name:
        raise AqgtError("The take has no name.", "Type one.", "no-name")
    playing = players(action)
    for one in playing:
        check_strips(one, action)
    if not action.is_editable:
        raise AqgtError(f"“{action.name}” is linked from another file.", "Rename it there.", "not-editable")
    before = action.name
    action.name = name
    for one in playing:
        name_strips(one, action, action.name, PART)
    _follow(before, action.name)
    return action.name


def _follow(before: str, after: str) -> None:
    """Settings that name a take keep meaning it."""
    for one in bpy.data.objects:
        group: Any = one.aqgt_takes
        for key in ("chosen", "into"):
            if before != after and getattr(group, key) == before:
                setattr(group, key, after)
    for scene in bpy.data.scenes:
        if before != after and scene.aqgt_retarget.take == before:
            scene.aqgt_retarget.take = after


def delete(armature: bpy.types.Object, action: bpy.types.Action) -> str:
    """Take a take off a character, and its Action out of the file where nothing else uses it.

    Returns:
        What was done, in a sentence.

    Raises:
        AqgtError: it belongs to another file, or can't be taken out; nothing has changed.
    """
    if not is_take(action):
        raise AqgtError(f"“{action.name}” is no take of this add-on.", "Choose a take.", "no-take")
    check_editable(armature)
    check_strips(armature, action)
    compare.leave(armature, action)
    name = action.name
    remove_strips(armature, action)
    if action.use_fake_user:
        return rpt(
            "“{name}” was taken off “{character}”; its fake user keeps the action",
            name=name,
            character=armature.name,
        )
    if action.users:
        return rpt(
            "“{name}” was taken off “{character}”; the action is used elsewhere and stays",
            name=name,
            character=armature.name,
        )
    bpy.data.actions.remove(action)
    return rpt("“{name}” was deleted", name=name)


def apply_to(
    scene: bpy.types.Scene,
    armature: bpy.types.Object,
    action: bpy.types.Action,
    other: bpy.types.Object | None,
) -> tuple[str, list[str]]:
    """Lay a take on another character, where it lies on this one.

    Returns:
        The name of the new take, and sentences for the user.

    Raises:
        AqgtError: there is no such character, or its bones don't fit; nothing has changed.
    """
    from .apply import apply_take
    from .placing import as_seen, place

    if other is None or other.type != "ARMATURE":
        raise AqgtError(
            "No other character is chosen.", "Choose the armature that is to play it.", "no-character"
        )
    if other == armature:
        raise AqgtError(
            f"“{other.name}” plays this take already.", "Choose another armature.", "no-character"
        )
    if other.name not in scene.objects:
        raise AqgtError(
            f"“{other.name}” is not in the scene “{scene.name}”.", "Choose an armature of it.", "no-character"
        )
    check_editable(other)
    return apply_take(scene, other, as_seen(place(scene, armature, action)))


def take_of_character(armature: bpy.types.Object, name: str) -> bpy.types.Action:
    """A take of a character by its name; without one, the chosen take.

    Raises:
        AqgtError: the character has no such take.
    """
    takes = [action for _, action in takes_of(armature)]
    if not takes:
        raise AqgtError("The character has no take.", "Generate gestures first.", "no-take")
    if not name:
        group: Any = armature.aqgt_takes
        return group.chosen_take()
    found = [action for action in takes if action.name == name]
    if not found:
        raise AqgtError(f"“{armature.name}” has no take “{name}”.", "Choose a take of it.", "no-take")
    return found[0]
