# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotations leave Blender as JSON, ELAN and TextGrid files, and come back."""

from __future__ import annotations

import bpy
import pytest

from tests.blender.helpers import refused

ops = bpy.ops.aqgt
SUFFIXES = (".json", ".eaf", ".TextGrid")


@pytest.fixture
def store(part):
    return part("annotate.store")


@pytest.fixture
def annotated(blender, voice, store):
    """A voice from second 1 on, with annotations of every kind."""
    scene = blender.scene
    ops.marker_add(
        phrase="iconic",
        side="both",
        start=1.5,
        length=0.4,
        shape="C_large_loose",
        practice="shaping-modelling",
        entity="tower",
    )
    store.active(scene).aqgt.extent_left = "large"
    ops.marker_add(phrase="deictic", side="left", start=2.2, length=0.5, position="behind")
    ops.annotation_lock()
    scene.timeline_markers.new("G: end right for=0.5s", frame=75)
    ops.marker_add(phrase="beat", start=3.5, length=0.3)
    store.active(scene).aqgt.suggested = True
    return scene


def spans(scene, store):
    found = [store.read(scene, marker) for marker in store.gesture_markers(scene)]
    return [one.span(1.0) for one in found]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_exported_is_imported(annotated, store, tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    before = spans(annotated, store)
    assert len(before) == 4
    assert ops.annotations_export(filepath=str(path)) == {"FINISHED"}
    for marker in list(annotated.timeline_markers):
        annotated.timeline_markers.remove(marker)
    assert ops.annotations_import(filepath=str(path)) == {"FINISHED"}
    after = spans(annotated, store)
    for one, other in zip(before, after, strict=True):
        assert (one.start, one.end) == pytest.approx((other.start, other.end), abs=1e-3)
        assert (one.side, one.labels, one.source, one.locked, one.rest) == (
            other.side,
            other.labels,
            other.source,
            other.locked,
            other.rest,
        )
    again = tmp_path / f"b{suffix}"
    ops.annotations_export(filepath=str(again))
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("kind", ["strip", "trimmed", "packed", "file"])
def test_how_long_the_sound_lasts_is_known_without_decoding_it(
    annotated, voice, part, checkout, tmp_path, monkeypatch, kind
):
    source, speech = part("speech.source"), annotated.aqgt_speech
    if kind == "trimmed":
        voice.frame_offset_start, voice.frame_final_duration = 7, 101
    elif kind == "packed":
        voice.sound.pack()
    elif kind == "file":
        speech.source = "FILE"
        speech.filepath = str(checkout / "examples/voice/sense_and_sensibility.wav")
    sound = source.read_sound(bpy.context)
    assert source.sound_times(bpy.context) == pytest.approx((sound.start, sound.duration), abs=1e-4)

    def refuse(_path):
        raise AssertionError("the sound is decoded")

    monkeypatch.setattr(part("scene.decoder"), "samples_of", refuse)
    path = tmp_path / "a.TextGrid"
    assert ops.annotations_export(filepath=str(path)) == {"FINISHED"}
    ends = [float(line.split("=")[1]) for line in path.read_text().splitlines() if line.startswith("xmax")]
    assert ends == pytest.approx([sound.duration], abs=1e-4)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_importing_twice_adds_nothing(annotated, store, tmp_path, suffix):
    path = str(tmp_path / f"a{suffix}")
    ops.annotations_export(filepath=path)
    before = spans(annotated, store)
    ops.annotations_import(filepath=path)
    assert spans(annotated, store) == before


def test_replacing_leaves_what_is_locked(annotated, store, tmp_path):
    path = tmp_path / "one.json"
    path.write_text('[{"start": 3.0, "end": 3.5, "labels": {"phrase": "discourse"}}]')
    locked = [span for span in spans(annotated, store) if span.locked]
    ops.annotations_import(filepath=str(path), instead=True)
    assert [span.labels.get("phrase") for span in spans(annotated, store)] == ["deictic", "discourse"]
    assert spans(annotated, store)[0] in locked


def test_one_undo_takes_an_import_back_and_a_bad_file_changes_nothing(annotated, store, tmp_path):
    path = tmp_path / "bad.json"
    path.write_text('[{"start": 1, "labels": {"phrase": "icnic"}}]')
    before = spans(annotated, store)
    assert "icnic" in refused(ops.annotations_import, filepath=str(path), instead=True)
    assert ".json, .eaf, .textgrid" in refused(ops.annotations_import, filepath=str(tmp_path / "a.doc"))
    assert spans(annotated, store) == before
    path.write_text('[{"start": 2.9, "end": 3.5, "labels": {"phrase": "discourse"}}]')
    bpy.ops.ed.undo_push(message="before")
    ops.annotations_import(filepath=str(path))
    bpy.ops.ed.undo_push(message="after")
    bpy.ops.ed.undo()
    assert spans(bpy.context.scene, store) == before


def test_without_annotations_the_button_says_so(blender, tmp_path):
    assert "add one" in refused(ops.annotations_export, filepath=str(tmp_path / "a.json"))


def test_without_a_sound_times_are_those_of_the_timeline(blender, store, tmp_path):
    ops.marker_add(phrase="beat", start=2.0, length=0.5)
    ops.annotations_export(filepath=str(tmp_path / "a.json"))
    assert '"start": 2.0' in (tmp_path / "a.json").read_text()
