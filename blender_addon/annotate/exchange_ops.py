# SPDX-License-Identifier: GPL-3.0-or-later
"""Import and export of annotations by a click."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from aqgt.errors import AqgtError

from ..translations import rpt, tip
from ..ui import redraw
from . import store

_GLOB = "*.json;*.eaf;*.TextGrid;*.textgrid"


class AQGT_OT_annotations_export(bpy.types.Operator):
    """Write the annotations as .json, .eaf (ELAN) or .TextGrid (Praat), as the end of the file's name says"""

    bl_idname = "aqgt.annotations_export"
    bl_label = "Export Annotations"

    filepath: bpy.props.StringProperty(name="File", subtype="FILE_PATH")
    filter_glob: bpy.props.StringProperty(default=_GLOB, options={"HIDDEN"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed without annotations."""
        cls.poll_message_set(tip("There is no annotation to write: add one, or have gestures suggested"))
        return store.has_gestures(context.scene)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask where to."""
        if not self.filepath:
            self.filepath = "annotations.json"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the file."""
        from .exchange import export_annotations

        path = Path(bpy.path.abspath(self.filepath))
        try:
            number, notes = export_annotations(context, path)
        except AqgtError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        for note in notes:
            self.report({"WARNING"}, note)
        self.report({"INFO"}, rpt("{number} annotations written: {path}", number=number, path=path))
        return {"FINISHED"}


class AQGT_OT_annotations_import(bpy.types.Operator):
    """Set gesture markers from annotations in a .json, .eaf (ELAN) or .TextGrid (Praat) file"""

    bl_idname = "aqgt.annotations_import"
    bl_label = "Import Annotations"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(name="File", subtype="FILE_PATH")
    filter_glob: bpy.props.StringProperty(default=_GLOB, options={"HIDDEN"})
    instead: bpy.props.BoolProperty(
        name="Replace",
        description="Take away first the unlocked annotations that address the same character",
        default=False,
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for the file."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set the markers."""
        from .exchange import import_annotations

        this: Any = self
        try:
            number, notes = import_annotations(
                context, Path(bpy.path.abspath(this.filepath)), instead=this.instead
            )
        except AqgtError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        for note in notes:
            self.report({"WARNING"}, note)
        self.report({"INFO"}, rpt("{number} annotations set", number=number))
        redraw()
        return {"FINISHED"}
