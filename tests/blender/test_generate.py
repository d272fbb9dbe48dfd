# SPDX-License-Identifier: GPL-3.0-or-later
"""Generating lays a new Action on a new NLA track and touches nothing else."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from tests.blender.helpers import snapshot

TRANSCRIPT = "And Mr. John Dashwood had then leisure to consider"


@pytest.fixture
def scene(blender, character, voice, engine):
    """A scene in which Generate works."""
    blender.scene.aqgt_speech.transcript = TRANSCRIPT
    return blender.scene


def generate(**arguments):
    assert bpy.ops.aqgt.generate(**arguments) == {"FINISHED"}


def tracks(armature):
    return list(armature.animation_data.nla_tracks)


def curves(action):
    (strip,) = action.layers[0].strips
    (bag,) = strip.channelbags
    return list(bag.fcurves)


def wrist(armature, frames):
    """Where the right hand is at some frames, `[T, 3]`."""
    places = []
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        places.append(tuple(armature.pose.bones["mixamorig:RightHand"].head))
    return np.array(places)


def test_a_take_is_a_layered_action_on_a_new_track(scene, character):
    generate()
    (track,) = tracks(character)
    (strip,) = track.strips
    assert character.animation_data.action is None
    assert strip.action_slot is not None
    assert strip.action_slot in list(strip.action.slots)
    assert len(strip.action.layers) == 1
    assert strip.action["aqgt_model"] == "debug"


def test_the_take_moves_the_character_within_the_sound(scene, character):
    generate()
    places = wrist(character, range(31, 151, 10))
    assert np.ptp(places, axis=0).max() > 1e-3
    keys = np.array([key.co[0] for key in curves(tracks(character)[0].strips[0].action)[0].keyframe_points])
    assert keys[0] == 31
    assert 145 <= keys[-1] <= 151
    np.testing.assert_array_equal(keys, np.arange(keys[0], keys[-1] + 1))


@pytest.mark.parametrize(("fps", "base"), [(24, 1.0), (30, 1.001), (60, 1.0)])
def test_keys_follow_fps_and_its_base_and_change_neither(scene, character, fps, base):
    generate()
    seconds_30 = _turn_over_time(character, 30.0)
    character.animation_data_clear()
    strip = scene.sequence_editor.strips_all["Voice"]
    scene.render.fps, scene.render.fps_base = fps, base
    strip.frame_start = round(fps / base)
    strip.frame_final_duration = round(4 * fps / base)
    generate()
    assert (scene.render.fps, scene.render.fps_base) == (fps, pytest.approx(base))
    turned = _turn_over_time(character, fps / base)
    times = np.linspace(1.2, 4.5, 40)
    difference = np.interp(times, *turned) - np.interp(times, *seconds_30)
    assert np.abs(difference).max() < 0.05


def _turn_over_time(character, rate):
    """Seconds, and one component of the right upper arm's rotation."""
    action = tracks(character)[-1].strips[0].action
    path = 'pose.bones["mixamorig:RightArm"].rotation_quaternion'
    curve = next(one for one in curves(action) if one.data_path == path and one.array_index == 1)
    keys = np.array([tuple(key.co) for key in curve.keyframe_points])
    return keys[:, 0] / rate, keys[:, 1]


def test_a_second_take_leaves_the_first_alone(scene, character):
    generate()
    first = tracks(character)[0].strips[0].action
    before = [tuple(key.co) for curve in curves(first) for key in curve.keyframe_points]
    scene.aqgt_generate.seed = 7
    generate()
    assert len(tracks(character)) == 2
    assert tracks(character)[-1].strips[0].action != first
    assert [tuple(key.co) for curve in curves(first) for key in curve.keyframe_points] == before


def test_the_same_seed_gives_the_same_take(scene, character):
    for _ in range(2):
        generate()
    one, two = (curves(track.strips[0].action) for track in tracks(character))
    assert [[tuple(k.co) for k in c.keyframe_points] for c in one] == [
        [tuple(k.co) for k in c.keyframe_points] for c in two
    ]


def test_an_active_action_plays_on_below_the_take(scene, character):
    hips = character.pose.bones["mixamorig:Hips"]
    leg = character.pose.bones["mixamorig:LeftUpLeg"]
    for frame, turn in ((1, 0.0), (200, 0.7)):
        leg.rotation_quaternion = (np.cos(turn), np.sin(turn), 0, 0)
        leg.keyframe_insert("rotation_quaternion", frame=frame)
        hips.keyframe_insert("location", frame=frame)
    action = character.animation_data.action
    before = snapshot()["actions"][action.name][0]
    scene.frame_set(100)
    pose = np.array(leg.matrix)
    generate()
    scene.frame_set(100)
    assert snapshot()["actions"][action.name][0] == before
    np.testing.assert_allclose(np.array(leg.matrix), pose, atol=1e-5)
    names = [track.strips[0].action.name for track in tracks(character)]
    assert names[0] == action.name
    assert len(names) == 2


def test_only_mapped_bones_get_curves_and_legs_none(scene, character):
    generate()
    paths = {curve.data_path for curve in curves(tracks(character)[0].strips[0].action)}
    assert all(path.endswith(".rotation_quaternion") for path in paths)
    assert not any(leg in path for path in paths for leg in ("Leg", "Foot", "Toe"))
    assert any("LeftHandIndex3" in path for path in paths)


def test_rotation_modes_are_kept(scene, character):
    character.pose.bones["mixamorig:RightArm"].rotation_mode = "YZX"
    generate()
    paths = {curve.data_path for curve in curves(tracks(character)[0].strips[0].action)}
    assert 'pose.bones["mixamorig:RightArm"].rotation_euler' in paths
    assert character.pose.bones["mixamorig:RightArm"].rotation_mode == "YZX"


def test_everything_else_stays_as_it_was(scene, character):
    before = snapshot()
    generate()
    after = snapshot()
    assert set(after["data"]["actions"]) - set(before["data"]["actions"]) == set(after["actions"])
    for state in (before, after):
        state["actions"] = state["data"]["actions"] = None
        for one in state["objects"].values():
            assert len(one) == 4
    name = character.name
    assert after["objects"][name][2][0][0] == before["objects"][name][2][0][0]
    rests = [[bone[3] for bone in state["objects"][name][2]] for state in (before, after)]
    assert rests[0] == rests[1]
    assert before["scenes"] == after["scenes"]
    assert (before["active"], before["mode"]) == (after["active"], after["mode"])


def test_undo_takes_a_take_back_in_one_step(scene, character):
    name = character.name
    bpy.ops.ed.undo_push(message="before")
    generate()
    bpy.ops.ed.undo_push(message="after")
    assert bpy.data.actions
    bpy.ops.ed.undo()
    assert not bpy.data.actions
    assert bpy.data.objects[name].animation_data is None


def test_a_take_remembers_where_it_comes_from(scene, character, part, tmp_path):
    scene.timeline_markers.new("G: iconic right large", frame=70)
    generate()
    name = tracks(character)[0].strips[0].action.name
    before = part("takes.provenance").recall(bpy.data.actions[name])
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "take.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "take.blend"))
    after = part("takes.provenance").recall(bpy.data.actions[name])
    np.testing.assert_array_equal(after.motion.bone_vectors, before.motion.bone_vectors)
    assert after.provenance == before.provenance
    assert [word.text for word in after.words][:3] == ["And", "Mr.", "John"]
    assert any(span.source == "user" and span.labels.get("phrase") == "iconic" for span in after.spans)
    assert after.start == pytest.approx(31 / 30)


@pytest.mark.parametrize("suffix", [".bvh", ".npz"])
def test_a_take_is_exported(scene, character, tmp_path, suffix):
    generate()
    path = tmp_path / f"take{suffix}"
    assert bpy.ops.aqgt.take_export(filepath=str(path)) == {"FINISHED"}
    assert path.stat().st_size > 1000


def test_without_a_transcript_the_note_says_so(scene, part):
    scene.aqgt_speech.transcript = ""
    generate()
    notes = part("one_job").generation.current.notes
    assert any("transcript" in note.lower() for note in notes), notes
