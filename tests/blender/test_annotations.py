# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotations live in their markers: typed by hand or made by a click, moved, renamed, saved, undone."""

from __future__ import annotations

from types import SimpleNamespace

import bpy
import pytest

from tests.blender.helpers import refused, snapshot
from tests.blender.test_registration import Layout

ops = bpy.ops.aqgt


@pytest.fixture
def scene(blender):
    blender.scene.render.fps = 30
    return blender.scene


@pytest.fixture
def store(part):
    return part("annotate.store")


@pytest.fixture
def two(scene):
    """Two armatures, Anna and Ben; Anna is chosen."""
    for name in ("Anna", "Ben"):
        bpy.ops.object.armature_add()
        bpy.context.object.name = name
    scene.aqgt_generate.character = bpy.data.objects["Anna"]
    return scene


def typed(scene, name, frame=30):
    return scene.timeline_markers.new(name, frame=frame)


def span_of(store, scene, marker):
    return store.read(scene, marker).span()


def test_what_is_typed_fills_the_group(scene, store):
    marker = typed(scene, "G: Deiktisch rechts klein für=0,8s shape=G")
    store.sync(scene)
    group = marker.aqgt
    assert (group.side, group.phrase_right, group.extent_right, group.shape_right) == (
        "right",
        "deictic",
        "small",
        "G",
    )
    assert group.phrase_left == "NONE"
    assert group.length == pytest.approx(0.8)
    assert marker.name == "G: Deiktisch rechts klein für=0,8s shape=G", "what was typed stays as typed"


def test_gesture_forms_are_typed_chosen_and_kept(scene, store):
    marker = typed(scene, "G: form=shrug right")
    store.sync(scene)
    assert (marker.aqgt.form_right, marker.aqgt.form_left) == ("shrug", "NONE")
    assert span_of(store, scene, marker).labels == {"form": "shrug"}
    marker.aqgt.form_right = "chop"
    assert marker.name == "G: right form=chop"
    ops.marker_add(start=2.0, form="frame", side="both")
    added = store.active(scene)
    assert span_of(store, scene, added).labels == {"form": "frame"}
    assert (added.aqgt.form_left, added.aqgt.form_right) == ("frame", "frame")


@pytest.mark.parametrize(
    "name",
    [
        "G: beat",
        "G: iconic right large",
        "G: end left for=2s",
        "G: practice=0 shape=5 both",
        "g:deictic",
        "G: left-form=no-inward",
    ],
)
def test_typed_and_clicked_are_the_same_thing(scene, store, name):
    marker = typed(scene, name)
    before = span_of(store, scene, marker)
    store.sync(scene)
    assert span_of(store, scene, marker) == before
    copy = store.add(scene, store.read(scene, marker))
    assert span_of(store, scene, copy) == before
    copy.name = marker.name
    assert span_of(store, scene, copy) == before


def test_the_whole_annotation_outlives_the_short_name(scene, store):
    labels = {"phrase": "iconic-deictic", "shape": "B_loose_spread", "practice": "shaping-modelling"}
    labels |= {"position": "in-front", "wrist": "D-CE", "extent": "large", "entity": "art-object"}
    ops.marker_add(side="both", length=1.234, start=2.0, **labels)
    (marker,) = scene.timeline_markers
    assert len(marker.name.encode()) <= 60
    span = span_of(store, scene, marker)
    assert dict(span.labels) == labels
    assert span.end == pytest.approx(3.234, abs=1e-5)


def test_an_edit_renames_and_a_rename_edits(scene, store):
    ops.marker_add(phrase="beat", side="left")
    marker = store.active(scene)
    marker.aqgt.extent_left = "large"
    assert marker.name == "G: beat left large"
    marker.name = "G: iconic right"
    store.sync(scene)
    assert (marker.aqgt.side, marker.aqgt.phrase_right, marker.aqgt.extent_left) == (
        "right",
        "iconic",
        "NONE",
    )


def test_hands_may_differ(scene, store):
    ops.marker_add(phrase="iconic", side="both")
    store.active(scene).aqgt.shape_left = "G"
    span = span_of(store, scene, store.active(scene))
    assert dict(span.labels) == {"phrase": "iconic", "shape_left": "G"}


def test_a_move_by_hand_is_followed_and_exact_times_are_kept(scene, store):
    ops.marker_add(phrase="beat", start=1.011)
    (marker,) = scene.timeline_markers
    assert marker.frame == 30
    assert span_of(store, scene, marker).start == pytest.approx(1.011, abs=1e-6)
    marker.frame = 60
    assert span_of(store, scene, marker).start == 2.0
    store.sync(scene)
    assert span_of(store, scene, marker).start == 2.0


def test_mending_a_name_brings_the_annotation_back(scene, store):
    ops.marker_add(phrase="iconic", shape="C_large_loose", practice="shaping-modelling", position="in-front")
    (marker,) = scene.timeline_markers
    name, before = marker.name, span_of(store, scene, marker)
    marker.name = "G: icnic"
    store.sync(scene)
    assert store.read(scene, marker).problem is not None
    marker.name = name
    assert span_of(store, scene, marker) == before


def test_saved_and_reopened_files_keep_everything(two, store, tmp_path):
    two.aqgt_annotate.addressed = True
    ops.marker_add(phrase="iconic", shape="C_large_loose", practice="shaping-modelling", start=1.013)
    store.active(two).aqgt.locked = True
    typed(two, "G@Ben: deictic links for=0.7s", 90)
    two.aqgt_annotate.energy = 1.5

    def all_of():
        scene = bpy.context.scene
        return [(store.read(scene, one), one.frame) for one in store.gesture_markers(scene)]

    before = all_of()
    path = str(tmp_path / "a.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    assert all_of() == before
    assert bpy.context.scene.aqgt_annotate.energy == 1.5
    hand_typed = bpy.context.scene.timeline_markers["G@Ben: deictic links for=0.7s"]
    assert hand_typed.aqgt.target == bpy.data.objects["Ben"], "saving fills the groups"


def test_each_character_hears_its_own_and_a_renamed_one_still_does(two, store, part):
    def heard(name):
        found = part("annotate.reading").read_annotations(two, name).spans
        return [span.labels["phrase"] for span in found]

    typed(two, "G@anna: beat", 10)
    typed(two, "G@Ben: iconic", 20)
    typed(two, "G: deictic", 30)
    assert (heard("Anna"), heard("Ben")) == (["beat", "deictic"], ["iconic", "deictic"])
    store.sync(two)
    bpy.data.objects["Anna"].name = "Bea"
    assert (heard("Bea"), heard("Ben")) == (["beat", "deictic"], ["iconic", "deictic"])
    store.sync(two)
    assert two.timeline_markers[0].name == "G@Bea: beat both"
    bpy.data.objects.remove(bpy.data.objects["Bea"])
    assert heard("Ben") == ["iconic", "deictic"], "what was said to a deleted character is not for all"


def test_an_address_that_nobody_has_is_shown_with_the_reason(two, store, part):
    marker = typed(two, "G@Carl: beat")
    reason = part("annotate.reading").reason_not_used(two, store.read(two, marker))
    assert "Carl" in reason
    assert "Anna, Ben" in reason


def test_the_preview_range_gives_start_and_length(scene, store):
    assert "preview range" in refused(ops.marker_add_range)
    scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end = True, 60, 89
    ops.marker_add_range(phrase="iconic")
    span = span_of(store, scene, store.active(scene))
    assert (span.start, span.end) == (2.0, pytest.approx(3.0))


def test_retime_duplicate_mirror_delete_lock(scene, store):
    scene.frame_current = 90
    ops.marker_add(phrase="deictic", side="left", position="left", start=1.0, length=0.5)
    ops.annotation_mirror()
    first = span_of(store, scene, store.active(scene))
    assert (first.side, dict(first.labels)) == ("right", {"phrase": "deictic", "position": "right"})
    ops.annotation_duplicate()
    copy = span_of(store, scene, store.active(scene))
    assert (copy.start, copy.end, copy.labels) == (3.0, pytest.approx(3.5), first.labels)
    ops.annotation_duplicate()
    assert span_of(store, scene, store.active(scene)).start == pytest.approx(3.5), "not onto itself"
    ops.annotation_retime(start=2.5, length=0.25)
    moved = span_of(store, scene, store.active(scene))
    assert (moved.start, moved.end) == (2.5, pytest.approx(2.75))
    ops.annotation_retime()
    assert span_of(store, scene, store.active(scene)).start == 3.0
    ops.annotation_lock()
    assert span_of(store, scene, store.active(scene)).locked
    for locked_out in (ops.annotation_retime, ops.annotation_mirror, ops.annotation_delete):
        assert "unlock it first" in refused(locked_out)
    ops.annotation_lock()
    for left in (2, 1, 0):
        ops.annotation_delete()
        assert len(scene.timeline_markers) == left
    assert "No annotation is chosen" in refused(ops.annotation_delete)


def test_other_markers_are_never_touched(scene, store):
    camera = typed(scene, "Camera 2", 5)
    ops.marker_add(phrase="beat")
    scene.aqgt_annotate.active = 0
    assert store.active(scene) is None
    assert "No annotation is chosen" in refused(ops.annotation_delete)
    assert (camera.name, camera.frame) == ("Camera 2", 5)


def test_a_click_moves_the_playhead_and_a_button_does_not(scene, store):
    typed(scene, "G: beat", 77)
    scene.aqgt_annotate.active = 0
    assert scene.frame_current == 77
    for operator in (ops.annotation_mirror, ops.annotation_lock, ops.annotation_lock, ops.annotation_delete):
        scene.frame_current = 12
        operator()
        assert scene.frame_current == 12


def test_operators_leave_mode_selection_and_active_object(two, store):
    bpy.context.view_layer.objects.active = bpy.data.objects["Ben"]
    bpy.ops.object.mode_set(mode="POSE")
    before = snapshot()
    ops.marker_add(phrase="beat")
    for operator in (ops.annotation_mirror, ops.annotation_duplicate, ops.annotation_retime):
        operator()
    ops.annotation_delete()
    ops.annotation_lock()
    ops.annotation_lock()
    after = snapshot()
    assert before["scenes"] != after["scenes"], "a marker is new, and nothing else"
    before["scenes"] = after["scenes"] = None
    assert before == after


@pytest.mark.parametrize(
    "operator", ["annotation_mirror", "annotation_duplicate", "annotation_delete", "annotation_lock"]
)
def test_one_undo_step_takes_an_action_back(scene, store, operator):
    ops.marker_add(phrase="beat", side="left", start=1.0)

    def state():
        now = bpy.context.scene
        return [store.read(now, marker) for marker in store.gesture_markers(now)]

    before = state()
    bpy.ops.ed.undo_push(message="before")
    getattr(ops, operator)()
    after = state()
    bpy.ops.ed.undo_push(message="after")
    assert after != before
    bpy.ops.ed.undo()
    assert state() == before
    bpy.ops.ed.redo()
    assert state() == after


def test_blender_s_own_copy_of_a_marker_is_an_annotation_of_its_own(scene, store):
    ops.marker_add(phrase="iconic", practice="shaping-modelling", position="in-front", shape="C_large_loose")
    other = scene.copy()
    span = span_of(store, other, other.timeline_markers[0])
    assert span == span_of(store, scene, scene.timeline_markers[0])
    other.timeline_markers[0].aqgt.side = "left"
    assert scene.timeline_markers[0].aqgt.side == "both"


def test_every_property_says_what_it_does_and_who_listens(scene):
    marker = typed(scene, "G: beat")
    for prop in marker.aqgt.bl_rna.properties:
        if prop.is_hidden or prop.identifier in ("rna_type", "name", "target", "suggested", "locked"):
            continue
        assert "eard by" in prop.description, prop.identifier
        assert "aqgt" in prop.description


def test_the_chosen_annotation_is_drawn(scene, store, part):
    ops.marker_add(phrase="beat", side="left")
    texts = Layout()
    panel = bpy.types.AQGT_PT_annotation
    assert panel.poll(bpy.context)
    panel.draw(SimpleNamespace(layout=texts), bpy.context)
    assert {"Type", "Hand Shape", "Wrist Distance", "Position in Speech"} <= set(texts.seen)


def test_the_list_shows_gesture_markers_in_order_and_the_bad_ones_with_the_reason(scene, store):
    for name, frame in (("G: beat", 90), ("Camera", 50), ("G: icnic", 40)):
        typed(scene, name, frame)
    drawn = bpy.types.AQGT_UL_annotations
    fake = SimpleNamespace(filter_name="", bitflag_filter_item=1)
    assert drawn.filter_items(fake, bpy.context, scene, "timeline_markers") == ([1, 0, 1], [2, 1, 0])
    fake.filter_name = "BEAT"
    assert drawn.filter_items(fake, bpy.context, scene, "timeline_markers")[0] == [1, 0, 0]
    shown = []
    for index in (0, 2):
        layout = Layout()
        drawn.draw_item(fake, bpy.context, layout, scene, scene.timeline_markers[index], 0, None, "", index)
        shown.append(layout.seen)
    assert "3.00 s  G: beat" in shown[0]
    assert "1.33 s  G: icnic" in shown[1]
    described = bpy.types.AQGT_OT_annotation_reason.description
    assert described(bpy.context, SimpleNamespace(reason="It is “icnic”.")) == "It is “icnic”"
    ops.annotation_reason(index=2)
    assert scene.frame_current == 40
    assert "mend its name" in refused(ops.annotation_mirror)
    ops.annotation_delete()
    assert [one.name for one in scene.timeline_markers] == ["G: beat", "Camera"]


def test_what_writes_is_one_undo_step_by_itself(blender):
    names = ["marker_add", "marker_add_range", "suggest", "annotations_import"]
    names += [f"annotation_{verb}" for verb in ("retime", "duplicate", "mirror", "delete", "lock")]
    for name in names:
        assert "UNDO" in getattr(ops, name).bl_options, name


def test_markers_of_a_pose_are_left_alone(scene):
    marker = bpy.data.actions.new("Wave").pose_markers.new("G: beat")
    marker.aqgt.side = "left"
    assert marker.name == "G: beat"


def test_markers_are_settled_until_somebody_touches_one(blender, part):
    reading, store = part("annotate.reading"), part("annotate.store")
    scene = blender.scene
    for frame in (10, 20):
        scene.timeline_markers.new("G: iconic", frame=frame)
    assert not reading.is_settled(scene)
    store.sync(scene)
    assert reading.is_settled(scene)
    assert reading.is_settled(scene)
    marker = scene.timeline_markers[1]
    for touch in (
        lambda: setattr(marker, "frame", 25),
        lambda: setattr(marker, "name", "G: deictic"),
        lambda: scene.timeline_markers.new("G: nonsense", frame=40),
    ):
        touch()
        assert not reading.is_settled(scene)
        store.sync(scene)
    scene.timeline_markers.remove(scene.timeline_markers[-1])
    assert reading.is_settled(scene)
    marker.name = "G@Anna: deictic"
    store.sync(scene)
    assert not reading.is_settled(scene), "whom it addresses may change at any time"


def test_the_list_shows_what_is_read(two, store, part):
    reading, scene = part("annotate.reading"), two
    stated = store.changed(store.from_span(part("annotate.store").Span(2.013, 3.0, "left")), locked=True)
    store.add(scene, stated)
    suggested, moved = (typed(scene, "G: iconic right", frame) for frame in (50, 60))
    for name in ("G: beat both", "G@Anna: deictic", "G@Nobody: deictic", "G: nonsense", "G: end"):
        typed(scene, name, 90)
    renamed = typed(scene, "G: form=chop", 70)
    store.sync(scene)
    suggested.aqgt.suggested = moved.aqgt.suggested = True
    renamed.name = "G: form=shrug"
    moved.frame = 65

    def rows(look):
        found = [look(scene, marker) for marker in store.gesture_markers(scene)]
        return [(one.time, one.name, one.suggested, one.locked, reason) for one, reason in found]

    def whole(scene, marker):
        annotation = store.read(scene, marker)
        return annotation, reading.reason_not_used(scene, annotation)

    for _ in range(2):
        assert rows(reading.listed) == rows(whole)
        assert sum(bool(row[-1]) for row in rows(whole)) == 2
        assert [row[2] for row in rows(whole)].count(True) == 1
        store.sync(scene)
