# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes out of Blender."""

from __future__ import annotations

from pathlib import Path

import bpy

from aqgt.errors import AqgtError
from aqgt.formats.bvh import write_bvh
from aqgt.formats.npz import write_npz

from .provenance import is_take, recall, takes_of


class AQGT_OT_take_export(bpy.types.Operator):
    """Write a take's motion as BVH (metric skeleton) or NPZ (with words, annotations and origin)"""

    bl_idname = "aqgt.take_export"
    bl_label = "Export Take"

    action: bpy.props.StringProperty(name="Take", description="Action of the take; empty: the newest one")
    filepath: bpy.props.StringProperty(name="File", description="Ends in .bvh or .npz", subtype="FILE_PATH")
    filter_glob: bpy.props.StringProperty(default="*.bvh;*.npz", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask where to."""
        if not self.filepath:
            self.filepath = (self.action or "gestures") + ".bvh"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the file."""
        path = Path(bpy.path.abspath(self.filepath))
        try:
            take = recall(self._chosen(context))
            if path.suffix.lower() == ".bvh":
                write_bvh(path, take.motion)
            elif path.suffix.lower() == ".npz":
                write_npz(path, take.motion, take.words, take.spans, take.provenance)
            else:
                raise AqgtError(
                    f"“{path.name}” is neither BVH nor NPZ.", "End the name in .bvh or .npz.", "bad-suffix"
                )
        except (AqgtError, OSError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"Written: {path}")
        return {"FINISHED"}

    def _chosen(self, context: bpy.types.Context) -> bpy.types.Action:
        if self.action:
            action: bpy.types.Action | None = bpy.data.actions.get(self.action)
            if action is None:
                raise AqgtError(f"There is no action “{self.action}”.", "Choose a take.", "no-take")
            return action
        character = context.scene.aqgt_generate.character or context.object
        takes = takes_of(character) if character is not None else []
        if not takes or not is_take(takes[0][1]):
            raise AqgtError("The character has no take.", "Generate gestures first.", "no-take")
        return takes[0][1]
