# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of Generate: what each does to request and takes, and what is said where it fails."""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np
import pytest

from tests.blender.helpers import refused, snapshot


@pytest.fixture
def scene(blender, character, voice, engine):
    """A scene in which Generate works without a transcript."""
    return blender.scene


def generate():
    assert bpy.ops.aqgt.generate() == {"FINISHED"}


def takes(character, part):
    """Newest first: track, Action, what it remembers."""
    provenance = part("takes.provenance")
    return [(track, action, provenance.recall(action)) for track, action in provenance.takes_of(character)]


def paths(action):
    return {curve.data_path for bag in action.layers[0].strips[0].channelbags for curve in bag.fcurves}


def test_variants_are_takes_of_their_own_and_one_undo_step(scene, character, part):
    scene.aqgt_generate.variants, scene.aqgt_generate.seed = 3, 5
    name = character.name
    bpy.ops.ed.undo_push(message="before")
    generate()
    found = takes(character, part)
    assert [take.provenance.seed for _, _, take in found] == [5, 6, 7]
    assert [track.mute for track, _, _ in found] == [False, True, True]
    assert [action.name for _, action, _ in found] == [f"Gestures {name} · Seed {n}" for n in (5, 6, 7)]
    vectors = [take.motion.bone_vectors for _, _, take in found]
    assert np.abs(vectors[0] - vectors[1]).max() > 1e-4
    bpy.ops.ed.undo_push(message="after")
    bpy.ops.ed.undo()
    assert not bpy.data.actions
    assert bpy.data.objects[name].animation_data is None


def test_variants_are_all_there_or_none(scene, character, part, monkeypatch):
    scene.aqgt_generate.variants = 3
    before = snapshot()
    write, calls = part("takes.apply").writing_take, []

    def fail_at_the_last(*arguments):
        calls.append(1)
        if len(calls) == 3:
            raise part("takes.apply").AqgtError("No memory is left.", "Close something.", "memory")
        return write(*arguments)

    monkeypatch.setattr(part("takes.apply"), "writing_take", fail_at_the_last)
    assert "No memory" in refused(bpy.ops.aqgt.generate)
    assert snapshot() == before


def test_without_the_head_it_gets_no_keys_and_does_not_move(scene, character, part):
    generate()
    scene.aqgt_retarget.use_head = False
    generate()
    (_, without, still), (_, whole, moving) = takes(character, part)
    assert any("Head" in path for path in paths(whole))
    assert not any(path.endswith('Head"].rotation_quaternion') or "Neck" in path for path in paths(without))
    assert np.ptp(still.motion.bone_vectors[:, 3:5], axis=0).max() < 1e-6
    assert np.ptp(moving.motion.bone_vectors[:, 3:5], axis=0).max() > 1e-4
    others = np.r_[0:3, 5:53]
    np.testing.assert_array_equal(still.motion.bone_vectors[:, others], moving.motion.bone_vectors[:, others])


def test_a_speaker_is_named_or_numbered(scene, character, part, monkeypatch):
    settings = scene.aqgt_generate
    for given, wanted in (("", 0), ("2", 2), ("Speaker 3", 3)):
        settings.speaker = given
        assert part("generate.gather").gather(bpy.context).request.speaker == (wanted if given else None)
    settings.speaker = "Anna"
    assert "not known yet" in refused(bpy.ops.aqgt.generate)
    assert bpy.ops.aqgt.engine_check() == {"FINISHED"}
    assert "has no speaker “Anna”" in refused(bpy.ops.aqgt.generate)
    choices = part("generate.choices")
    info = choices.model_info("debug")
    assert choices.speaker_names(settings, bpy.context, "3") == ["Speaker 3"]
    named = type(info)(**{**vars(info), "speaker_names": ("Ben", "Anna", "Cem", "Dana")})
    assert choices.speaker_number("anna", named) == 1


def test_a_preset_reaches_the_engine(scene, character, part):
    settings = scene.aqgt_generate
    assert part("generate.choices").preset_names(settings, bpy.context, "iconic")
    settings.preset = "always-iconic"
    generate()
    assert takes(character, part)[0][2].provenance.settings["preset"] == "always-iconic"
    settings.preset = "no-such-preset"
    assert "no preset" in refused(bpy.ops.aqgt.generate)


def test_it_may_begin_from_the_pose_that_is_shown(scene, character, part):
    arm = character.pose.bones["mixamorig:RightArm"]
    arm.rotation_quaternion = (0.9, 0.3, 0.2, 0.1)
    bpy.context.view_layer.update()
    gather = part("generate.gather").gather
    assert gather(bpy.context).request.seed_pose is None
    scene.aqgt_generate.start_from = "POSE"
    before = snapshot()
    shown = gather(bpy.context).request.seed_pose
    assert snapshot() == before, "reading a pose without a key keeps it"
    assert len(shown) == 4
    arm.rotation_quaternion = (1, 0, 0, 0)
    bpy.context.view_layer.update()
    at_rest = gather(bpy.context).request.seed_pose
    elbow = 9
    turned = shown.directions()[0, elbow] @ at_rest.directions()[0, elbow]
    assert np.degrees(np.arccos(np.clip(turned, -1, 1))) > 20
    generate()
    assert "seed_pose" in takes(character, part)[0][2].provenance.inputs


def in_part(scene, first, last):
    settings = scene.aqgt_generate
    settings.extent, settings.first_frame, settings.last_frame = "FRAMES", first, last


def test_a_part_of_a_take_is_made_anew_and_the_rest_keeps_its_bits(scene, character, part):
    scene.timeline_markers.new("G: iconic right", frame=50)
    generate()
    first = takes(character, part)[0][1]
    kept = snapshot()["actions"][first.name][0]
    scene.aqgt_generate.seed = 4
    in_part(scene, 70, 110)
    generate()
    (_, action, new), (_, _, old) = takes(character, part)
    assert snapshot()["actions"][first.name][0] == kept, "the old take is not touched"
    moved, pace, joins = 0.0, 0.0, None
    for before, now in zip(kept, snapshot()["actions"][action.name][0], strict=True):
        assert now[:2] == before[:2]
        keys_before, keys = np.array(before[2]), np.array(now[2])
        beyond = (keys[:, 0] <= 69) | (keys[:, 0] >= 112)
        np.testing.assert_array_equal(keys[beyond], keys_before[beyond], err_msg=str(now[:2]))
        moved = max(moved, np.abs(keys - keys_before).max())
        joins = np.isin(keys[:-1, 0], (69, 111))
        pace = np.maximum(pace, np.abs(np.diff(keys[:, 1])))
    assert moved > 1e-3
    assert pace[joins].max() <= np.percentile(pace, 95), "the joins are no faster than the gestures"
    assert (len(new.motion), new.start) == (len(old.motion), old.start)
    times = old.start + np.arange(len(old.motion)) / old.motion.fps
    outside = (times < 70 / 30 - 1e-6) | (times > 111 / 30 - 1e-6)
    np.testing.assert_array_equal(new.motion.bone_vectors[outside], old.motion.bone_vectors[outside])
    assert np.abs(new.motion.bone_vectors - old.motion.bone_vectors)[~outside].max() > 1e-3
    assert new.provenance.seed == 4
    assert {"before", "after"} <= set(new.provenance.inputs)
    assert [span for span in new.spans if span.source == "user"] == [
        span for span in old.spans if span.source == "user"
    ]
    assert bpy.ops.aqgt.take_generate_again(action=action.name) == {"FINISHED"}
    again = takes(character, part)[0][2]
    np.testing.assert_allclose(again.motion.bone_vectors, new.motion.bone_vectors, atol=1e-6)


def test_a_part_of_a_take_that_was_moved_is_where_it_lies_now(scene, character, part):
    generate()
    (_, _, old) = takes(character, part)[0]
    (strip,) = character.animation_data.nla_tracks[0].strips
    strip.frame_start_ui += 12
    in_part(scene, 82, 122)
    generate()
    (_, action, new) = takes(character, part)[0]
    assert new.start == pytest.approx(old.start + 12 / 30)
    assert action.frame_range[0] == strip.frame_start
    times = new.start + np.arange(len(old.motion)) / old.motion.fps
    outside = (times < 82 / 30 - 1e-6) | (times > 123 / 30 - 1e-6)
    np.testing.assert_array_equal(new.motion.bone_vectors[outside], old.motion.bone_vectors[outside])
    assert np.abs(new.motion.bone_vectors - old.motion.bone_vectors)[~outside].max() > 1e-3


def test_a_part_of_a_take_that_was_slowed_down_keeps_what_is_seen(scene, character, part):
    generate()
    (_, first, _) = takes(character, part)[0]
    (strip,) = character.animation_data.nla_tracks[0].strips
    strip.scale = 1.25
    placing = part("takes.placing")
    seen = placing.as_seen(placing.place(scene, character, first))
    in_part(scene, 70, 110)
    generate()
    (_, _, new) = takes(character, part)[0]
    assert (new.motion.fps, new.start) == (30, seen.start)
    frames = round(seen.start * 30) + np.arange(len(seen.motion))
    outside = (frames < 70) | (frames > 110)
    np.testing.assert_array_equal(new.motion.bone_vectors[outside], seen.motion.bone_vectors[outside])
    made = bpy.ops.aqgt.take_generate_again()
    assert made == {"FINISHED"}
    again = takes(character, part)[0][2]
    np.testing.assert_allclose(again.motion.bone_vectors, new.motion.bone_vectors, atol=1e-6)
    muted = [track for track in character.animation_data.nla_tracks if strip not in list(track.strips)]
    for track in muted:
        track.mute = True
    strip.use_animated_time = True
    assert "time keyed" in refused(bpy.ops.aqgt.generate)


def test_a_part_made_at_another_rate_counts_in_the_frames_of_the_take(scene, character, part):
    generate()
    in_part(scene, 70, 110)
    job = part("generate.gather").gather(bpy.context)
    old, gap = job.joining.motion, job.joining.gap
    n_frames = 2 * (gap.last - gap.first)
    faster = old.sample(np.arange(n_frames) / (2 * old.fps))
    made = replace(old, fps=2 * old.fps, bone_vectors=faster)
    first, last = job.joining.part(made)
    whole, _ = job.joining.whole(made)
    assert (whole.fps, len(whole)) == (old.fps, len(old))
    assert (first, last) == (gap.first, gap.last)
    np.testing.assert_allclose(whole.bone_vectors[first:last], faster[::2], atol=1e-5)


def test_a_part_joins_what_the_character_plays_that_is_no_take(scene, character, part):
    bone = character.pose.bones["mixamorig:RightArm"]
    for frame, turn in ((1, 0.4), (250, 0.6)):
        bone.rotation_quaternion = (np.cos(turn), np.sin(turn), 0, 0)
        bone.keyframe_insert("rotation_quaternion", frame=frame)
    in_part(scene, 60, 119)
    generate()
    (_, action, take) = takes(character, part)[0]
    assert take.start == pytest.approx(2.0, abs=1e-6)
    assert action.frame_range[0] == 60
    assert 115 <= action.frame_range[1] <= 120
    below = part("retarget.source").read_pose(scene, character, np.arange(50, 56)).directions()[-1, 9]
    begins, ends = take.motion.directions()[[0, -1], 9]
    for joined in (begins, ends):
        assert np.degrees(np.arccos(np.clip(joined @ below, -1, 1))) < 12


def test_a_part_where_nothing_is_stands_by_itself(scene, character, part):
    in_part(scene, 60, 119)
    generate()
    take = takes(character, part)[0][2]
    assert (take.start, take.motion.duration) == (pytest.approx(2.0, abs=0.04), pytest.approx(2.0, abs=0.07))
    assert any("stands by itself" in note for note in part("one_job").generation.current.notes)


def test_the_ways_to_choose_a_part(scene, character, part):
    chosen = part("generate.chosen").chosen_range
    settings = scene.aqgt_generate
    assert chosen(bpy.context, character) is None
    settings.extent = "PREVIEW"
    assert "no preview range" in refused(bpy.ops.aqgt.generate)
    scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end = True, 60, 89
    assert chosen(bpy.context, character) == (2.0, 3.0)
    settings.extent = "ANNOTATION"
    assert "No annotation is chosen" in refused(bpy.ops.aqgt.generate)
    bpy.ops.aqgt.marker_add(phrase="iconic", side="right", start=3.0, length=0.8)
    start, end = chosen(bpy.context, character)
    assert start < 3.0 - 0.37
    assert end > 3.8 + 0.4
    in_part(scene, 80, 80)
    assert "is empty" in refused(bpy.ops.aqgt.generate)
    in_part(scene, 80, 84)
    assert "too short" in refused(bpy.ops.aqgt.generate)
    in_part(scene, 300, 400)
    assert "outside of the sound" in refused(bpy.ops.aqgt.generate)


def test_every_scene_has_its_own_settings(blender):
    one, two = blender.scene, bpy.data.scenes.new("Two")
    one.aqgt_generate.seed, one.aqgt_generate.preview = 3, "FIGURE"
    assert (two.aqgt_generate.seed, two.aqgt_generate.preview) == (0, "OFF")


def test_the_time_left_is_that_of_the_measured_pace(part):
    pace = part("generate.pace")
    now = [100.0]
    watch = pace.Pace(clock=lambda: now[0])
    assert watch.left(1, 11) is None, "the first window may have waited for the model"
    now[0] += 2.0
    assert watch.left(2, 11) == pytest.approx(18.0)
    now[0] += 1.0
    assert watch.left(4, 11) == pytest.approx(7.0)
    now[0] += 60.0
    assert watch.left(1, 11) is None, "the engine began again"
    assert [pace.duration(one) for one in (0.2, 59.0, 91.0)] == ["1 s left", "59 s left", "2 min left"]
