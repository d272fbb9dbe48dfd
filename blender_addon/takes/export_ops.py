# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes out of Blender."""

from __future__ import annotations

from pathlib import Path

import bpy

from aqgt.errors import AqgtError

from ..translations import rpt
from .formats import FORMATS, kind_of
from .provenance import newest_take, take_named

_BY_NAME = ("BY_NAME", "By Name", "As the end of the file's name says: .bvh and .npz hold the motion alone")


class AQGT_OT_take_export(bpy.types.Operator):
    """Write a take, or what the character plays, for other programs"""

    bl_idname = "aqgt.take_export"
    bl_label = "Export Take"

    action: bpy.props.StringProperty(name="Take", description="Action of the take; empty: the newest one")
    kind: bpy.props.EnumProperty(
        name="Format", items=[_BY_NAME, *((key, one.title, one.about) for key, one in FORMATS.items())]
    )
    played: bpy.props.BoolProperty(
        name="As Played",
        description="What the character plays in the scene's frames, all tracks together, not one take",
    )
    filepath: bpy.props.StringProperty(name="File", subtype="FILE_PATH")
    filter_glob: bpy.props.StringProperty(
        default=";".join(f"*{one.suffix}" for one in FORMATS.values()), options={"HIDDEN"}
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask where to."""
        suffix = FORMATS[self.kind].suffix if self.kind in FORMATS else ".bvh"
        if not self.filepath:
            self.filepath = (self.action or "gestures") + suffix
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the file."""
        from .export import export

        path = Path(bpy.path.abspath(self.filepath))
        try:
            kind = self.kind if self.kind in FORMATS else kind_of(path)
            character = context.scene.aqgt_generate.character or context.object
            if character is not None and character.type != "ARMATURE":
                character = None
            action = None
            if not self.played:
                action = take_named(self.action) if self.action else newest_take(character)
            export(context, character, path, kind, action)
        except (AqgtError, OSError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, rpt("Written: {path}", path=path))
        return {"FINISHED"}


class AQGT_MT_take_export(bpy.types.Menu):
    """The formats a take can be written in"""

    bl_idname = "AQGT_MT_take_export"
    bl_label = "Export Take"

    def draw(self, context: bpy.types.Context) -> None:
        """One line per format."""
        draw_formats(self.layout, getattr(context, "aqgt_take", None), played=False)


class AQGT_MT_played_export(bpy.types.Menu):
    """The formats in which what a character plays can be written"""

    bl_idname = "AQGT_MT_played_export"
    bl_label = "Export as Played"

    def draw(self, context: bpy.types.Context) -> None:
        """One line per format."""
        draw_formats(self.layout, None, played=True)


def draw_formats(layout: bpy.types.UILayout, take: bpy.types.Action | None, *, played: bool) -> None:
    """One line per format, for one take (None: the newest) or for what is played."""
    layout.operator_context = "INVOKE_DEFAULT"
    for key, one in FORMATS.items():
        chosen = layout.operator("aqgt.take_export", text=one.title)
        chosen.kind = key
        chosen.action = take.name if take is not None else ""
        chosen.played = played
