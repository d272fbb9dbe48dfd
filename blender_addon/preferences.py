# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences: where the engine is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from aqgt.protocol.address import DEFAULT_ADDRESS

PACKAGE = __package__
"""The add-on's full name, e.g. ``bl_ext.user_default.aqgt_gestures``."""


class AQGT_Preferences(bpy.types.AddonPreferences):
    """Where the engine is."""

    bl_idname = PACKAGE

    engine_python: bpy.props.StringProperty(
        name="Engine Python",
        description="Python the engine is installed in; empty: the aqgt command on the PATH",
        subtype="FILE_PATH",
    )
    address: bpy.props.StringProperty(
        name="Address",
        description="Address of a running engine, used where this Blender has not started one itself",
        default=DEFAULT_ADDRESS,
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
        layout.prop(self, "engine_python")
        layout.prop(self, "address")
        layout.prop(self, "presets_folder")


def get(context: bpy.types.Context | None = None) -> AQGT_Preferences:
    """The preferences of this add-on."""
    context = context or bpy.context
    found: Any = context.preferences.addons[PACKAGE].preferences
    return found


def user_folder(name: str) -> Path:
    """A folder for files of this user; never inside the add-on, which an update replaces."""
    return Path(bpy.utils.extension_path_user(PACKAGE, path=name, create=True))
