# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes: rename, delete, solo, mute, compare, apply to another character. All else in the file stays."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from tests.blender.helpers import refused
from tests.blender.rigs import without_fingers
from tests.blender.takes import lay, part, settled, tracks, untouched


@pytest.fixture
def two(character):
    """Two takes of the character, the older first."""
    bpy.context.scene.render.fps = 30
    return lay(character, 1), lay(character, 2)


def names_of(armature):
    return [action.name for _, action in part("takes.provenance").takes_of(armature)]


def undone(operator, **arguments):
    """Run an operator, take it back in one step: the file is as before."""
    bpy.ops.ed.undo_push(message="before")
    before = settled()
    assert operator(**arguments) == {"FINISHED"}
    bpy.ops.ed.undo_push(message="after")
    assert settled() != before
    bpy.ops.ed.undo()
    assert settled() == before


def test_the_list_shows_the_chosen_characters_takes_newest_first(two, character):
    other = without_fingers()
    foreign = lay(other, 3)
    assert names_of(character) == [two[1].name, two[0].name]
    assert names_of(other) == [foreign.name]
    assert character.aqgt_takes.chosen_take() == two[1]
    character.aqgt_takes.row = bpy.data.actions.find(two[0].name)
    assert character.aqgt_takes.chosen_take() == two[0]
    character.aqgt_takes.row = bpy.data.actions.find(foreign.name)
    assert character.aqgt_takes.chosen_take() == two[0]


def test_delete_removes_track_and_action_and_nothing_else(two, character):
    mine = bpy.data.actions.new("Mine")
    before = settled()
    assert bpy.ops.aqgt.take_delete() == {"FINISHED"}
    assert names_of(character) == [two[0].name]
    assert [name for name, *_ in tracks(character)] == [two[0].name]
    assert mine.name in bpy.data.actions
    untouched(before, character.name, *set(before["actions"]) - set(settled()["actions"]))
    assert len(bpy.data.actions) == 2


def test_delete_is_one_undo_step(two):
    undone(bpy.ops.aqgt.take_delete)


def test_delete_keeps_an_action_that_something_else_uses(two, character):
    newest, older = two[1].name, two[0].name
    other = without_fingers()
    track = other.animation_data_create().nla_tracks.new()
    track.strips.new("Borrowed", 1, two[1])
    bpy.data.actions[older].use_fake_user = True
    bpy.context.scene.aqgt_generate.character = character
    assert bpy.ops.aqgt.take_delete(action=newest) == {"FINISHED"}
    assert bpy.ops.aqgt.take_delete(action=older) == {"FINISHED"}
    assert names_of(character) == []
    assert {newest, older} <= set(bpy.data.actions.keys())
    assert names_of(other) == [newest]


def test_delete_leaves_strips_that_are_not_ours(two, character):
    mine = bpy.data.actions.new("Mine")
    mine.slots.new(id_type="OBJECT", name="Mine")
    character.animation_data.nla_tracks[1].strips.new("Mine", 500, mine)
    assert bpy.ops.aqgt.take_delete() == {"FINISHED"}
    assert [strips for *_, strips in tracks(character)] == [[two[0].name], ["Mine"]]


def test_delete_refuses_what_is_no_take_of_the_character(two, character):
    mine = bpy.data.actions.new("Mine")
    character.animation_data.nla_tracks.new().strips.new("Mine", 500, mine)
    before = settled()
    assert "has no take “Mine”" in refused(bpy.ops.aqgt.take_delete, action="Mine")
    assert settled() == before


def test_rename_keeps_action_track_and_strip_in_step_and_names_unique(two, character):
    character.aqgt_takes.chosen = character.aqgt_takes.into = two[1].name
    before = settled()
    assert bpy.ops.aqgt.take_rename(name="Best") == {"FINISHED"}
    assert tracks(character)[1] == ("Best", False, False, ["Best"])
    assert two[1].name == "Best"
    assert character.aqgt_takes.chosen == character.aqgt_takes.into == "Best"
    untouched(before, character.name, "Best", *before["actions"])
    assert bpy.ops.aqgt.take_rename(action=two[0].name, name="Best") == {"FINISHED"}
    assert two[0].name == "Best.001"
    assert [name for name, *_ in tracks(character)] == ["Best.001", "Best"]
    two[0].aqgt.title = "Typed"
    assert tracks(character)[0] == ("Typed", False, False, ["Typed"])
    assert "no name" in refused(bpy.ops.aqgt.take_rename, name="  ")


def test_rename_with_a_fake_user_and_a_track_for_each_part(character):
    bpy.context.scene.aqgt_retarget.split = True
    take = lay(character, 1)
    take.use_fake_user = True
    parts = [name.rpartition(" · ")[2] for name, *_ in tracks(character)]
    assert len(parts) > 3
    assert bpy.ops.aqgt.take_rename(name="Parts") == {"FINISHED"}
    assert [name for name, *_ in tracks(character)] == [f"Parts · {one}" for one in parts]
    assert names_of(character) == ["Parts"]
    assert bpy.ops.aqgt.take_mute() == {"FINISHED"}
    assert all(mute for _, mute, *_ in tracks(character))
    with pytest.raises(RuntimeError, match="several tracks"):
        bpy.ops.aqgt.take_solo()
    assert bpy.ops.aqgt.take_delete() == {"FINISHED"}
    assert not tracks(character)
    assert "Parts" in bpy.data.actions


def test_linked_takes_are_refused_with_the_reason(two, character, tmp_path):
    path = str(tmp_path / "library.blend")
    name, take, newer = character.name, two[0].name, two[1].name
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(path, link=True) as (_, wanted):
        wanted.objects = [name]
    scene = bpy.context.scene
    scene.collection.objects.link(wanted.objects[0])
    scene.aqgt_generate.character = wanted.objects[0]
    before = settled()
    for operator, arguments in (
        (bpy.ops.aqgt.take_rename, {"name": "Mine"}),
        (bpy.ops.aqgt.take_delete, {}),
        (bpy.ops.aqgt.take_mute, {}),
        (bpy.ops.aqgt.take_compare, {"other": newer}),
    ):
        assert "linked" in refused(operator, action=take, **arguments)
    assert settled() == before
    override = wanted.objects[0].override_create()
    scene.collection.objects.link(override)
    scene.aqgt_generate.character = override
    before = settled()
    assert "linked" in refused(bpy.ops.aqgt.take_rename, action=take, name="Mine")
    assert "linked" in refused(bpy.ops.aqgt.take_delete, action=take)
    assert settled() == before


def test_solo_and_mute_toggle(two, character):
    assert bpy.ops.aqgt.take_solo(action=two[0].name) == {"FINISHED"}
    assert [solo for _, _, solo, _ in tracks(character)] == [True, False]
    assert bpy.ops.aqgt.take_solo(action=two[0].name) == {"FINISHED"}
    assert bpy.ops.aqgt.take_mute(action=two[1].name) == {"FINISHED"}
    assert [(mute, solo) for _, mute, solo, _ in tracks(character)] == [(False, False), (True, False)]
    undone(bpy.ops.aqgt.take_mute, action=two[0].name)


def test_a_take_on_another_character_moves_it_alike_and_nothing_else(two, character):
    other = without_fingers()
    bpy.context.view_layer.objects.active = None
    before, laid = settled(), tracks(character)
    assert bpy.ops.aqgt.take_apply_to(action=two[0].name, other=other.name) == {"FINISHED"}
    (name,) = names_of(other)
    assert tracks(character) == laid
    untouched(before, other.name, name)
    first, second = (part("takes.provenance").recall(one) for one in (two[0], bpy.data.actions[name]))
    np.testing.assert_array_equal(first.motion.bone_vectors, second.motion.bone_vectors)
    assert (first.start, first.words, first.provenance) == (second.start, second.words, second.provenance)
    strips = [one.animation_data.nla_tracks[0].strips[0] for one in (character, other)]
    assert strips[0].frame_start == strips[1].frame_start
    paths = {curve.data_path for curve in part("scene.actions").curves(bpy.data.actions[name])}
    assert 'pose.bones["Forearm.L"].rotation_quaternion' in paths
    undone(bpy.ops.aqgt.take_apply_to, action=two[0].name, other=other.name)


def test_applying_is_refused_with_a_reason(two, character):
    with pytest.raises(RuntimeError, match="no other armature"):
        bpy.ops.aqgt.take_apply_to()
    bpy.ops.object.armature_add()
    stick = bpy.context.object
    before = settled()
    assert "No other character" in refused(bpy.ops.aqgt.take_apply_to)
    assert "plays this take already" in refused(bpy.ops.aqgt.take_apply_to, other=character.name)
    assert "No arm" in refused(bpy.ops.aqgt.take_apply_to, other=stick.name)
    assert settled() == before


def test_strips_moved_scaled_split_and_removed_by_hand(two, character):
    place = part("takes.placing").place
    scene, data = bpy.context.scene, character.animation_data
    strip = data.nla_tracks[0].strips[0]
    first = strip.frame_start
    strip.frame_start_ui = first + 40
    seen = part("takes.placing").as_seen(place(scene, character, two[0]))
    assert seen.start == pytest.approx(1.0 + 40 / 30)
    strip.scale = 2.0
    placed = place(scene, character, two[0])
    slow = part("takes.placing").as_seen(placed)
    assert slow.motion.duration == pytest.approx(2 * 4.0, abs=0.3)
    np.testing.assert_allclose(
        placed.vectors(np.array([first + 40 + 60.0]))[0],
        part("takes.provenance").recall(two[0]).motion.sample(np.array([1.0]))[0],
        atol=1e-5,
    )
    assert slow.words[2].start == pytest.approx(2.0, abs=0.1)
    data.nla_tracks.remove(data.nla_tracks[1])
    assert names_of(character) == [two[0].name]
    data.nla_tracks[0].strips[0].name = "Elsewhere"
    data.nla_tracks[0].name = "Also"
    assert names_of(character) == [two[0].name]
    assert bpy.ops.aqgt.take_delete() == {"FINISHED"}
    with pytest.raises(RuntimeError, match="no take"):
        bpy.ops.aqgt.take_delete()


@pytest.mark.parametrize(
    ("scale", "repeat", "backwards"),
    [(1.0, 1.0, False), (2.0, 1.0, True), (0.5, 2.0, False), (1.5, 1.5, True)],
)
def test_a_placement_says_what_blender_shows(blender, scale, repeat, backwards):
    scene, actions = blender.scene, part("scene.actions")
    thing = bpy.data.objects.new("Thing", None)
    scene.collection.objects.link(thing)
    action = actions.new_action("Slide")
    slot, bag = actions.add_slot(action, "Thing")
    actions.write_curves(bag, "location", np.array([[10.0], [50.0]]), np.array([10.0, 50.0]), "Thing")
    strip = thing.animation_data_create().nla_tracks.new().strips.new("Slide", 100, action)
    strip.action_slot = slot
    strip.action_frame_start, strip.action_frame_end = 10, 50
    strip.scale, strip.repeat, strip.use_reverse = scale, repeat, backwards
    placed = part("scene.strips").placement(thing, action)
    frames = np.arange(np.ceil(placed.first), np.floor(placed.last))
    shown = []
    for frame in frames:
        scene.frame_set(int(frame))
        shown.append(thing.evaluated_get(blender.evaluated_depsgraph_get()).location.x)
    np.testing.assert_allclose(placed.action_frames(frames), shown, atol=0.02)


def test_a_split_strip_is_one_take(two, character):
    track = character.animation_data.nla_tracks[1]
    strip = track.strips[0]
    start, end = strip.frame_start, strip.frame_end
    strip.action_frame_end = start + 50
    second = track.strips.new("Rest", int(end) + 20, two[1])
    second.action_slot = two[1].slots[0]
    second.action_frame_start, second.action_frame_end = start + 50, end
    second.frame_start, second.frame_end = end + 20, end + 20 + (end - start - 50)
    assert names_of(character) == [two[1].name, two[0].name]
    placed = part("takes.placing").place(bpy.context.scene, character, two[1])
    np.testing.assert_allclose(
        placed.strips.action_frames([start + 10, end + 25]), [start + 10, start + 55], atol=1e-3
    )
    assert bpy.ops.aqgt.take_delete(action=two[1].name) == {"FINISHED"}
    assert len(tracks(character)) == 1


def test_takes_survive_saving_and_opening(two, character, tmp_path):
    expected = [two[1].name, two[0].name]
    character.aqgt_takes.chosen = expected[1]
    bpy.ops.aqgt.take_compare(other=expected[0])
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "takes.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "takes.blend"))
    armature = bpy.context.scene.aqgt_generate.character
    assert names_of(armature) == expected
    assert armature.aqgt_takes.chosen_take().name == expected[1]
    assert part("takes.compare").playing(armature) == ("A", expected[1])
    assert bpy.ops.aqgt.take_compare_end() == {"FINISHED"}
    assert [mute for _, mute, *_ in tracks(armature)] == [False, False]


def test_no_operator_changes_mode_selection_active_object_or_frame(two, character):
    other, scene = without_fingers(), bpy.context.scene
    bpy.ops.object.select_all(action="DESELECT")
    bpy.context.view_layer.objects.active = character
    character.select_set(True)
    bpy.ops.object.mode_set(mode="POSE")
    names = [action.name for action in two]
    before = settled()
    for operator, arguments in (
        (bpy.ops.aqgt.take_mute, {"action": names[1]}),
        (bpy.ops.aqgt.take_mute, {"action": names[1]}),
        (bpy.ops.aqgt.take_solo, {"action": names[1]}),
        (bpy.ops.aqgt.take_solo, {"action": names[1]}),
        (bpy.ops.aqgt.take_compare, {"action": names[1], "other": names[0]}),
        (bpy.ops.aqgt.take_show, {}),
        (bpy.ops.aqgt.take_compare_end, {}),
        (bpy.ops.aqgt.take_merge, {"action": names[1], "into": names[0], "first": 60, "last": 90}),
        (bpy.ops.aqgt.take_apply_to, {"action": names[1], "other": other.name}),
        (bpy.ops.aqgt.take_rename, {"action": names[1], "name": "Renamed"}),
        (bpy.ops.aqgt.take_delete, {"action": "Renamed"}),
    ):
        assert operator(**arguments) == {"FINISHED"}
        untouched(before, character.name, other.name, *names, *bpy.data.actions.keys())
    assert bpy.context.mode == "POSE"
    assert scene.frame_current == 1


def test_a_take_keeps_its_seconds_when_the_frame_rate_changes(two, character):
    scene, other = bpy.context.scene, without_fingers()
    scene.render.fps = 60
    placed = part("takes.placing").place(scene, character, two[0])
    motion = part("takes.provenance").recall(two[0]).motion
    np.testing.assert_allclose(placed.vectors(np.array([90.0]))[0], motion.sample(np.array([2.0]))[0])
    assert bpy.ops.aqgt.take_apply_to(action=two[0].name, other=other.name) == {"FINISHED"}
    (strip,) = other.animation_data.nla_tracks[0].strips
    first = character.animation_data.nla_tracks[0].strips[0]
    assert (strip.frame_start, strip.frame_end) == (first.frame_start, first.frame_end)


def test_about_tells_where_a_take_comes_from(two):
    facts = dict(part("takes.about").about(two[1]))
    assert facts["Model"] == "debug"
    assert facts["Seed"] == "2"
    assert facts["Licence"] == "CC0-1.0"
    assert facts["Length"] == "4.0 s"
    assert facts["Made"][:2] == "20"
    assert part("takes.about").words_said(two[1]).startswith("word0 word1")
