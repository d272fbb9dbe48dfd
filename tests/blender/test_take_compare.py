# SPDX-License-Identifier: GPL-3.0-or-later
"""Two takes compared by clicks; afterwards mute and solo of every track are as before."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from tests.blender.helpers import refused
from tests.blender.takes import lay, part, settled, tracks


@pytest.fixture
def two(character):
    """Two takes of the character, the older first."""
    bpy.context.scene.render.fps = 30
    return lay(character, 1), lay(character, 2)


def pose(armature):
    bpy.context.view_layer.update()
    evaluated = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return np.array(evaluated.pose.bones["mixamorig:RightArm"].matrix)


def test_a_click_flips_which_of_two_takes_is_seen_and_the_end_restores_all(two, character):
    scene = bpy.context.scene
    third = lay(character, 3)
    base = bpy.data.actions.new("Walk")
    base.slots.new(id_type="OBJECT", name="Walk")
    walk = character.animation_data.nla_tracks.new()
    walk.strips.new("Walk", 1, base)
    character.animation_data.nla_tracks[0].mute = True
    character.animation_data.nla_tracks[2].is_solo = True
    before, laid = settled(), tracks(character)
    scene.frame_set(60)
    frame = scene.frame_current
    alone = {}
    for action in two:
        with part("scene.nla").alone(character, action):
            scene.frame_set(60)
            alone[action.name] = pose(character)
    scene.frame_set(60)
    assert bpy.ops.aqgt.take_compare(action=two[0].name, other=two[1].name) == {"FINISHED"}
    compare = part("takes.compare")
    assert compare.playing(character) == ("A", two[0].name)
    np.testing.assert_allclose(pose(character), alone[two[0].name], atol=1e-5)
    assert bpy.ops.aqgt.take_show() == {"FINISHED"}
    assert compare.playing(character) == ("B", two[1].name)
    np.testing.assert_allclose(pose(character), alone[two[1].name], atol=1e-5)
    assert not character.animation_data.nla_tracks[3].mute, "what is no take plays on"
    assert bpy.ops.aqgt.take_show(which="A") == {"FINISHED"}
    np.testing.assert_allclose(pose(character), alone[two[0].name], atol=1e-5)
    assert bpy.ops.aqgt.take_compare_end() == {"FINISHED"}
    assert tracks(character) == laid
    assert scene.frame_current == frame
    scene.frame_set(1)
    assert settled() == before
    assert third.users == 1


def test_keeping_the_shown_take_mutes_the_others(two, character):
    bpy.ops.aqgt.take_compare(action=two[1].name, other=two[0].name)
    bpy.ops.aqgt.take_show(which="B")
    assert bpy.ops.aqgt.take_compare_end(keep=True) == {"FINISHED"}
    assert [mute for _, mute, *_ in tracks(character)] == [False, True]
    assert not character.aqgt_takes.comparing
    assert two[0].users == two[1].users == 1


def test_a_comparison_survives_tracks_changed_by_hand(two, character):
    data = character.animation_data
    data.nla_tracks[0].mute = True
    bpy.ops.aqgt.take_compare(action=two[1].name, other=two[0].name)
    data.nla_tracks.new().name = "By Hand"
    lay(character, 5)
    bpy.ops.aqgt.take_show()
    data.nla_tracks.remove(data.nla_tracks[1])
    with pytest.raises(RuntimeError, match="no longer there"):
        bpy.ops.aqgt.take_show()
    assert bpy.ops.aqgt.take_compare_end() == {"FINISHED"}
    assert [mute for _, mute, *_ in tracks(character)] == [True, False, False]


def test_deleting_a_compared_take_ends_the_comparison(two, character):
    character.animation_data.nla_tracks[0].mute = True
    bpy.ops.aqgt.take_compare(action=two[1].name, other=two[0].name)
    bpy.ops.aqgt.take_delete(action=two[1].name)
    assert not character.aqgt_takes.comparing
    assert [mute for _, mute, *_ in tracks(character)] == [True]
    assert len(bpy.data.actions) == 1


def test_comparing_is_refused_with_a_reason(two, character):
    before = settled()
    assert "with itself" in refused(bpy.ops.aqgt.take_compare, action=two[0].name, other=two[0].name)
    assert "has no take" in refused(bpy.ops.aqgt.take_compare, other="Nobody")
    with pytest.raises(RuntimeError, match="No takes are compared"):
        bpy.ops.aqgt.take_show()
    assert settled() == before
