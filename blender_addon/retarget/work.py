# SPDX-License-Identifier: GPL-3.0-or-later
"""What the buttons of the section do; each returns what was done in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from aqgt.errors import AqgtError
from aqgt.retarget import Mapping
from aqgt.retarget.edit_mapping import PROPERTY

from ..generate.chosen import chosen_character
from ..scene.armature import describe
from ..scene.nla import check_editable
from ..takes.apply import apply_take
from ..translations import rpt
from . import mapping as mappings
from . import rows
from .source import chosen_take


def find(context: bpy.types.Context) -> str:
    """Fill the list with the bones that are found.

    Raises:
        AqgtError: no character is chosen.
    """
    armature = chosen_character(context)
    found = mappings.found_or_empty(describe(armature))
    rows.fill(context.scene.aqgt_retarget, armature, found)
    doubtful = sum(row.doubtful for row in found.rows)
    if doubtful:
        return rpt(
            "{number} bones found, {doubtful} of them doubtful", number=len(found.bones), doubtful=doubtful
        )
    return rpt("{number} bones found", number=len(found.bones))


def show(context: bpy.types.Context) -> str:
    """Fill the list with the bones that takes use now.

    Raises:
        AqgtError: no character is chosen, or no arm of it can be moved.
    """
    armature = chosen_character(context)
    found = mappings.mapping_of(armature, describe(armature))
    rows.fill(context.scene.aqgt_retarget, armature, found)
    return rpt("{number} bones", number=len(found.bones))


def remember(context: bpy.types.Context, *, forget: bool) -> str:
    """Write or remove the custom property.

    Raises:
        AqgtError: no character is chosen, or the list does not fit it.
    """
    armature = chosen_character(context)
    if forget:
        mappings.forget(armature)
        return rpt("Forgotten: the bones are found anew")
    _remember_rows(context, armature)
    return rpt("Remembered on “{name}”", name=armature.data.name)


def save(context: bpy.types.Context, path: Path) -> str:
    """Write the bones of the list.

    Raises:
        AqgtError: the list does not fit the character.
        OSError: the file can't be written.
    """
    mappings.save(path, _checked_rows(context, chosen_character(context)))
    return rpt("Written: {path}", path=path)


def load(context: bpy.types.Context, path: Path) -> str:
    """Fill the list from a file.

    Raises:
        AqgtError: it holds no bones, or none of this character.
    """
    armature = chosen_character(context)
    loaded = mappings.load(path, describe(armature))
    rows.fill(context.scene.aqgt_retarget, armature, loaded)
    return rpt("{number} bones read", number=len(loaded.bones))


def apply(context: bpy.types.Context, note: Callable[[str], None]) -> str:
    """One new take of the chosen motion, or nothing; ``note`` is told what the user should know.

    Raises:
        AqgtError: no character or motion is chosen, or one does not fit the other.
    """
    armature = chosen_character(context)
    check_editable(armature)
    take = chosen_take(context, armature)
    before = armature.data.get(PROPERTY)
    if _corrected(context, armature):
        _remember_rows(context, armature)
    try:
        name, notes = apply_take(context.scene, armature, take)
    except BaseException:
        _put_back(armature, before)
        raise
    for one in notes:
        note(one)
    return rpt("New take “{name}”", name=name)


def _checked_rows(context: bpy.types.Context, armature: bpy.types.Object) -> Mapping:
    """What the list says, as a mapping of this armature.

    Raises:
        AqgtError: the list belongs to another armature, or does not fit this one.
    """
    settings: Any = context.scene.aqgt_retarget
    if settings.rows_of != armature.name or not len(settings.rows):
        raise AqgtError(
            f"The list does not show the bones of “{armature.name}”.", "Press Auto-Map.", "no-rows"
        )
    return mappings.corrected(describe(armature), rows.base_of(settings), rows.bones_in(settings))


def _remember_rows(context: bpy.types.Context, armature: bpy.types.Object) -> None:
    """Remember what the list says.

    Raises:
        AqgtError: it does not fit the armature.
    """
    mappings.remember(armature, _checked_rows(context, armature))


def _corrected(context: bpy.types.Context, armature: bpy.types.Object) -> bool:
    """Whether the list shows this armature with other bones than its takes use by themselves."""
    settings: Any = context.scene.aqgt_retarget
    if settings.rows_of != armature.name or not len(settings.rows):
        return False
    try:
        used = mappings.mapping_of(armature, describe(armature)).bones
    except AqgtError:
        used = {}
    return rows.bones_in(settings) != used


def _put_back(armature: bpy.types.Object, before: str | None) -> None:
    if before is None:
        mappings.forget(armature)
    else:
        armature.data[PROPERTY] = before
