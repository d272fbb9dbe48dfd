# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences: where the engine is, defaults for new files, folders, and a report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from aqgt.protocol.address import DEFAULT_ADDRESS

PACKAGE = __package__
"""The add-on's full name, e.g. ``bl_ext.user_default.aqgt_gestures``."""


class AQGT_Preferences(bpy.types.AddonPreferences):
    """What belongs to the user and not to a file."""

    bl_idname = PACKAGE

    engine_python: bpy.props.StringProperty(
        name="Engine Python",
        description="Python the engine is installed in, or the folder of its environment; empty: the aqgt"
        " command on the PATH",
        subtype="FILE_PATH",
    )
    whisper_folder: bpy.props.StringProperty(
        name="Whisper Models",
        description="Folder of a Whisper model, or of several, with which an engine started here transcribes;"
        " empty: the one that AQGT_WHISPER names",
        subtype="DIR_PATH",
    )
    address: bpy.props.StringProperty(
        name="Address",
        description="Address of a running engine, used where this Blender has not started one itself",
        default=DEFAULT_ADDRESS,
    )
    key_file: bpy.props.StringProperty(
        name="Key File",
        description="Your key for an engine that wants one, or on another machine: its owner makes it with"
        " “aqgt keys new FOLDER --client NAME”. Not used for the engine started here",
        subtype="FILE_PATH",
    )
    default_model: bpy.props.StringProperty(
        name="Default Model", description="Model that new files begin with", default="compact"
    )
    presets_folder: bpy.props.StringProperty(
        name="Presets Folder",
        description="Folder with your own presets, one JSON file each; empty: one of the extension's own",
        subtype="DIR_PATH",
    )

    def draw(self, context: bpy.types.Context) -> None:
        """Blender calls this to show the preferences."""
        layout = self.layout
        layout.use_property_split = True
        for title, names in (
            ("Engine started by Blender", ("engine_python", "whisper_folder")),
            ("Engine elsewhere", ("address", "key_file")),
            ("Files", ("default_model", "presets_folder")),
        ):
            column = layout.column()
            column.label(text=title)
            for name in names:
                column.prop(self, name)
        row = layout.row()
        row.operator("aqgt.engine_log", icon="TEXT")
        row.operator("aqgt.report", icon="COPYDOWN")


def get(context: bpy.types.Context | None = None) -> AQGT_Preferences:
    """The preferences of this add-on."""
    context = context or bpy.context
    found: Any = context.preferences.addons[PACKAGE].preferences
    return found


def user_folder(name: str) -> Path:
    """A folder for files of this user; never inside the add-on, which an update replaces."""
    return Path(bpy.utils.extension_path_user(PACKAGE, path=name, create=True))
