# SPDX-License-Identifier: GPL-3.0-or-later
"""The section Retarget on every kind of rig, measured after Blender's own evaluation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="needs Blender as a module")

from aqgt.formats.npz import write_npz  # noqa: E402
from tests.blender import rigs  # noqa: E402
from tests.retarget.kinematics import angles  # noqa: E402
from tests.retarget.motions import sample_motion  # noqa: E402

MOTION = sample_motion(1, 75)
START = 1

Retarget = Callable[..., str]


@pytest.fixture
def retarget(blender: Any, tmp_path: Path) -> Retarget:
    """Lay the motion on an armature through the operator; the name of the new Action."""
    path = tmp_path / "motion.npz"
    write_npz(path, MOTION)
    scene = blender.scene
    scene.render.fps, scene.render.fps_base, scene.frame_start = 30, 1.0, START

    def run(armature: Any, **settings: Any) -> str:
        scene.aqgt_generate.character = armature
        chosen = {"source": "FILE", "filepath": str(path), "smoothing": "none", "keep_out": False}
        for name, value in (chosen | {"limits": False} | settings).items():
            setattr(scene.aqgt_retarget, name, value)
        before = set(bpy.data.actions)
        assert bpy.ops.aqgt.retarget() == {"FINISHED"}
        (action,) = set(bpy.data.actions) - before
        return str(action.name)

    return run


@pytest.fixture
def mapped(part: Any) -> Callable[[Any], dict[str, str]]:
    """The bones that takes of an armature use."""

    def bones(armature: Any) -> dict[str, str]:
        rig = part("scene.armature").describe(armature)
        return dict(part("retarget.mapping").mapping_of(armature, rig).bones)

    return bones


def check_limbs(armature: Any, bones: dict[str, str], fingers: bool = True) -> dict[str, np.ndarray]:
    """The retargeting contract, at whole frames of the take."""
    rate = bpy.context.scene.render.fps / bpy.context.scene.render.fps_base
    start = START / rate
    last = int((start + (len(MOTION) - 1) / MOTION.fps) * rate)
    frames = np.arange(START, last, 6)
    wanted = rigs.wanted_directions(MOTION, frames / rate - start)
    posed = rigs.evaluated(armature, frames)
    errors = rigs.limb_errors(posed, bones, wanted)
    assert sum("arm" in role for role in errors) == 4
    assert (len(errors) > 4) is fingers
    for role, error in errors.items():
        assert error.mean() <= 0.1, (role, error.mean())
        assert error.max() <= 0.5, (role, error.max())
    return posed


@pytest.mark.parametrize("name", rigs.RIGS)
def test_every_rig_follows(
    name: str, checkout: Path, tmp_path: Path, retarget: Retarget, mapped: Any
) -> None:
    armature = rigs.load(rigs.shared_rig(checkout, name), tmp_path)
    retarget(armature)
    check_limbs(armature, mapped(armature))


@pytest.mark.parametrize(("fps", "base"), [(24, 1.0), (30, 1.001)])
def test_other_frame_rates(fps: int, base: float, character: Any, retarget: Retarget, mapped: Any) -> None:
    bpy.context.scene.render.fps, bpy.context.scene.render.fps_base = fps, base
    retarget(character)
    check_limbs(character, mapped(character))


@pytest.mark.parametrize(
    ("scale", "turn"),
    [((2, 2, 2), (0.3, -0.7, 2.0)), ((-1, 1, 1), (0, 0, 0)), ((0.01, 0.01, 0.01), (1.5708, 0, 0))],
)
def test_scaled_rotated_and_mirrored_objects(
    scale: tuple[float, ...], turn: tuple[float, ...], character: Any, retarget: Retarget, mapped: Any
) -> None:
    character.scale, character.rotation_euler, character.location = scale, turn, (3, -2, 1)
    character.rotation_mode = "XYZ"
    bpy.context.view_layer.update()
    retarget(character)
    check_limbs(character, mapped(character))


@pytest.mark.parametrize("mode", ["XYZ", "ZXY", "AXIS_ANGLE"])
def test_rotation_modes(mode: str, character: Any, retarget: Retarget, mapped: Any) -> None:
    for bone in character.pose.bones:
        bone.rotation_mode = mode
    retarget(character)
    check_limbs(character, mapped(character))
    assert {bone.rotation_mode for bone in character.pose.bones} == {mode}


def test_rigifys_controls_are_keyed_and_its_deforming_bones_follow(
    checkout: Path, tmp_path: Path, retarget: Retarget, mapped: Any
) -> None:
    armature = rigs.load(rigs.shared_rig(checkout, "rigify"), tmp_path)
    assert armature.pose.bones["upper_arm_parent.L"]["IK_FK"] == 0.0
    name = retarget(armature)
    paths = {curve.data_path for curve in curves(bpy.data.actions[name])}
    assert any(path.startswith('pose.bones["upper_arm_fk.L"]') for path in paths)
    assert 'pose.bones["upper_arm_parent.L"]["IK_FK"]' in paths
    assert not any("DEF-" in path or "ORG-" in path or "MCH-" in path for path in paths)
    posed = check_limbs(armature, mapped(armature))
    for side in ("L", "R"):
        control = posed[f"forearm_fk.{side}"][:, :3, 3] - posed[f"upper_arm_fk.{side}"][:, :3, 3]
        deformed = posed[f"DEF-forearm.{side}"][:, :3, 3] - posed[f"DEF-upper_arm.{side}"][:, :3, 3]
        assert angles(deformed, control).max() < 0.1


def test_a_rig_without_fingers(retarget: Retarget, mapped: Any, blender: Any) -> None:
    armature = rigs.without_fingers()
    retarget(armature)
    check_limbs(armature, mapped(armature), fingers=False)


def test_a_rig_with_unknown_names(retarget: Retarget, mapped: Any, blender: Any) -> None:
    stick = rigs.without_fingers()
    unknown = {bone.name: f"b{index:02d}" for index, bone in enumerate(stick.data.bones)}
    bpy.data.objects.remove(stick)
    armature = rigs.without_fingers(unknown)
    retarget(armature)
    check_limbs(armature, mapped(armature), fingers=False)


def curves(action: Any) -> list[Any]:
    return [
        curve
        for layer in action.layers
        for strip in layer.strips
        for bag in strip.channelbags
        for curve in bag.fcurves
    ]


def test_only_mapped_bones_get_curves(character: Any, retarget: Retarget, mapped: Any) -> None:
    action = bpy.data.actions[retarget(character)]
    keyed = {curve.data_path.split('"')[1] for curve in curves(action)}
    assert keyed <= set(mapped(character).values())
    assert not any(word in bone for bone in keyed for word in ("Hips", "Leg", "Foot", "Toe"))


def test_left_out_parts_get_no_curves(character: Any, retarget: Retarget) -> None:
    action = bpy.data.actions[retarget(character, use_left_arm=False, use_left_hand=False, use_head=False)]
    keyed = {curve.data_path.split('"')[1] for curve in curves(action)}
    assert any("RightArm" in bone for bone in keyed)
    assert not any(bone.endswith(("LeftArm", "LeftForeArm", "LeftHand", "Head")) for bone in keyed)


def test_reduced_keys_stay_within_the_bound(character: Any, retarget: Retarget) -> None:
    frames = np.arange(START, START + 74, 1.0)
    full = bpy.data.actions[retarget(character)]
    posed = rigs.evaluated(character, frames)
    n_full = sum(len(curve.keyframe_points) for curve in curves(full))
    character.animation_data_clear()
    reduced = bpy.data.actions[retarget(character, key_error=0.5)]
    n_reduced = sum(len(curve.keyframe_points) for curve in curves(reduced))
    assert n_reduced < 0.6 * n_full
    again = rigs.evaluated(character, frames)
    for bone in character.pose.bones:
        parent = bone.parent.name if bone.parent else None
        local = [
            (np.linalg.inv(one[parent]) @ one[bone.name] if parent else one[bone.name])[:, :3, :3]
            for one in (posed, again)
        ]
        cosine = (np.einsum("tij,tij->t", *local) - 1) / 2
        assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).max() <= 0.5 + 0.05, bone.name


def _sway(armature: Any, bone: str, mode: str) -> None:
    """An Action that turns a bone over the take, as an animator would have made it."""
    posed = armature.pose.bones[bone]
    posed.rotation_mode = mode
    for frame, turn in ((START, 0.2), (START + 70, 0.6)):
        if mode == "QUATERNION":
            posed.rotation_quaternion = (np.cos(turn / 2), 0, 0, np.sin(turn / 2))
            posed.keyframe_insert("rotation_quaternion", frame=frame)
        else:
            posed.rotation_euler = (0, 0, turn)
            posed.keyframe_insert("rotation_euler", frame=frame)


@pytest.mark.parametrize("mode", ["QUATERNION", "XYZ"])
def test_an_additive_take_lets_what_lies_below_go_on(mode: str, character: Any, retarget: Retarget) -> None:
    """At its first frame it looks as a replacing one does; later the change below is added."""
    spine = "mixamorig:Spine"
    frames = np.array([START, START + 70.0])
    retarget(character)
    alone = rigs.evaluated(character, frames)
    character.animation_data_clear()
    _sway(character, spine, mode)
    retarget(character, additive=True)
    data = character.animation_data
    assert [track.strips[0].blend_type for track in data.nla_tracks] == ["REPLACE", "COMBINE"]
    strip = data.nla_tracks[-1].strips[0]
    strip.blend_in = strip.blend_out = 0  # at the very first frame a fade would show nothing yet
    both = rigs.evaluated(character, frames)
    np.testing.assert_allclose(both[spine][0, :3, :3], alone[spine][0, :3, :3], atol=2e-3)
    turned = alone[spine][1, :3, :3].T @ both[spine][1, :3, :3]
    angle = np.degrees(np.arccos((np.trace(turned) - 1) / 2))
    assert angle == pytest.approx(np.degrees(0.4), abs=4.0)


def test_a_track_per_part_with_influence(character: Any, retarget: Retarget) -> None:
    arm = character.pose.bones["mixamorig:LeftArm"]
    retarget(character, split=True, influence_left_arm=0.0)
    tracks = {track.name.split(" · ")[-1]: track for track in character.animation_data.nla_tracks}
    assert set(tracks) == {
        "torso", "head", "left arm", "right arm", "left hand", "right hand", "left fingers", "right fingers",
    }  # fmt: skip
    assert len({track.strips[0].action for track in tracks.values()}) == 1
    bpy.context.scene.frame_set(START + 40)
    assert arm.rotation_quaternion.angle < 1e-6
    assert character.pose.bones["mixamorig:RightArm"].rotation_quaternion.angle > 0.2
    assert character.pose.bones["mixamorig:LeftForeArm"].rotation_quaternion.angle < 1e-6
    assert character.pose.bones["mixamorig:LeftHandIndex1"].rotation_quaternion.angle > 0.01
    turned = {}
    for influence in (1.0, 0.5):
        curve = tracks["left arm"].strips[0].fcurves.find("influence")
        curve.keyframe_points[0].co[1] = influence
        curve.update()
        bpy.context.scene.frame_set(START + 40)
        turned[influence] = arm.rotation_quaternion.angle
    assert turned[1.0] > 0.2
    assert turned[0.5] == pytest.approx(turned[1.0] / 2, rel=0.1)


def test_a_track_per_part_fades_over_what_lies_below(character: Any, retarget: Retarget) -> None:
    _sway(character, "mixamorig:Spine", "QUATERNION")
    spine = character.pose.bones["mixamorig:Spine"]
    frames = (START, START + 6, START + 40)
    below = [_turned(spine, frame) for frame in frames]
    retarget(character, split=True, influence_torso=0.5)
    track = next(one for one in character.animation_data.nla_tracks if one.name.endswith("torso"))
    keys = [tuple(key.co) for key in track.strips[0].fcurves.find("influence").keyframe_points]
    assert [value for _, value in keys] == [0.0, 0.5, 0.5, 0.0]
    assert keys[1][0] - keys[0][0] == pytest.approx(0.4 * 30)
    faded = [_turned(spine, frame) for frame in frames]
    distance = [one.rotation_difference(other).angle for one, other in zip(faded, below, strict=True)]
    assert distance[0] < 1e-3
    assert distance[0] < distance[1] < distance[2]


def _turned(bone: Any, frame: int) -> Any:
    bpy.context.scene.frame_set(frame)
    return bone.rotation_quaternion.copy()
