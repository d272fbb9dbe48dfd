# SPDX-License-Identifier: GPL-3.0-or-later
"""Presets of one's own: saved, listed, applied, deleted, exchanged; and those a request may name."""

from __future__ import annotations

import json
from dataclasses import replace

import bpy
import pytest

from aqgt.annotations import CHANNEL_BY_KEY
from aqgt.errors import AqgtError
from tests.blender.helpers import refused


@pytest.fixture
def presets(preferences, part, tmp_path):
    """The module, with a folder of its own."""
    preferences.presets_folder = str(tmp_path / "presets")
    return part("annotate.presets")


def names() -> list[str]:
    return sorted(marker.name for marker in bpy.context.scene.timeline_markers)


def test_an_annotation_is_saved_and_applied_elsewhere(presets):
    scene = bpy.context.scene
    bpy.ops.aqgt.marker_add(phrase="iconic", side="right", extent="large", start=1.0, length=0.5)
    assert bpy.ops.aqgt.preset_save(title="Big Shape", about="A large form") == {"FINISHED"}
    assert (presets.folder() / "big-shape.json").is_file()
    assert presets.annotation_items() == [("big-shape", "Big Shape", "A large form")]
    scene.frame_current = 48
    bpy.ops.ed.undo_push(message="before")
    assert bpy.ops.aqgt.preset_apply(place="PLAYHEAD") == {"FINISHED"}
    assert len(set(names())) == 1, "it says the same"
    assert sorted(marker.frame for marker in scene.timeline_markers) == [24, 48]
    bpy.ops.aqgt.marker_add(phrase="beat", start=4.0, length=1.0)
    assert bpy.ops.aqgt.preset_apply(place="CHOSEN") == {"FINISHED"}
    assert len(set(names())) == 1
    scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end = True, 100, 123
    assert bpy.ops.aqgt.preset_apply(place="RANGE") == {"FINISHED"}
    assert scene.timeline_markers[-1].aqgt.length == pytest.approx(1.0)
    assert "words" in refused(bpy.ops.aqgt.preset_apply, place="WORDS").lower()
    assert bpy.ops.aqgt.preset_delete() == {"FINISHED"}
    assert presets.annotation_items() == []
    assert not bpy.ops.aqgt.preset_apply.poll()


def test_presets_travel_as_files(presets, tmp_path):
    bpy.ops.aqgt.marker_add(phrase="deictic", side="left", start=1.0)
    bpy.ops.aqgt.preset_save(title="There", kind="annotation")
    bpy.ops.aqgt.preset_export(filepath=str(tmp_path / "there.json"))
    bpy.ops.aqgt.preset_delete()
    assert bpy.ops.aqgt.preset_import(filepath=str(tmp_path / "there.json")) == {"FINISHED"}
    assert [one.title for one in presets.own_presets("annotation")] == ["There"]
    assert presets.own_presets("annotation")[0].content().labels == {"phrase": "deictic"}


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        '{"kind": "dance"}',
        '{"kind": "annotation", "labels": {"phrase": "waltz"}}',
        '{"kind": "annotation", "side": "foot"}',
        '{"kind": "annotation", "labels": 3}',
        '{"kind": "request", "rules": [{"channels": ["foot"], "to": "beat"}]}',
        '{"kind": "request", "rules": [{"channels": ["phrase"], "to": "waltz"}]}',
        '{"kind": "request", "text": "maybe"}',
        '{"kind": "request", "volume": 3}',
        '{"kind": "request", "rules": 7}',
    ],
)
def test_files_that_are_no_presets_are_refused_and_shown(presets, tmp_path, text):
    path = tmp_path / "odd.json"
    path.write_text(text)
    assert "odd" in refused(bpy.ops.aqgt.preset_import, filepath=str(path))
    assert not presets.own_presets("annotation") + presets.own_presets("request")
    presets.folder().mkdir(exist_ok=True)
    (presets.folder() / "odd.json").write_text(text)
    assert len(presets.problems()) == 1
    assert presets.own_presets("request") == []


def test_requests_may_name_shipped_presets_and_ones_own(presets, checkout):
    shipped = presets.request_presets()
    wanted = {path.stem for path in (checkout / "configs" / "presets").glob("*.yaml")}
    assert {name for name, _, _ in shipped} == wanted
    assert all(title and tip and "SPDX" not in tip for _, title, tip in shipped)
    assert presets.load_request_preset("always-iconic") == "always-iconic"
    bpy.ops.aqgt.marker_add(phrase="beat", side="right", start=1.0)
    assert bpy.ops.aqgt.preset_save(title="Only Beats", kind="request") == {"FINISHED"}
    assert presets.request_presets()[-1][:2] == ("user:only-beats", "Only Beats")
    assert presets.request_presets() is presets.request_presets(), "Blender needs the texts to stay"
    assert presets.load_request_preset("user:only-beats") == {
        "title": "Only Beats",
        "rules": [{"channels": ["phrase_right"], "to": "beat"}],
    }
    file = presets.folder() / "only-beats.json"
    document = json.loads(file.read_text())
    document["rules"][0]["to"] = "iconic"
    file.write_text(json.dumps(document))
    assert presets.load_request_preset("user:only-beats")["rules"][0]["to"] == "iconic", "a change is seen"
    for name in ("nosuch", "user:nosuch", "user:../secret"):
        with pytest.raises(AqgtError, match="preset"):
            presets.load_request_preset(name)


def test_the_engine_takes_ones_own_preset(presets, engine, part):
    bpy.ops.aqgt.marker_add(phrase="beat", side="right", start=1.0)
    bpy.ops.aqgt.preset_save(title="Only Beats", kind="request")
    trial = part("connection.ops")._trial(bpy.context)
    request = replace(trial, model="debug", preset=presets.load_request_preset("user:only-beats"))
    result = part("connection.session").client().generate(request)
    channel = CHANNEL_BY_KEY["phrase_right"]
    assert (result.tracks[0][channel.index] == channel.value_of("beat")).all()
    assert result.provenance[0].settings["preset"]["title"] == "Only Beats"
