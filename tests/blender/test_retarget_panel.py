# SPDX-License-Identifier: GPL-3.0-or-later
"""The section Retarget: bones found, corrected, remembered and shared; what must not change does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import numpy as np
import pytest

from aqgt.formats.bvh import write_bvh
from aqgt.formats.npz import write_npz
from aqgt.retarget import PARTS
from tests.blender import rigs
from tests.blender.helpers import refused, snapshot
from tests.retarget.motions import sample_motion

MOTION = sample_motion(4, 40)
ARM = "mixamorig:LeftArm"


@pytest.fixture
def settings(blender: Any, character: Any, tmp_path: Path) -> Any:
    """The section's settings with a motion file chosen."""
    write_npz(tmp_path / "motion.npz", MOTION)
    chosen = blender.scene.aqgt_retarget
    chosen.source, chosen.filepath = "FILE", str(tmp_path / "motion.npz")
    return chosen


def row(settings: Any, role: str) -> Any:
    return next(one for one in settings.rows if one.name == role)


def test_auto_map_fills_the_list(settings: Any) -> None:
    assert bpy.ops.aqgt.auto_map() == {"FINISHED"}
    shown = {one.name: one for one in settings.rows}
    assert shown["left_upper_arm_1"].bone == ARM
    assert shown["left_upper_arm_1"].title == "left upper arm"
    assert shown["left_upper_arm_1"].status == "OK"
    assert list(shown)[:2] == ["hips", "spine_1"]
    assert settings.rows_of == "Armature"


def test_a_missing_and_a_doubtful_bone_say_so(blender: Any, part: Any) -> None:
    stick = rigs.without_fingers()
    unknown = {bone.name: f"b{index:02d}" for index, bone in enumerate(stick.data.bones)}
    bpy.data.objects.remove(stick)
    blender.scene.aqgt_generate.character = rigs.without_fingers(unknown)
    assert bpy.ops.aqgt.auto_map() == {"FINISHED"}
    settings = blender.scene.aqgt_retarget
    assert row(settings, "left_thumb_1").status == "MISSING"
    for one in settings.rows:
        assert bool(one.bone) == (one.status != "MISSING")
        assert bool(one.reason) == (one.status == "DOUBTFUL")


def test_a_bone_chosen_by_hand_is_used_and_remembered_on_apply(settings: Any, character: Any) -> None:
    bpy.ops.aqgt.auto_map()
    row(settings, "left_index_1").bone = ""
    row(settings, "left_index_2").bone = ""
    row(settings, "left_index_3").bone = ""
    assert row(settings, "left_index_1").status == "MISSING"
    assert "aqgt_mapping" not in character.data
    assert bpy.ops.aqgt.retarget() == {"FINISHED"}
    listed = json.loads(character.data["aqgt_mapping"])["rows"]
    kept = {one["role"]: one["bone"] for one in listed if one["bone"]}
    assert kept["left_upper_arm_1"] == ARM
    assert "left_index_1" not in kept
    action = character.animation_data.nla_tracks[-1].strips[0].action
    paths = {curve.data_path for curve in action.layers[0].strips[0].channelbags[0].fcurves}
    assert not any("LeftHandIndex" in path for path in paths)
    assert any("LeftHandMiddle" in path for path in paths)


def test_remembered_bones_survive_the_file_and_can_be_forgotten(
    settings: Any, character: Any, part: Any, tmp_path: Path
) -> None:
    bpy.ops.aqgt.auto_map()
    row(settings, "head").bone = ""
    assert bpy.ops.aqgt.remember_map() == {"FINISHED"}
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "kept.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "kept.blend"))
    armature = bpy.data.objects["Armature"]
    describe, mapping_of = part("scene.armature").describe, part("retarget.mapping").mapping_of
    assert "head" not in mapping_of(armature, describe(armature)).bones
    assert bpy.ops.aqgt.remember_map(forget=True) == {"FINISHED"}
    assert "aqgt_mapping" not in armature.data
    assert "head" in mapping_of(armature, describe(armature)).bones


@pytest.mark.parametrize("suffix", [".json", ".toml"])
def test_bones_are_shared_by_file(settings: Any, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"bones{suffix}"
    bpy.ops.aqgt.auto_map()
    row(settings, "right_thumb_3").bone = ""
    before = {one.name: one.bone for one in settings.rows}
    assert bpy.ops.aqgt.save_map(filepath=str(path)) == {"FINISHED"}
    bpy.ops.aqgt.auto_map()
    assert row(settings, "right_thumb_3").bone
    assert bpy.ops.aqgt.load_map(filepath=str(path)) == {"FINISHED"}
    assert {one.name: one.bone for one in settings.rows} == before


def test_a_bone_map_is_read_as_a_file_of_bones(settings: Any, checkout: Path) -> None:
    assert bpy.ops.aqgt.load_map(filepath=str(checkout / "rigs" / "mixamo.toml")) == {"FINISHED"}
    assert row(settings, "left_upper_arm_1").bone == ARM


@pytest.mark.parametrize("content", ["{", '{"schema": 1, "kind": "mapping"}', '{"schema": 9}', "[]"])
def test_a_file_that_is_no_list_of_bones(settings: Any, tmp_path: Path, content: str) -> None:
    path = tmp_path / "bones.json"
    path.write_text(content)
    assert "can't be read" in refused(bpy.ops.aqgt.load_map, filepath=str(path))


def test_two_roles_with_one_bone_are_refused(settings: Any) -> None:
    bpy.ops.aqgt.auto_map()
    row(settings, "left_hand").bone = ARM
    assert "is used for" in refused(bpy.ops.aqgt.remember_map)


def test_a_rig_that_nobody_knows_is_mapped_by_hand(blender: Any) -> None:
    armature = rigs.build({"a": (None, (0, 0, 1), (0, 0, 1.3)), "b": ("a", (0.1, 0, 1), (0.2, 0, 1))})
    blender.scene.aqgt_generate.character = armature
    assert bpy.ops.aqgt.auto_map() == {"FINISHED"}
    settings = blender.scene.aqgt_retarget
    assert {one.status for one in settings.rows} == {"MISSING"}
    assert "forearm" in refused(bpy.ops.aqgt.remember_map)
    row(settings, "left_upper_arm_1").bone, row(settings, "left_forearm_1").bone = "a", "b"
    assert bpy.ops.aqgt.remember_map() == {"FINISHED"}


def test_a_bvh_file_gives_the_same_take(settings: Any, character: Any, tmp_path: Path) -> None:
    write_bvh(tmp_path / "motion.bvh", MOTION)
    bpy.ops.aqgt.retarget()
    settings.filepath = str(tmp_path / "motion.bvh")
    bpy.ops.aqgt.retarget()
    posed = []
    tracks = character.animation_data.nla_tracks
    for track in tracks:
        for one in tracks:
            one.mute = one != track
        posed.append(rigs.evaluated(character, np.array([21.0]))[ARM])
    np.testing.assert_allclose(posed[0], posed[1], atol=2e-3)
    assert np.abs(posed[0]).max() > 0


def test_another_armature_is_read(settings: Any, character: Any, checkout: Path) -> None:
    """The performer moves by a take of its own; the character then moves like the performer."""
    bpy.ops.aqgt.retarget()
    copy = character.copy()
    bpy.context.scene.collection.objects.link(copy)
    copy.animation_data_clear()
    settings.source, settings.performer = "ARMATURE", character
    bpy.context.scene.aqgt_generate.character = copy
    settings.smoothing, settings.keep_out, settings.limits = "none", False, False
    assert bpy.ops.aqgt.retarget() == {"FINISHED"}
    frames = np.array([9.0, 20.0, 33.0])
    wanted, reached = rigs.evaluated(character, frames), rigs.evaluated(copy, frames)
    for bone in (ARM, "mixamorig:LeftForeArm", "mixamorig:RightHandIndex2"):
        one, other = wanted[bone][:, :3, 1], reached[bone][:, :3, 1]
        assert np.degrees(np.arccos(np.clip(np.sum(one * other, axis=1), -1, 1))).max() < 1.0, bone


def test_a_take_goes_to_another_character(settings: Any, character: Any) -> None:
    bpy.ops.aqgt.retarget()
    take = character.animation_data.nla_tracks[-1].strips[0].action
    other = rigs.without_fingers()
    bpy.context.scene.aqgt_generate.character = other
    settings.source, settings.take = "TAKE", take.name
    assert bpy.ops.aqgt.retarget() == {"FINISHED"}
    assert other.animation_data.nla_tracks[-1].strips[0].action["aqgt_start"] == take["aqgt_start"]


def test_the_head_looks_at_an_object(settings: Any, character: Any) -> None:
    target = bpy.data.objects.new("Target", None)
    bpy.context.scene.collection.objects.link(target)
    head = character.pose.bones["mixamorig:Head"]
    yaw = {}
    for side, x in (("left", 2.0), ("right", -2.0)):
        target.location = (x, -2.0, 1.6)
        bpy.context.view_layer.update()
        settings.look_at = target
        bpy.ops.aqgt.retarget()
        bpy.context.scene.frame_set(20)
        turn = np.array(head.matrix)[:3, :3] @ np.array(head.bone.matrix_local)[:3, :3].T
        yaw[side] = np.degrees(np.arctan2((turn @ [0, -1, 0])[0], -(turn @ [0, -1, 0])[1]))
        character.animation_data_clear()
    assert yaw["left"] > 25
    assert yaw["right"] < -25


# ------------------------------------------------------------------ what must not change


@pytest.fixture
def busy(character: Any) -> Iterator[Any]:
    """Everything a take could spoil: Action, tracks, constraint, driver, property, pose mode."""
    bones = character.pose.bones
    bones["mixamorig:Hips"].constraints.new("LIMIT_ROTATION").owner_space = "LOCAL"
    driver = bones["mixamorig:LeftLeg"].driver_add("rotation_quaternion", 1).driver
    driver.expression = "0.25"
    character["height"] = 1.75
    character.data["note"] = "mine"
    old = bpy.data.actions.new("Old")
    slot = old.slots.new(id_type="OBJECT", name="Armature")
    bag = old.layers.new("l").strips.new(type="KEYFRAME").channelbag(slot, ensure=True)
    curve = bag.fcurves.new('pose.bones["mixamorig:Hips"].location', index=2)
    curve.keyframe_points.insert(1, 0.1)
    curve.keyframe_points.insert(60, 0.2)
    data = character.animation_data_create()
    track = data.nla_tracks.new()
    track.strips.new("Old", 1, old).action_slot = slot
    bpy.context.view_layer.objects.active = character
    character.select_set(True)
    bpy.ops.object.mode_set(mode="POSE")
    bpy.context.scene.frame_set(7)
    yield character
    if bpy.context.mode == "POSE":
        bpy.ops.object.mode_set(mode="OBJECT")


def state(character: Any) -> dict[str, Any]:
    """What helpers.snapshot does not say."""
    return {
        **snapshot(),
        "constraints": [
            (bone.name, one.type, one.owner_space, one.influence)
            for bone in character.pose.bones
            for one in bone.constraints
        ],
        "drivers": [
            (one.data_path, one.array_index, one.driver.expression)
            for one in character.animation_data.drivers
        ],
        "properties": {  # Blender 4.5 counts those that an extension has registered, too
            key: value
            for key, value in character.items()
            if not key.startswith("_") and key not in character.bl_rna.properties
        },
        "data": {key: value for key, value in character.data.items() if not key.startswith("_")},
        "selected": [bone.name for bone in character.pose.bones if _selected(bone)],
        "pose": [np.array(bone.matrix_basis).tobytes() for bone in character.pose.bones],
        "frame": (bpy.context.scene.frame_current, bpy.context.scene.frame_subframe),
    }


def _selected(bone: Any) -> bool:
    return bool(bone.select if hasattr(bone, "select") else bone.bone.select)


def test_a_take_adds_one_action_and_one_track_and_nothing_else(settings: Any, busy: Any) -> None:
    before = state(busy)
    assert bpy.ops.aqgt.retarget() == {"FINISHED"}
    after = state(busy)
    assert set(after["actions"]) - set(before["actions"]) == {"Gestures Armature"}
    assert after["actions"]["Old"][:3] == before["actions"]["Old"][:3]
    for kept in (
        "constraints",
        "drivers",
        "properties",
        "data",
        "selected",
        "frame",
        "mode",
        "active",
        "scenes",
    ):
        assert after[kept] == before[kept], kept
    rests = [[bone[:2] + bone[3:] for bone in one["objects"]["Armature"][2]] for one in (before, after)]
    assert rests[0] == rests[1]
    assert after["objects"]["Armature"][3][1][:1] == before["objects"]["Armature"][3][1]
    assert len(after["objects"]["Armature"][3][1]) == 2


@pytest.mark.parametrize("additive", [False, True])
@pytest.mark.parametrize("stage", ["scene.nla.lay_on_new_track", "scene.actions.write_curves"])
def test_a_failure_puts_everything_back(
    settings: Any, busy: Any, part: Any, monkeypatch: pytest.MonkeyPatch, stage: str, additive: bool
) -> None:
    active = bpy.data.actions.new("Active")
    slot = active.slots.new(id_type="OBJECT", name="Armature")
    busy.animation_data.action, busy.animation_data.action_slot = active, slot
    settings.additive = additive
    bpy.ops.aqgt.auto_map()
    row(settings, "head").bone = ""
    before = state(busy)

    def fail(*_arguments: Any, **_options: Any) -> None:
        raise RuntimeError("out of memory")

    module, _, name = stage.rpartition(".")
    monkeypatch.setattr(part(module), name, fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        bpy.ops.aqgt.retarget()
    assert state(busy) == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"filepath": "/nowhere.npz"}, "no file"),
        ({"filepath": ""}, "No file is chosen"),
        ({"source": "ARMATURE"}, "No performer"),
        ({"source": "TAKE"}, "has no take"),
({f"use_{part}": False for part in PARTS}, "left out"),
    ],
)  # fmt: skip
def test_refusals_say_what_to_do_and_change_nothing(
    settings: Any, busy: Any, change: dict[str, Any], said: str
) -> None:
    for name, value in change.items():
        setattr(settings, name, value)
    before = state(busy)
    assert said in refused(bpy.ops.aqgt.retarget)
    assert state(busy) == before


def test_undo_takes_everything_back_in_one_step(settings: Any, character: Any) -> None:
    name = character.name
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.aqgt.retarget()
    bpy.ops.ed.undo_push(message="after")
    bpy.ops.ed.undo()
    assert not bpy.data.actions
    assert bpy.data.objects[name].animation_data is None


# ------------------------------------------------------------------ humanoid maps


def test_the_humanoid_map_of_a_vrm_character_is_read(character: Any, part: Any) -> None:
    humanoid_of = part("scene.humanoid").humanoid_of
    assert humanoid_of(character) == {}
    character.data["VRMC_vrm"] = {"humanoid": {"humanBones": {"hips": "mixamorig:Hips", "leftUpperArm": ARM}}}
    assert humanoid_of(character) == {"hips": "mixamorig:Hips", "leftUpperArm": ARM}
    del character.data["VRMC_vrm"]
    character["humanoid"] = json.dumps({"humanBones": {"head": "mixamorig:Head"}})
    assert humanoid_of(character) == {"head": "mixamorig:Head"}
    assert dict(part("scene.armature").describe(character).humanoid) == {"head": "mixamorig:Head"}


def test_the_vrm_add_ons_data_is_read_in_both_versions(part: Any) -> None:
    """Stand-ins with the attributes that the add-on's own property groups have."""
    of_add_on = part("scene.humanoid")._of_add_on
    bone = lambda name: SimpleNamespace(node=SimpleNamespace(bone_name=name))  # noqa: E731
    properties = dict.fromkeys(("left_upper_arm", "left_thumb_metacarpal", "jaw", "initial"))
    bones = SimpleNamespace(bl_rna=SimpleNamespace(properties=properties), initial=True, jaw=bone(""))
    bones.left_upper_arm, bones.left_thumb_metacarpal = bone("ArmL"), bone("T0")
    holder = lambda bones: SimpleNamespace(humanoid=SimpleNamespace(human_bones=bones))  # noqa: E731
    new = SimpleNamespace(spec_version="1.0", vrm1=holder(bones))
    assert dict(of_add_on(new)) == {"leftUpperArm": "ArmL", "leftThumbMetacarpal": "T0"}
    thumb = (("leftThumbProximal", "T0"), ("leftThumbIntermediate", "T1"), ("hips", ""))
    listed = [SimpleNamespace(bone=human, node=bone(name).node) for human, name in thumb]
    old = SimpleNamespace(spec_version="0.0", vrm0=holder(listed))
    assert dict(of_add_on(old)) == {"leftThumbMetacarpal": "T0", "leftThumbProximal": "T1"}


def test_points_of_the_skin_lie_on_the_body(character: Any, part: Any) -> None:
    armature = part("scene.armature")
    character.scale, character.location = (2, 2, 2), (5, 0, 0)
    bpy.context.view_layer.update()
    points, bones = armature.body_points(character, 500)
    assert 300 < len(points) == len(bones) <= 501
    assert -0.1 < points[:, 2].min() < 0.1 < 1.6 < points[:, 2].max() < 1.9
    heads = {bone.name: np.array(bone.head_local) for bone in character.data.bones}
    assert np.median([np.linalg.norm(p - heads[b]) for p, b in zip(points, bones, strict=True)]) < 0.2
