# SPDX-License-Identifier: GPL-3.0-or-later
"""A character with its take as FBX or GLB."""

from __future__ import annotations

from pathlib import Path

import bpy

from aqgt.errors import AqgtError

KINDS = ("fbx", "glb")


def write(kind: str, armature: bpy.types.Object, path: Path) -> None:
    """Write the armature, its meshes and what its NLA tracks play together.

    Raises:
        AqgtError: the kind is unknown, or the file can't be written.
    """
    for one in bpy.context.scene.objects:
        one.select_set(one == armature or one in armature.children_recursive)
    bpy.context.view_layer.objects.active = armature
    try:
        if kind == "glb":
            bpy.ops.export_scene.gltf(
                filepath=str(path), export_format="GLB", use_selection=True, export_animation_mode="SCENE"
            )
        elif kind == "fbx":
            # Neither strip by strip nor action by action: what is seen is what is written.
            bpy.ops.export_scene.fbx(
                filepath=str(path),
                use_selection=True,
                object_types={"ARMATURE", "MESH"},
                add_leaf_bones=False,
                bake_anim=True,
                bake_anim_use_nla_strips=False,
                bake_anim_use_all_actions=False,
                bake_anim_simplify_factor=0.0,
            )
        else:
            raise AqgtError(f"There is no export “{kind}”.", f"Use {' or '.join(KINDS)}.", "bad-output")
    except RuntimeError as error:
        raise AqgtError(
            f"Blender cannot write “{path.name}” ({str(error).strip().splitlines()[-1]}).",
            "Check the folder, its permissions and the free space.",
            "bad-output",
        ) from None
