# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters through Blender's own exporters; scene and selection stay as they were."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy

from aqgt.errors import AqgtError

from .armature import deformed_meshes


@contextmanager
def restored(
    context: bpy.types.Context, armature: bpy.types.Object, frames: tuple[int, int]
) -> Iterator[None]:
    """Within: the armature and its meshes selected alone, in object mode, the scene that long.

    Raises:
        AqgtError: the view layer shows no such armature.
    """
    scene, layer = context.scene, context.view_layer
    if armature.name not in layer.objects:
        raise AqgtError(
            f"“{armature.name}” is not in this view layer.",
            "Tick its collection in the Outliner, or go to its scene.",
            "not-shown",
        )
    active: Any = layer.objects.active
    mode: Any = active.mode if active is not None else "OBJECT"
    selected = [one for one in layer.objects if one.select_get()]
    kept = scene.frame_start, scene.frame_end, scene.frame_current, scene.frame_subframe
    written = [one for one in (armature, *deformed_meshes(armature)) if one.name in layer.objects]
    hidden = {one: (one.hide_get(), one.hide_viewport) for one in written}
    if mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    try:
        for one in selected:
            one.select_set(False)
        for one in hidden:
            one.hide_viewport = False
            one.hide_set(False)
            one.select_set(True)
        if not armature.select_get():
            raise AqgtError(
                f"“{armature.name}” is hidden with its collection.",
                "Show the collection in the Outliner.",
                "not-shown",
            )
        layer.objects.active = armature
        scene.frame_start, scene.frame_end = frames
        yield
    finally:
        scene.frame_start, scene.frame_end = kept[:2]
        for one, (was_hidden, was_disabled) in hidden.items():
            one.select_set(False)
            one.hide_set(was_hidden)
            one.hide_viewport = was_disabled
        for one in selected:
            one.select_set(True)
        layer.objects.active = active
        if mode != "OBJECT":
            bpy.ops.object.mode_set(mode=mode)
        scene.frame_set(kept[2], subframe=kept[3])


def _fbx(path: Path) -> Any:
    return bpy.ops.export_scene.fbx(
        filepath=str(path),
        use_selection=True,
        object_types={"ARMATURE", "MESH"},
        add_leaf_bones=False,
        bake_anim=True,
        bake_anim_use_all_actions=False,
        bake_anim_use_nla_strips=False,
        bake_anim_simplify_factor=0.0,
    )


def _glb(path: Path) -> Any:
    return bpy.ops.export_scene.gltf(
        filepath=str(path),
        export_format="GLB",
        use_selection=True,
        export_animation_mode="SCENE",
        export_frame_range=True,
        export_force_sampling=True,
        export_optimize_animation_size=False,
    )


def _usd(path: Path) -> Any:
    if "usd_export" not in dir(bpy.ops.wm):
        raise AqgtError(
            "This Blender was built without USD.", "Export FBX or GLB, or use the official build.", "no-usd"
        )
    return bpy.ops.wm.usd_export(
        filepath=str(path), selected_objects_only=True, export_animation=True, export_armatures=True
    )


def _bvh(path: Path) -> Any:
    scene = bpy.context.scene
    return bpy.ops.export_anim.bvh(
        filepath=str(path), frame_start=scene.frame_start, frame_end=scene.frame_end, root_transform_only=True
    )


def _blend(path: Path) -> Any:
    return bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True, check_existing=False)


WRITERS: dict[str, Callable[[Path], Any]] = {
    ".fbx": _fbx,
    ".glb": _glb,
    ".usd": _usd,
    ".usda": _usd,
    ".usdc": _usd,
    ".usdz": _usd,
    ".bvh": _bvh,
    ".blend": _blend,
}
"""Ends of file names to what Blender writes."""


def write_character(
    context: bpy.types.Context, armature: bpy.types.Object, path: Path, frames: tuple[int, int]
) -> None:
    """The armature and its meshes with what they play between two frames, in the format of the name's end.

    Raises:
        AqgtError: Blender can't write it.
    """
    if path.suffix.lower() == ".blend":
        _call(_blend, path)
        return
    with restored(context, armature, frames):
        _call(WRITERS[path.suffix.lower()], path)


def _call(writer: Callable[[Path], Any], path: Path) -> None:
    try:
        done = writer(path)
    except RuntimeError as error:
        raise AqgtError(
            f"Blender can't write “{path.name}”: {_last_line(error)}.",
            "Choose a folder that exists and is writable.",
            "export-failed",
        ) from error
    if "FINISHED" not in done or not path.is_file():
        raise AqgtError(f"Blender wrote no “{path.name}”.", "See Blender's messages.", "export-failed")


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else type(error).__name__
