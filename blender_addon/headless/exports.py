# SPDX-License-Identifier: GPL-3.0-or-later
"""A character with its take as FBX or GLB."""

from __future__ import annotations

from pathlib import Path

import bpy

from aqgt.errors import AqgtError

from ..scene.exchange import write_character

KINDS = ("fbx", "glb")


def write(kind: str, armature: bpy.types.Object, path: Path) -> None:
    """Write the armature, its meshes and what its NLA tracks play together in the scene's frames.

    Raises:
        AqgtError: the kind is unknown, or the file can't be written.
    """
    if kind not in KINDS:
        raise AqgtError(f"There is no export “{kind}”.", f"Use {' or '.join(KINDS)}.", "bad-output")
    scene = bpy.context.scene
    write_character(bpy.context, armature, path, (scene.frame_start, scene.frame_end))
