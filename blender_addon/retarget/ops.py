# SPDX-License-Identifier: GPL-3.0-or-later
"""Find, correct, remember and share the bones; lay a motion on the character."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bpy

from aqgt.errors import AqgtError


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
        from . import work

        return self.attempt(lambda: work.find(context))


class AQGT_OT_show_map(_Reporting, bpy.types.Operator):
    """Show the bones that takes of this character use now: those remembered, else those found"""

    bl_idname = "aqgt.show_map"
    bl_label = "Show Bones"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Fill the list."""
        from . import work

        return self.attempt(lambda: work.show(context))


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
        from . import work

        return self.attempt(lambda: work.remember(context, forget=self.forget))


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
        from . import work

        return self.attempt(lambda: work.save(context, Path(bpy.path.abspath(self.filepath))))


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
        from . import work

        return self.attempt(lambda: work.load(context, Path(bpy.path.abspath(self.filepath))))


class AQGT_OT_retarget(_Reporting, bpy.types.Operator):
    """Lay the chosen motion on the character as a new take; corrected bones are remembered on the armature"""

    bl_idname = "aqgt.retarget"
    bl_label = "Apply Motion"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """One new take, or nothing."""
        from . import work

        return self.attempt(lambda: work.apply(context, lambda note: self.report({"INFO"}, note)))
