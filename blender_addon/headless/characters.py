# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters from files: a .blend is opened, everything else imported into an empty scene."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from aqgt.errors import AqgtError

from .files import open_blend

_VRM_ADDONS = ("bl_ext.blender_org.vrm", "bl_ext.user_default.vrm", "io_scene_vrm")


def load(path: Path, armature: str | None, fps: float) -> bpy.types.Object:
    """Make the character the content of this Blender and return its armature.

    Args:
        path: .blend, .glb, .gltf, .vrm or .fbx.
        armature: name of the armature; None: the only one there is.
        fps: of the scene it is imported into; a .blend keeps its own.

    Raises:
        AqgtError: the file can't be read, or it is not clear which armature is meant.
    """
    if path.suffix.lower() == ".blend":
        open_blend(path)
    else:
        _import(path, fps)
    return _chosen(path, armature)


def _import(path: Path, fps: float) -> None:
    if not path.is_file():
        raise AqgtError(f"There is no character “{path}”.", "Check the path and its spelling.", "no-file")
    scene = bpy.context.scene
    for one in list(bpy.data.objects):
        bpy.data.objects.remove(one)
    scene.world = None  # a new file's grey one; the stage brings its own
    scene.render.fps = max(1, round(fps))
    scene.render.fps_base = scene.render.fps / fps
    suffix = path.suffix.lower()
    try:
        if suffix == ".fbx":
            bpy.ops.import_scene.fbx(filepath=str(path))
        elif suffix == ".vrm" and _enable_vrm():
            bpy.ops.import_scene.vrm(filepath=str(path))
        else:  # a VRM file is a glTF file; without its add-on its materials are plainer
            bpy.ops.import_scene.gltf(filepath=str(path), disable_bone_shape=True)
    except RuntimeError as error:
        raise AqgtError(
            f"Blender cannot import “{path.name}” ({str(error).strip().splitlines()[-1]}).",
            "Open it in Blender once, and give a .blend of it.",
            "bad-character",
        ) from None
    for one in bpy.data.objects:  # the motion that came with the character
        if one.type == "ARMATURE" and one.animation_data is not None:
            one.animation_data_clear()


def _enable_vrm() -> bool:
    """Whether an add-on that reads VRM is installed; it is enabled for this process."""
    import addon_utils

    found: Any = addon_utils
    installed = {module.__name__ for module in found.modules(refresh=False)}
    for name in _VRM_ADDONS:
        if name in installed:
            found.enable(name, default_set=True)
            return name in bpy.context.preferences.addons
    return False


def _chosen(path: Path, name: str | None) -> bpy.types.Object:
    armatures = [one for one in bpy.context.scene.objects if one.type == "ARMATURE"]
    names = ", ".join(one.name for one in armatures)
    if not armatures:
        raise AqgtError(f"“{path.name}” holds no armature.", "Give a rigged character.", "no-armature")
    if name is None:
        if len(armatures) > 1:
            raise AqgtError(
                f"“{path.name}” holds several armatures: {names}.",
                "Name one of them with `armature`.",
                "which-armature",
            )
        return armatures[0]
    found = next((one for one in armatures if one.name == name), None)
    if found is None:
        raise AqgtError(f"“{path.name}” holds no armature “{name}”.", f"It holds {names}.", "no-armature")
    return found
