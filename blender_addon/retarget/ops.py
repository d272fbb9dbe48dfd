# SPDX-License-Identifier: GPL-3.0-or-later
"""Find, correct, remember and share the bones; lay a motion on the character."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from aqgt.errors import AqgtError
from aqgt.retarget import Mapping
from aqgt.retarget.edit_mapping import PROPERTY

from ..generate.gather import chosen_character
from ..scene.armature import describe
from ..scene.nla import check_editable
from ..takes.apply import apply_take
from ..translations import rpt
from . import mapping as mappings
from . import rows
from .source import chosen_take


class _Reporting:
    """An operator whose work may refuse with a sentence."""

    def attempt(self, work: Callable[[], str]) -> set[str]:
        """Do it; what it returns, or why it refused, is reported."""
        try:
            done = work()
        except (AqgtError, OSError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, done)
        return {"FINISHED"}


class AQGT_OT_auto_map(_Reporting, bpy.types.Operator):
    """Find the bone of each role by bone map, names and shape; what was corrected by hand is forgotten"""

    bl_idname = "aqgt.auto_map"
    bl_label = "Auto-Map"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Fill the list."""
        return self.attempt(lambda: self._find(context))

    def _find(self, context: bpy.types.Context) -> str:
        armature = chosen_character(context)
        found = mappings.found_or_empty(describe(armature))
        rows.fill(context.scene.aqgt_retarget, armature, found)
        doubtful = sum(row.doubtful for row in found.rows)
        said = rpt("{number} bones found", number=len(found.bones))
        if doubtful:
            said = rpt(
                "{number} bones found, {doubtful} of them doubtful",
                number=len(found.bones),
                doubtful=doubtful,
            )
        return said


class AQGT_OT_show_map(_Reporting, bpy.types.Operator):
    """Show the bones that takes of this character use now: those remembered, else those found"""

    bl_idname = "aqgt.show_map"
    bl_label = "Show Bones"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Fill the list."""
        return self.attempt(lambda: self._show(context))

    def _show(self, context: bpy.types.Context) -> str:
        armature = chosen_character(context)
        found = mappings.mapping_of(armature, describe(armature))
        rows.fill(context.scene.aqgt_retarget, armature, found)
        return rpt("{number} bones", number=len(found.bones))


class AQGT_OT_remember_map(_Reporting, bpy.types.Operator):
    """Remember the bones of the list on the armature (custom property “aqgt_mapping”), for all its takes"""

    bl_idname = "aqgt.remember_map"
    bl_label = "Remember"
    bl_options = {"REGISTER", "UNDO"}

    forget: bpy.props.BoolProperty(
        name="Forget", description="Remove what was remembered", options={"SKIP_SAVE"}
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write or remove the custom property."""
        return self.attempt(lambda: self._remember(context))

    def _remember(self, context: bpy.types.Context) -> str:
        armature = chosen_character(context)
        if self.forget:
            mappings.forget(armature)
            return rpt("Forgotten: the bones are found anew")
        remember_rows(context, armature)
        return rpt("Remembered on “{name}”", name=armature.data.name)


class AQGT_OT_save_map(_Reporting, bpy.types.Operator):
    """Write the bones of the list to a JSON or TOML file, for other files and people"""

    bl_idname = "aqgt.save_map"
    bl_label = "Save Bones"

    filepath: bpy.props.StringProperty(name="File", description="Ends in .json or .toml", subtype="FILE_PATH")
    filter_glob: bpy.props.StringProperty(default="*.json;*.toml", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask where to."""
        self.filepath = self.filepath or "bones.json"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the file."""
        return self.attempt(lambda: self._save(context))

    def _save(self, context: bpy.types.Context) -> str:
        path = Path(bpy.path.abspath(self.filepath))
        mappings.save(path, checked_rows(context, chosen_character(context)))
        return rpt("Written: {path}", path=path)


class AQGT_OT_load_map(_Reporting, bpy.types.Operator):
    """Read bones from a file that was saved here, or by a bone map; Remember makes takes use them"""

    bl_idname = "aqgt.load_map"
    bl_label = "Load Bones"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(name="File", subtype="FILE_PATH")
    filter_glob: bpy.props.StringProperty(default="*.json;*.toml", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask where from."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Fill the list."""
        return self.attempt(lambda: self._load(context))

    def _load(self, context: bpy.types.Context) -> str:
        armature = chosen_character(context)
        loaded = mappings.load(Path(bpy.path.abspath(self.filepath)), describe(armature))
        rows.fill(context.scene.aqgt_retarget, armature, loaded)
        return rpt("{number} bones read", number=len(loaded.bones))


class AQGT_OT_retarget(_Reporting, bpy.types.Operator):
    """Lay the chosen motion on the character as a new take; corrected bones are remembered on the armature"""

    bl_idname = "aqgt.retarget"
    bl_label = "Apply Motion"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """One new take, or nothing."""
        return self.attempt(lambda: self._apply(context))

    def _apply(self, context: bpy.types.Context) -> str:
        armature = chosen_character(context)
        check_editable(armature)
        take = chosen_take(context, armature)
        before = armature.data.get(PROPERTY)
        if _corrected(context, armature):
            remember_rows(context, armature)
        try:
            name, notes = apply_take(context.scene, armature, take)
        except BaseException:
            _put_back(armature, before)
            raise
        for note in notes:
            self.report({"INFO"}, note)
        return rpt("New take “{name}”", name=name)


def checked_rows(context: bpy.types.Context, armature: bpy.types.Object) -> Mapping:
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


def remember_rows(context: bpy.types.Context, armature: bpy.types.Object) -> None:
    """Remember what the list says.

    Raises:
        AqgtError: it does not fit the armature.
    """
    mappings.remember(armature, checked_rows(context, armature))


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
