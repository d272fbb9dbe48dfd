# SPDX-License-Identifier: GPL-3.0-or-later
"""A span of one take in another: each in its place, joins no faster than the gestures, sources untouched."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from aqgt import rotations as rot
from aqgt.motion import Motion
from aqgt.skeleton import LEFT_ARM_JOINTS, LEFT_HAND_JOINTS
from tests.blender.helpers import refused
from tests.blender.takes import lay, part, settled, untouched, waving

FPS = 30


@pytest.fixture
def two(character):
    """Two takes from frame 30 to 148."""
    bpy.context.scene.render.fps = FPS
    return lay(character, 1), lay(character, 2)


def steps(vectors):
    return np.linalg.norm(np.diff(vectors, axis=0), axis=-1).max(axis=-1)


def rotation_curves(action):
    """Bone to quaternions `[T, 4]`."""
    found = {}
    for curve in part("scene.actions").curves(action):
        keys = np.array([key.co[1] for key in curve.keyframe_points])
        found.setdefault(curve.data_path, {})[curve.array_index] = keys
    return {path: np.stack([axes[k] for k in range(4)], axis=-1) for path, axes in found.items()}


def merged_take(before):
    (name,) = set(bpy.data.actions.keys()) - set(before["actions"])
    return bpy.data.actions[name]


def test_the_span_is_the_sources_and_the_rest_the_others(two, character):
    before = settled()
    assert bpy.ops.aqgt.take_merge(action=two[1].name, into=two[0].name, first=70, last=100) == {"FINISHED"}
    made = merged_take(before)
    untouched(before, character.name, made.name)
    recall = part("takes.provenance").recall
    take, base, other = (recall(one) for one in (made, *two))
    assert take.motion.fps == FPS
    frames = 30 + np.arange(len(take.motion))
    times = (frames - 30) / FPS
    inside = (frames >= 70) & (frames <= 100)
    np.testing.assert_allclose(
        take.motion.bone_vectors[inside], other.motion.sample(times[inside]), atol=1e-6
    )
    outside = (frames < 70 - 36) | (frames > 100 + 36)
    assert outside.any()
    np.testing.assert_allclose(
        take.motion.bone_vectors[outside], base.motion.sample(times[outside]), atol=1e-6
    )
    speeds = [steps(one.motion.sample(times)) for one in (base, other)]
    limit, made_speeds = np.percentile(np.concatenate(speeds), 95), steps(take.motion.bone_vectors)
    assert (made_speeds <= np.maximum(limit, np.maximum(*speeds)) + 1e-6).all()
    assert made_speeds[70 - 30 - 1] <= limit
    assert made_speeds[100 - 30] <= limit
    lengths = np.linalg.norm(take.motion.bone_vectors[:, 1:], axis=-1)
    np.testing.assert_allclose(lengths, np.broadcast_to(base.motion.lengths[1:], lengths.shape), atol=2e-3)


def test_the_curves_of_a_merged_take_hold_a_key_on_each_frame_and_no_flip(two, character):
    before = settled()
    bpy.ops.aqgt.take_merge(action=two[1].name, into=two[0].name, first=70, last=100)
    made, sources = rotation_curves(merged_take(before)), [rotation_curves(one) for one in two]
    turns = {}
    for path, quaternions in made.items():
        assert len(quaternions) == len(sources[0][path])
        assert (np.sum(quaternions[1:] * quaternions[:-1], axis=-1) > 0).all()
        turns[path] = rot.angle_between(quaternions[1:], quaternions[:-1])
        fastest = max(rot.angle_between(one[path][1:], one[path][:-1]).max() for one in sources)
        assert turns[path].max() <= max(3 * fastest, 0.02), path


def test_both_origins_are_kept_and_the_stricter_licence_holds(two, character):
    two[1]["aqgt_provenance"] = (
        two[1]["aqgt_provenance"]
        .replace('"commercial_use": true', '"commercial_use": false')
        .replace("CC0-1.0", "CC-BY-NC-3.0")
    )
    before = settled()
    bpy.ops.aqgt.take_merge(action=two[1].name, into=two[0].name, first=70, last=100)
    made = merged_take(before)
    take = part("takes.provenance").recall(made)
    assert [one["name"] for one in take.sources] == [one.name for one in two]
    assert [one["provenance"]["seed"] for one in take.sources] == [1, 2]
    assert not take.provenance.commercial_use
    assert take.provenance.licence == "CC0-1.0 and CC-BY-NC-3.0"
    assert [word.text for word in take.words] == [f"word{number}" for number in range(8)]
    assert "merged from others" in refused(bpy.ops.aqgt.take_generate_again, action=made.name)
    assert [value for key, value in part("takes.about").about(made) if key == "Merged Of"] == [
        one.name for one in two
    ]


@pytest.mark.parametrize("kind", ["RANGE", "MARKERS"])
def test_the_span_comes_from_preview_range_or_markers(two, character, kind):
    scene, group = bpy.context.scene, character.aqgt_takes
    group.chosen, group.into, group.span = two[1].name, two[0].name, kind
    message = refused(bpy.ops.aqgt.take_merge)
    assert "preview range" in message or "markers are selected" in message
    scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end = True, 60, 80
    for frame in (60, 80):
        scene.timeline_markers.new("M", frame=frame).select = True
    scene.timeline_markers.new("Other", frame=120).select = False
    before = settled()
    assert bpy.ops.aqgt.take_merge() == {"FINISHED"}
    made = part("takes.provenance").recall(merged_take(before))
    other = part("takes.provenance").recall(two[1])
    np.testing.assert_allclose(
        made.motion.bone_vectors[30:51], other.motion.sample(np.arange(30, 51) / FPS), atol=1e-6
    )


def test_merging_follows_strips_that_were_moved(two, character):
    character.animation_data.nla_tracks[1].strips[0].frame_start_ui += 10
    before = settled()
    bpy.ops.aqgt.take_merge(action=two[1].name, into=two[0].name, first=80, last=90)
    made = part("takes.provenance").recall(merged_take(before))
    other = part("takes.provenance").recall(two[1])
    np.testing.assert_allclose(
        made.motion.bone_vectors[50:61], other.motion.sample(np.arange(40, 51) / FPS), atol=1e-5
    )


def test_merging_is_one_undo_step_and_refused_without_a_trace(two, character):
    name, other = (action.name for action in two)
    bpy.ops.ed.undo_push(message="before")
    before = settled()
    bpy.ops.aqgt.take_merge(action=two[1].name, into=two[0].name, first=70, last=100)
    bpy.ops.ed.undo_push(message="after")
    bpy.ops.ed.undo()
    assert settled() == before
    assert "into itself" in refused(bpy.ops.aqgt.take_merge, action=name, into=name, first=70, last=100)
    assert "do not both play" in refused(
        bpy.ops.aqgt.take_merge, action=name, into=other, first=700, last=800
    )
    del bpy.data.actions[other]["aqgt_motion"]
    assert "no motion" in refused(bpy.ops.aqgt.take_merge, action=name, into=other, first=70, last=100)
    bpy.data.actions[other]["aqgt_take"] = 99
    assert "another version" in refused(bpy.ops.aqgt.take_merge, action=name, into=other, first=70, last=100)


@pytest.mark.parametrize(("first", "last"), [(0, 59), (5, 20), (30, 59), (0, 0), (20, 21)])
def test_a_cross_fade_near_an_end_stays_finite_and_within_the_take(first, last):
    crossfade = part("takes.crossfade")
    one, two = waving(1, 2.0, FPS), waving(2, 2.0, FPS)
    merged = crossfade.merge(one, two, first, last, 0.3)
    assert len(merged.motion) == 60
    assert np.isfinite(merged.motion.bone_vectors).all()
    if (first, last) == (0, 59):
        np.testing.assert_array_equal(merged.motion.bone_vectors, two.bone_vectors)
        assert merged.fades == (0.0, 0.0)
    else:
        assert steps(merged.motion.bone_vectors).max() < 0.1


def test_arms_far_apart_keep_their_lengths_and_turn_one_way_round():
    crossfade = part("takes.crossfade")
    one = waving(1, 4.0, FPS)
    arm = [*LEFT_ARM_JOINTS, *LEFT_HAND_JOINTS]
    turned = np.array(one.bone_vectors)
    turned[:, arm] = rot.rotate(rot.from_axis_angle([0.0, 1.0, 0.0], np.radians(120)), turned[:, arm])
    two = Motion(FPS, turned, one.lengths)
    merged = crossfade.merge(one, two, 60, 80, 0.3).motion.bone_vectors
    np.testing.assert_allclose(
        np.linalg.norm(merged[:, 1:], axis=-1), np.broadcast_to(one.lengths[1:], (120, 52)), atol=1e-5
    )
    assert steps(merged).max() < 0.1
