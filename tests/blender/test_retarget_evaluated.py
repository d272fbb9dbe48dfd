# SPDX-License-Identifier: GPL-3.0-or-later
"""Transforms, inherit flags, reduced keys, additive strips, the way back, Rigify: as Blender shows them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="needs Blender as a module")

from aqgt import rotations, skeleton  # noqa: E402
from aqgt.retarget import (  # noqa: E402
    RetargetOptions,
    RigAnimation,
    as_additive,
    match,
    read,
    reduce_keys,
    solve,
)
from tests.blender.test_retarget_blender import (  # noqa: E402, F401
    armature,
    describe,
    evaluated_heads,
    wanted_directions,
    write,
)
from tests.retarget.kinematics import angles, posed_heads  # noqa: E402
from tests.retarget.motions import sample_motion, wander  # noqa: E402

FRAMES = range(0, 60, 7)
AS_IS = RetargetOptions(keep_out=False, head_neutral="reference")
JOINT = skeleton.JOINT_INDEX


def arm_error(heads: dict[str, np.ndarray], bones: dict[str, str], wanted: np.ndarray) -> float:
    """The most degrees by which limbs and index fingers point elsewhere."""
    worst = 0.0
    for side in ("left", "right"):
        for start, end, joint in (
            ("upper_arm_1", "forearm_1", "elbow"),
            ("forearm_1", "hand", "wrist"),
            ("index_1", "index_2", "index_2"),
        ):
            reached = heads[bones[f"{side}_{end}"]] - heads[bones[f"{side}_{start}"]]
            worst = max(worst, float(angles(reached, wanted[:, JOINT[f"{side}_{joint}"]]).max()))
    return worst


@pytest.mark.parametrize("scale", [(0.01, 0.01, 0.01), (-1.0, 1.0, 1.0), (-2.0, -2.0, -2.0)])
def test_in_the_world_the_motion_turns_scales_and_mirrors_with_the_object(
    armature: Any,  # noqa: F811
    scale: tuple[float, float, float],
) -> None:
    armature.scale = scale
    armature.rotation_mode = "XYZ"
    armature.rotation_euler = (0.4, -0.3, 2.0)
    armature.location = (3.0, 1.0, 0.5)
    bpy.context.view_layer.update()
    rig = describe(armature)
    mapping, motion = match(rig), sample_motion(1, 60)
    write(armature, solve(motion, rig, mapping, AS_IS), motion.fps)
    world = np.array(armature.matrix_world)
    heads = evaluated_heads(armature, FRAMES)
    heads = {name: points @ world[:3, :3].T for name, points in heads.items()}
    wanted = wanted_directions(motion)[FRAMES.start : FRAMES.stop : FRAMES.step] @ world[:3, :3].T
    assert arm_error(heads, mapping.bones, wanted) < 0.2


def test_inherit_flags(armature: Any) -> None:  # noqa: F811
    """No inherited rotation here, odd inherited scale there, local location off: limbs point the same."""
    bones = armature.data.bones
    mapping = match(describe(armature))
    for role, scale in (("left_upper_arm_1", "NONE"), ("right_hand", "ALIGNED"), ("head", "AVERAGE")):
        bones[mapping.bones[role]].use_inherit_rotation = False
        bones[mapping.bones[role]].inherit_scale = scale
    for role in ("left_forearm_1", "right_index_2", "spine_2"):
        bones[mapping.bones[role]].use_local_location = False
        bones[mapping.bones[role]].inherit_scale = "FIX_SHEAR"
    rig, motion = describe(armature), sample_motion(2, 60)
    animation = solve(motion, rig, mapping, AS_IS)
    write(armature, animation, motion.fps)
    heads = evaluated_heads(armature, FRAMES)
    wanted = wanted_directions(motion)[FRAMES.start : FRAMES.stop : FRAMES.step]
    assert arm_error(heads, mapping.bones, wanted) < 0.2
    for name, points in posed_heads(rig, animation).items():
        shown = points[FRAMES.start : FRAMES.stop : FRAMES.step]
        np.testing.assert_allclose(heads[name], shown, atol=2e-5, err_msg=name)


def pose_matrices(armature: Any, names: tuple[str, ...], n_frames: int) -> np.ndarray:  # noqa: F811
    poses = np.zeros((n_frames, len(names), 4, 4))
    for frame in range(n_frames):
        bpy.context.scene.frame_set(frame)
        evaluated = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        poses[frame] = [np.array(evaluated.pose.bones[name].matrix) for name in names]
    return poses


@pytest.mark.parametrize("mode", ["QUATERNION", "YXZ"])
def test_what_was_solved_is_read_back(armature: Any, mode: str) -> None:  # noqa: F811
    for bone in armature.pose.bones:
        bone.rotation_mode = mode
    rig, motion = describe(armature), sample_motion(3, 40)
    mapping = match(rig)
    write(armature, solve(motion, rig, mapping, AS_IS), motion.fps)
    back = read(rig, mapping, pose_matrices(armature, rig.names, len(motion)), motion.fps)
    first, second = motion.positions().astype(float), back.positions().astype(float)
    for side in ("left", "right"):
        pairs = [(f"{side}_shoulder", f"{side}_elbow"), (f"{side}_elbow", f"{side}_wrist")]
        pairs += [(f"{side}_{f}_{k}", f"{side}_{f}_{k + 1}") for f in skeleton.FINGERS for k in (1, 2, 3)]
        for start, end in pairs:
            a, b = JOINT[start], JOINT[end]
            assert angles(first[:, b] - first[:, a], second[:, b] - second[:, a]).max() < 1.0, end


def shown_rotations(armature: Any, animation: RigAnimation, n_frames: int) -> np.ndarray:  # noqa: F811
    """Rotations `[T, N, 4]` that Blender makes of the curves, in the bones' own axes."""
    shown = np.zeros((n_frames, len(animation.bones), 4))
    for frame in range(n_frames):
        bpy.context.scene.frame_set(frame)
        evaluated = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        for place, name in enumerate(animation.bones):
            basis = np.array(evaluated.pose.bones[name].matrix_basis)
            shown[frame, place] = rotations.from_matrix(basis[:3, :3])
    return shown


@pytest.mark.parametrize("mode", ["QUATERNION", "ZXY", "AXIS_ANGLE"])
def test_reduced_keys_play_within_their_bound(armature: Any, mode: str) -> None:  # noqa: F811
    for bone in armature.pose.bones:
        bone.rotation_mode = mode
    rig, motion = describe(armature), sample_motion(4, 60)
    animation = solve(motion, rig, match(rig))
    write(armature, animation, motion.fps)
    curves = armature.animation_data.action.layers[0].strips[0].channelbags[0].fcurves
    kept = dict(zip(animation.bones, reduce_keys(animation, 1.0), strict=True))
    for channel in animation.channels():
        keys = kept[channel.bone]
        for index, values in enumerate(channel.values.T):
            curve = curves.find(channel.data_path, index=index)
            curve.keyframe_points.clear()
            curve.keyframe_points.add(len(keys))
            co = np.stack([keys.astype(float), values[keys]], axis=-1)
            curve.keyframe_points.foreach_set("co", co.ravel())
            for point in curve.keyframe_points:
                point.interpolation = "LINEAR"
            curve.update()
    assert sum(map(len, kept.values())) < 0.6 * len(motion) * len(kept)
    gap = rotations.angle_between(shown_rotations(armature, animation, len(motion)), animation.quaternions)
    assert np.degrees(gap).max() < 1.05


@pytest.mark.parametrize("mode", ["QUATERNION", "XYZ", "AXIS_ANGLE"])
def test_an_additive_strip_on_its_base_shows_the_animation(armature: Any, mode: str) -> None:  # noqa: F811
    """The base on one NLA track, the change on another that is combined with it."""
    for bone in armature.pose.bones:
        bone.rotation_mode = mode
    rig, motion = describe(armature), sample_motion(5, 40)
    animation = solve(motion, rig, match(rig))
    rng = np.random.default_rng(0)
    turned = [rotations.from_rotation_vector(wander(rng, 40, 0.3)) for _ in animation.bones]
    below = RigAnimation(animation.bones, animation.times, np.stack(turned, axis=1), animation.rotation_modes)
    added = as_additive(animation, {channel.bone: channel.values for channel in below.channels()})
    for layer, blend in ((below, "REPLACE"), (added, "COMBINE")):
        write(armature, layer, motion.fps)
        action, slot = armature.animation_data.action, armature.animation_data.action_slot
        armature.animation_data.action = None
        strip = armature.animation_data.nla_tracks.new().strips.new(blend, 0, action)
        strip.action_slot = slot
        strip.blend_type = blend
    gap = rotations.angle_between(shown_rotations(armature, animation, len(motion)), animation.quaternions)
    assert np.degrees(gap).max() < 0.2


def test_a_rigify_rig_follows_the_motion(checkout: Path, blender: Any) -> None:
    """Constraints and all: its controls, its deform bones, and what is read back."""
    folder = Path(os.environ.get("AQGT_SHARED") or checkout.parent / "shared") / "rigs"
    if not folder.is_dir():
        pytest.skip(f"the test characters are not in {folder}")
    bpy.ops.wm.open_mainfile(filepath=str(folder / "rigify_human_generated.blend"))
    rigify = bpy.data.objects["rig"]
    rig, motion = describe(rigify), sample_motion(6, 60)
    mapping = match(rig)
    for switch in mapping.switches:
        rigify.pose.bones[switch.bone][switch.property] = switch.fk
    rigify.update_tag()
    write(rigify, solve(motion, rig, mapping, AS_IS), motion.fps)
    heads = evaluated_heads(rigify, FRAMES)
    wanted = wanted_directions(motion)[FRAMES.start : FRAMES.stop : FRAMES.step]
    assert arm_error(heads, mapping.bones, wanted) < 0.5
    for side, end in (("left", "L"), ("right", "R")):
        forearm = heads[f"DEF-hand.{end}"] - heads[f"DEF-forearm.{end}"]
        assert angles(forearm, wanted[:, JOINT[f"{side}_wrist"]]).max() < 0.5
        finger = heads[f"DEF-f_middle.03.{end}"] - heads[f"DEF-f_middle.02.{end}"]
        assert angles(finger, wanted[:, JOINT[f"{side}_middle_3"]]).max() < 0.5
    trunk = heads[mapping.bones["neck_1"]] - heads[mapping.bones["hips"]]
    at = motion.positions().astype(float)[FRAMES.start : FRAMES.stop : FRAMES.step]
    spine = (at[:, skeleton.THORAX] - at[:, skeleton.PELVIS])[:, [0, 2, 1]] * [1, 1, -1]
    assert angles(trunk, spine).mean() < 2.0
    back = read(rig, mapping, pose_matrices(rigify, rig.names, 20), motion.fps)
    for joint in ("left_elbow", "right_wrist", "left_index_3", "right_thumb_2"):
        assert angles(back.bone_vectors[:, JOINT[joint]], motion.bone_vectors[:20, JOINT[joint]]).max() < 1.0


def test_a_moving_target_is_looked_up_in_steps(blender, part, character, monkeypatch):
    pose, steps = part("scene.pose"), part("steps")
    target = bpy.data.objects.new("Target", None)
    blender.scene.collection.objects.link(target)
    for frame in (1, 61):
        target.location.x = frame / 10
        target.keyframe_insert("location", frame=frame)
    for curve_parent in target.animation_data.action.layers[0].strips[0].channelbags:
        for curve in curve_parent.fcurves:
            for key in curve.keyframe_points:
                key.interpolation = "LINEAR"
    frames = np.arange(1.0, 62.0)
    now = [0.0]

    def clock():
        now[0] += 0.002
        return now[0]

    monkeypatch.setattr(pose.time, "perf_counter", clock)
    blender.scene.frame_set(7)
    found, begin, looked = pose.placing_in(blender.scene, character, target, frames), now[0], 0
    while True:
        try:
            next(found)
        except StopIteration as end:
            places = end.value
            break
        looked += 1
        assert blender.scene.frame_current == 7, "between steps the old frame is shown"
        assert now[0] - begin < 0.03
        begin = now[0]
    assert looked > 5
    assert places.shape == (61, 3)
    steady = np.diff(places, axis=0)
    np.testing.assert_allclose(steady, np.broadcast_to(steady[0], steady.shape), atol=1e-4)
    assert np.linalg.norm(places[-1] - places[0]) > 1
    gone = pose.placing_in(blender.scene, character, target, frames)
    next(gone)
    bpy.data.objects.remove(target)
    with pytest.raises(pose.AqgtError, match="no longer there"):
        steps.drain(gone)
