# SPDX-License-Identifier: GPL-3.0-or-later
"""Timeline markers become annotations, in seconds of the sound."""

from __future__ import annotations

import bpy
import pytest


@pytest.fixture
def read(part):
    return part("annotate.reading").read_annotations


def mark(seconds: float, name: str) -> None:
    render = bpy.context.scene.render
    frame = round(seconds * render.fps / render.fps_base)
    bpy.context.scene.timeline_markers.new(name, frame=frame)


@pytest.mark.parametrize(("fps", "base"), [(24, 1.0), (30, 1.0), (30, 1.001), (60, 1.001), (15, 2.0)])
def test_times_follow_fps_and_its_base(blender, read, fps, base):
    blender.scene.render.fps, blender.scene.render.fps_base = fps, base
    mark(4.0, "G: iconic right large")
    (span,) = read(blender.scene, None, 1.5, 10.0).spans
    assert span.start == pytest.approx(2.5, abs=0.5 * base / fps + 1e-6)
    assert span.side == "right"
    assert dict(span.labels) == {"phrase": "iconic", "extent": "large"}


def test_other_markers_are_nobodys_business(blender, read):
    mark(1.0, "Camera 2")
    mark(2.0, "Good: not a gesture")
    assert read(blender.scene, None).entries == ()


def test_a_marker_speaks_to_the_character_it_names(blender, read):
    mark(1.0, "G@Anna: beat")
    mark(2.0, "G@Ben: iconic")
    mark(3.0, "G: deictic")
    phrases = [span.labels["phrase"] for span in read(blender.scene, "Anna").spans]
    assert phrases == ["beat", "deictic"]


@pytest.mark.parametrize(
    ("seconds", "name", "problem"),
    [
        (2.0, "G: icnic", "icnic"),
        (2.0, "G: shape=nothing-known", "nothing-known"),
        (2.0, "G: iconic " + "right " * 12, "cut"),
        (0.5, "G: beat", "before the sound"),
        (9.0, "G: beat", "after the sound"),
    ],
)
def test_what_cannot_be_used_says_why_and_is_not_sent(blender, read, seconds, name, problem):
    mark(seconds, name)
    mark(3.0, "G: beat")
    annotations = read(blender.scene, None, 1.0, 5.0)
    assert [span.start for span in annotations.spans] == [pytest.approx(2.0, abs=0.05)]
    (bad,) = [entry for entry in annotations.entries if entry.problem]
    assert problem in bad.problem


def test_the_button_writes_what_the_reader_reads(blender, read):
    blender.scene.frame_current = 60
    bpy.ops.aqgt.marker_add(phrase="deictic", side="left", extent="small", length=0.8)
    (marker,) = blender.scene.timeline_markers
    assert marker.frame == 60
    (span,) = read(blender.scene, None).spans
    assert (span.side, dict(span.labels)) == ("left", {"phrase": "deictic", "extent": "small"})
    assert span.end - span.start == pytest.approx(0.8)
