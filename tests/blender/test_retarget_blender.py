# SPDX-License-Identifier: GPL-3.0-or-later
"""The solver's result after Blender's own evaluation, on the demo character, in several rotation modes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="needs Blender as a module")

from aqgt import skeleton  # noqa: E402
from aqgt.motion import Motion  # noqa: E402
from aqgt.retarget import RetargetOptions, RigAnimation, RigDescription, match, solve  # noqa: E402
from tests.retarget.kinematics import angles, posed_heads  # noqa: E402
from tests.retarget.motions import load_rig, sample_motion  # noqa: E402


@pytest.fixture
def armature(checkout: Path, blender: Any) -> Any:
    bpy.ops.import_scene.gltf(
        filepath=str(checkout / "rigs" / "characters" / "mh_mixamo_male.glb"), disable_bone_shape=True
    )
    return next(found for found in bpy.data.objects if found.type == "ARMATURE")


def describe(armature: Any) -> RigDescription:
    return RigDescription.from_bones(
        [
            {
                "name": bone.name,
                "parent": bone.parent.name if bone.parent else None,
                "rest": np.array(bone.matrix_local),
                "tail": np.array(bone.tail_local),
                "rotation_mode": armature.pose.bones[bone.name].rotation_mode,
                "inherit_rotation": bone.use_inherit_rotation,
            }
            for bone in armature.data.bones
        ],
        np.array(armature.matrix_world),
    )


def write(armature: Any, animation: RigAnimation, fps: float) -> None:
    """The curves in a layered action, one key per frame."""
    action = bpy.data.actions.new("gestures")
    slot = action.slots.new(id_type="OBJECT", name=armature.name)
    armature.animation_data_create().action = action
    armature.animation_data.action_slot = slot
    strip = action.layers.new("layer").strips.new(type="KEYFRAME")
    curves = strip.channelbag(slot, ensure=True).fcurves
    frames = animation.times * fps
    for channel in animation.channels():
        for index, values in enumerate(channel.values.T):
            curve = curves.new(channel.data_path, index=index)
            curve.keyframe_points.add(len(frames))
            curve.keyframe_points.foreach_set("co", np.stack([frames, values], axis=-1).ravel())
            curve.update()


def evaluated_heads(armature: Any, frames: range) -> dict[str, np.ndarray]:
    """Heads `[frames, 3]` in armature space after evaluation."""
    heads: dict[str, list] = {bone.name: [] for bone in armature.pose.bones}
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        evaluated = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        for bone in evaluated.pose.bones:
            heads[bone.name].append(bone.head[:])
    return {name: np.array(points) for name, points in heads.items()}


def wanted_directions(motion: Motion) -> np.ndarray:
    x, y, z = np.moveaxis(motion.bone_vectors.astype(np.float64), -1, 0)
    return np.stack([x, z, -y], axis=-1)


@pytest.mark.parametrize("mode", ["QUATERNION", "XYZ", "ZYX", "AXIS_ANGLE"])
def test_directions_after_evaluation(armature: Any, mode: str) -> None:
    for bone in armature.pose.bones:
        bone.rotation_mode = mode
    rig = describe(armature)
    mapping = match(rig)
    motion = sample_motion(1, 90)
    animation = solve(motion, rig, mapping, RetargetOptions(keep_out=False))
    write(armature, animation, motion.fps)
    frames = range(0, 90, 7)
    heads = evaluated_heads(armature, frames)
    wanted = wanted_directions(motion)[frames.start : frames.stop : frames.step]
    joint = skeleton.JOINT_INDEX
    segments = []
    for side in ("left", "right"):
        segments.append((f"{side}_upper_arm_1", f"{side}_forearm_1", joint[f"{side}_elbow"]))
        segments.append((f"{side}_forearm_1", f"{side}_hand", joint[f"{side}_wrist"]))
        for finger in skeleton.FINGERS:
            chain = skeleton.finger_chain(side, finger)
            segments += [(f"{side}_{finger}_{k}", f"{side}_{finger}_{k + 1}", chain[k]) for k in (1, 2)]
    for start, end, index in segments:
        reached = heads[mapping.bones[end]] - heads[mapping.bones[start]]
        assert angles(reached, wanted[:, index]).max() < 0.2, start


def test_blender_agrees_with_the_numpy_kinematics(armature: Any) -> None:
    rig = describe(armature)
    motion = sample_motion(2, 40)
    animation = solve(motion, rig, match(rig))
    write(armature, animation, motion.fps)
    heads = evaluated_heads(armature, range(40))
    for name, points in posed_heads(rig, animation).items():
        np.testing.assert_allclose(heads[name], points, atol=2e-5, err_msg=name)


def test_legs_hips_and_rest_stay(armature: Any) -> None:
    rest = {bone.name: np.array(bone.matrix_local) for bone in armature.data.bones}
    rig = describe(armature)
    motion = sample_motion(3, 30)
    write(armature, solve(motion, rig, match(rig)), motion.fps)
    heads = evaluated_heads(armature, range(0, 30, 5))
    for bone in armature.data.bones:
        np.testing.assert_array_equal(np.array(bone.matrix_local), rest[bone.name])
        if any(word in bone.name for word in ("Hips", "Leg", "Foot", "Toe")):
            assert np.ptp(heads[bone.name], axis=0).max() == 0.0, bone.name


def test_the_kept_description_is_that_of_the_demo_character(armature: Any) -> None:
    rig, kept = describe(armature), load_rig("mixamo")
    assert rig.names == kept.names
    np.testing.assert_array_equal(rig.parents, kept.parents)
    np.testing.assert_allclose(rig.rest, kept.rest, atol=1e-5)
