# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown while a motion is made leaves no trace: not after the end, a save, an undo, a load."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from tests.blender.helpers import snapshot

FPS = 15.0
START = 1.0
"""When the motion begins on the timeline: frame 30 of the scene."""


@pytest.fixture
def windows():
    """Three windows of someone who waves, as an engine sends them: 34 frames, 4 of them again in the next."""
    from aqgt import skeleton

    rest = skeleton.bone_vectors_from_positions(skeleton.REFERENCE_REST)
    times = np.arange(94) / FPS
    vectors = np.repeat(rest[None], len(times), axis=0)
    for joint, length in ((6, 0.285), (7, 0.255), (9, 0.285), (10, 0.255)):
        turn = 0.6 * np.sin(2 * times + joint)
        vectors[:, joint] = length * np.stack([0.2 + 0 * turn, np.cos(turn), np.sin(turn) - 0.3], axis=1)
    vectors = vectors.astype(np.float32)
    return [(at, vectors[at : at + 34]) for at in (0, 30, 60)]


@pytest.fixture
def source(blender, character, voice, part):
    """What can be previewed of a job of the character's, as yet without a window."""
    blender.scene.frame_set(40)
    gather, live = part("generate.gather"), part("preview.live")
    armature = part("scene.armature")
    rig = armature.describe(character)
    shown = part("preview.shown").Shown(blender.scene.name, character.name, START, FPS)
    return live.Source(
        shown,
        part("preview.buffer").Buffer(),
        rig,
        part("retarget.mapping").mapping_of(character, rig),
        gather._options(blender.scene),
    )


@pytest.fixture
def live(part):
    yield part("preview.live")
    part("preview.live").stop()


def show(live, source, windows, kind="CHARACTER", ticks=40):
    """Windows arrive, and some ticks pass."""
    for start, vectors in windows:
        source.buffer.put(start, vectors)
    for _ in range(ticks):
        assert live.follow(source, kind) == ""


def arm(character, frame):
    bpy.context.scene.frame_set(frame)
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    return np.array(character.evaluated_get(graph).pose.bones["mixamorig:RightForeArm"].matrix)


def animated(character):
    """Some animation of the user's: an Action that plays now, and settings that are not the usual ones."""
    bone = character.pose.bones["mixamorig:RightForeArm"]
    for frame, turn in ((1, 0.0), (200, 0.5)):
        bone.rotation_quaternion = (np.cos(turn), np.sin(turn), 0, 0)
        bone.keyframe_insert("rotation_quaternion", frame=frame)
    character.pose.bones["mixamorig:LeftForeArm"].rotation_quaternion = (0.9, 0.1, 0.3, 0.2)
    data = character.animation_data
    data.action_extrapolation, data.action_blend_type, data.action_influence = "NOTHING", "COMBINE", 0.7
    bpy.context.scene.frame_set(40)


def settings_of(character):
    data = character.animation_data
    return data and (
        data.action_extrapolation,
        data.action_blend_type,
        data.action_influence,
        data.action_slot and data.action_slot.identifier,
        data.last_slot_identifier,
    )


@pytest.mark.parametrize("user_animation", [False, True])
def test_finished_windows_play_and_then_nothing_is_left(live, source, windows, character, user_animation):
    if user_animation:
        animated(character)
    bpy.context.view_layer.update()
    before, settings = snapshot(), settings_of(character)
    at_rest = arm(character, 60)
    bpy.context.scene.frame_set(40)
    show(live, source, windows[:1])
    assert character.animation_data.action.name.startswith("Preview")
    assert np.abs(arm(character, 60) - at_rest).max() > 0.05
    first = arm(character, 60)
    show(live, source, windows[1:])
    np.testing.assert_allclose(arm(character, 60), first, atol=1e-3)
    assert np.abs(arm(character, 180) - arm(character, 60)).max() > 0.02
    np.testing.assert_allclose(arm(character, 1000), arm(character, 1100), atol=1e-6)
    bpy.context.scene.frame_set(40)
    live.stop()
    bpy.context.view_layer.update()
    assert snapshot() == before
    assert settings_of(character) == settings
    np.testing.assert_array_equal(arm(character, 60), at_rest)


def test_keys_go_on_without_a_jump_from_window_to_window(live, source, windows, character):
    for window in windows:
        show(live, source, [window])
    (strip,) = character.animation_data.action.layers[0].strips
    for curve in strip.channelbags[0].fcurves:
        keys = np.array([tuple(key.co) for key in curve.keyframe_points])
        np.testing.assert_array_equal(np.diff(keys[:, 0]), 1)
        assert np.abs(np.diff(keys[:, 1])).max() < 0.15, curve.data_path


def test_a_file_that_is_saved_meanwhile_has_no_trace(live, source, windows, character, tmp_path):
    path = str(tmp_path / "meanwhile.blend")
    before = snapshot()
    show(live, source, windows)
    bpy.ops.wm.save_as_mainfile(filepath=path)
    assert snapshot() == before
    show(live, source, [])
    assert bpy.data.actions, "the preview comes back"
    name = character.name
    bpy.ops.wm.open_mainfile(filepath=path)
    assert not bpy.data.actions
    assert bpy.data.objects[name].animation_data is None


def test_a_file_that_blender_saved_by_itself_is_cleaned_when_it_is_loaded(
    live, source, windows, character, tmp_path
):
    animated(character)
    before, name = snapshot(), character.name
    path = str(tmp_path / "crash.blend")
    show(live, source, windows)
    handlers = bpy.app.handlers.save_pre
    kept = list(handlers)
    handlers.clear()  # Blender saves for a crash without asking anyone
    bpy.ops.wm.save_as_mainfile(filepath=path)
    handlers.extend(kept)
    assert any(action.name.startswith("Preview") for action in bpy.data.actions)
    bpy.ops.wm.open_mainfile(filepath=path)
    after = snapshot()
    assert set(after["actions"]) == set(before["actions"])
    assert after["objects"][name] == before["objects"][name]


def test_undo_and_redo_bring_no_trace_back(live, source, windows, character):
    name = character.name
    bpy.ops.ed.undo_push(message="before")
    before = snapshot()
    show(live, source, windows)
    bpy.data.objects.new("Meanwhile", None)
    bpy.ops.ed.undo_push(message="meanwhile")
    bpy.data.objects.new("Later", None)
    bpy.ops.ed.undo_push(message="later")
    bpy.ops.ed.undo()
    assert "Meanwhile" in bpy.data.objects
    assert not bpy.data.actions
    bpy.ops.ed.redo()
    assert "Later" in bpy.data.objects
    assert not bpy.data.actions
    show(live, source, [])
    assert bpy.data.objects[name].animation_data.action is not None, "the preview comes back"
    live.stop()
    bpy.ops.ed.undo()
    bpy.ops.ed.undo()
    assert snapshot() == before


def test_disabling_the_extension_leaves_no_trace(live, source, windows, installed):
    before = snapshot()
    show(live, source, windows)
    bpy.ops.preferences.addon_disable(module=installed)
    after = snapshot()
    bpy.ops.preferences.addon_enable(module=installed)
    assert after == before


def test_a_character_that_is_deleted_ends_the_preview_with_a_word(live, source, windows, character):
    show(live, source, windows)
    bpy.data.objects.remove(character)
    said = [live.follow(source, "CHARACTER") for _ in range(3)]
    assert "no longer there" in said[0]
    assert said[1:] == ["", ""]
    assert not bpy.data.actions


def test_a_figure_is_drawn_and_the_file_not_touched(live, source, windows, character, part):
    before = snapshot()
    show(live, source, windows, "FIGURE")
    assert snapshot() == before
    scene = bpy.context.scene
    figure = live._current.preview
    scene.frame_set(30)
    np.testing.assert_array_equal(figure.pose_at(scene), windows[0][1][0])
    scene.frame_set(34)
    np.testing.assert_array_equal(figure.pose_at(scene), windows[0][1][2])
    assert figure.pose_at(bpy.data.scenes.new("Other")) is None
    live.stop()


def test_the_figure_stands_beside_the_character_as_large_as_it(source, windows, character, part):
    placement = part("preview.figure").Placement(source.rig, source.mapping)
    lines = placement.segments(windows[0][1][0])
    world = np.array(character.matrix_world)
    points = np.concatenate(list(lines.values())) @ world[:3, :3].T + world[:3, 3]
    bones = np.array([tuple(character.matrix_world @ bone.head_local) for bone in character.data.bones])
    left, right = (
        np.array(character.matrix_world @ character.data.bones[f"mixamorig:{side}Arm"].head_local)
        for side in ("Left", "Right")
    )
    across = left - right
    assert (points @ across).min() > (left @ across), "it stands to the character's left"
    top = points[:, 2].max()
    assert abs(top - bones[:, 2].max()) < 0.2 * np.ptp(bones[:, 2])


def test_a_buffer_knows_what_will_not_change_any_more(part):
    buffer = part("preview.buffer").Buffer()
    for start in range(0, 600, 30):
        buffer.put(start, np.full((34, 53, 3), start, np.float32))
    assert (buffer.length, buffer.settled) == (604, 600)
    assert buffer.frames(30, 60).shape == (30, 53, 3)
    assert (buffer.frames(570, 1000) == 570).all()
