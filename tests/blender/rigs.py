# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigs to retarget to, and what their bones do after Blender's own evaluation."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from aqgt import skeleton
from aqgt.motion import Motion
from tests.retarget.kinematics import angles

RIGS = {
    "mixamo": "mh_mixamo_male.glb",
    "makehuman": "mh_default_female.glb",
    "vroid": "mh_vroidnames_female.vrm",
    "rigify": "rigify_human_generated.blend",
}
"""The rigs of the shared folder, by bone naming."""


def shared_rig(checkout: Path, name: str) -> Path:
    """The file of a rig; the test is skipped where the shared folder is not there."""
    if name == "mixamo":
        return checkout / "rigs" / "characters" / RIGS[name]
    folder = Path(os.environ.get("AQGT_SHARED", checkout.parent / "shared")) / "rigs"
    if not folder.is_dir():
        pytest.skip(f"there are no rigs in {folder}: set AQGT_SHARED")
    return folder / RIGS[name]


def load(path: Path, scratch: Path) -> Any:
    """The armature of a file, in the open scene."""
    if path.suffix == ".blend":
        with bpy.data.libraries.load(str(path)) as (inside, wanted):
            wanted.objects = list(inside.objects)
        for one in wanted.objects:
            bpy.context.scene.collection.objects.link(one)
        return next(one for one in wanted.objects if one.type == "ARMATURE")
    if path.suffix == ".vrm":  # a glTF file by another name
        path = Path(shutil.copy(path, scratch / "character.glb"))
    before = set(bpy.data.objects)
    bpy.ops.import_scene.gltf(filepath=str(path), disable_bone_shape=True)
    return next(one for one in set(bpy.data.objects) - before if one.type == "ARMATURE")


def build(
    bones: dict[str, tuple[str | None, tuple[float, ...], tuple[float, ...]]], name: str = "Built"
) -> Any:
    """An armature of bones: name to parent, head, tail in metres."""
    armature = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    for bone, (parent, head, tail) in bones.items():
        made = armature.data.edit_bones.new(bone)
        made.head, made.tail = head, tail
        made.parent = armature.data.edit_bones[parent] if parent else None
    bpy.ops.object.mode_set(mode="OBJECT")
    return armature


def without_fingers(names: dict[str, str] | None = None) -> Any:
    """A stick man in T-pose without fingers; ``names`` gives his bones others."""
    bones: dict[str, Any] = {
        "Hips": (None, (0, 0, 0.95), (0, 0, 1.05)),
        "Spine": ("Hips", (0, 0, 1.05), (0, 0, 1.25)),
        "Chest": ("Spine", (0, 0, 1.25), (0, 0, 1.45)),
        "Neck": ("Chest", (0, 0, 1.45), (0, 0, 1.55)),
        "Head": ("Neck", (0, 0, 1.55), (0, 0, 1.75)),
    }
    for side, sign in (("L", 1.0), ("R", -1.0)):
        bones |= {
            f"Shoulder.{side}": ("Chest", (sign * 0.03, 0, 1.42), (sign * 0.17, 0, 1.42)),
            f"UpperArm.{side}": (f"Shoulder.{side}", (sign * 0.17, 0, 1.42), (sign * 0.45, 0, 1.42)),
            f"Forearm.{side}": (f"UpperArm.{side}", (sign * 0.45, 0, 1.42), (sign * 0.70, 0, 1.42)),
            f"Hand.{side}": (f"Forearm.{side}", (sign * 0.70, 0, 1.42), (sign * 0.82, 0, 1.42)),
            f"Thigh.{side}": ("Hips", (sign * 0.09, 0, 0.92), (sign * 0.09, -0.01, 0.5)),
            f"Shin.{side}": (f"Thigh.{side}", (sign * 0.09, -0.01, 0.5), (sign * 0.09, 0.01, 0.08)),
            f"Foot.{side}": (f"Shin.{side}", (sign * 0.09, 0.01, 0.08), (sign * 0.09, -0.13, 0.02)),
        }
    names = names or {}
    return build(
        {
            names.get(bone, bone): (names.get(parent, parent) if parent else None, head, tail)
            for bone, (parent, head, tail) in bones.items()
        }
    )


def evaluated(armature: Any, frames: np.ndarray) -> dict[str, np.ndarray]:
    """Pose matrices `[T, 4, 4]` per bone in armature space, as Blender evaluates them."""
    found: dict[str, list[np.ndarray]] = {bone.name: [] for bone in armature.pose.bones}
    for frame in frames:
        whole = int(np.floor(frame))
        bpy.context.scene.frame_set(whole, subframe=float(frame - whole))
        posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        for bone in posed.pose.bones:
            found[bone.name].append(np.array(bone.matrix))
    return {name: np.array(matrices) for name, matrices in found.items()}


def wanted_directions(motion: Motion, times: np.ndarray) -> np.ndarray:
    """Unit bone vectors `[T, 53, 3]` at the given seconds, with the character's axes (z up, facing −y)."""
    x, y, z = np.moveaxis(motion.sample(times).astype(np.float64), -1, 0)
    return np.stack([x, z, -y], axis=-1)


def limb_errors(
    posed: dict[str, np.ndarray], bones: dict[str, str], wanted: np.ndarray
) -> dict[str, np.ndarray]:
    """Degrees `[T]` between joint-to-joint directions reached and wanted: arms, and fingers without tips.

    Args:
        posed: matrices per bone in armature space.
        bones: role to bone name.
        wanted: `[T, 53, 3]`.
    """
    index = skeleton.JOINT_INDEX
    segments: list[tuple[str, str, int]] = []
    for side in ("left", "right"):
        segments.append((f"{side}_upper_arm_1", f"{side}_forearm_1", index[f"{side}_elbow"]))
        segments.append((f"{side}_forearm_1", f"{side}_hand", index[f"{side}_wrist"]))
        for finger in skeleton.FINGERS:
            chain = skeleton.finger_chain(side, finger)
            segments += [(f"{side}_{finger}_{k}", f"{side}_{finger}_{k + 1}", chain[k]) for k in (1, 2)]
    errors = {}
    for start, end, joint in segments:
        if start in bones and end in bones:
            reached = posed[bones[end]][:, :3, 3] - posed[bones[start]][:, :3, 3]
            errors[start] = angles(reached, wanted[:, joint])
    return errors
