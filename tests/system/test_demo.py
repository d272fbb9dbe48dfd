# SPDX-License-Identifier: GPL-3.0-or-later
"""`make demo` with the debug model: the four files, and what is in them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aqgt.formats.bvh import read_bvh
from aqgt.formats.npz import read_npz
from tests.system.conftest import environment
from tests.system.media import look, seconds_of

# The first test waits for the demo, which renders for minutes on a small machine.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(720)]

# Printed by Blender: every object with NLA tracks, its strips, and what their actions move.
LOOK_INTO_BLEND = """
import json, os, sys
import bpy
bpy.ops.wm.open_mainfile(filepath=sys.argv[1])
found = []
for one in bpy.data.objects:
    data = one.animation_data
    for track in (data.nla_tracks if data else ()):
        for strip in track.strips:
            bag = strip.action.layers[0].strips[0].channelbag(strip.action_slot)
            keyed, moving = set(), set()
            for curve in bag.fcurves:
                values = [key.co.y for key in curve.keyframe_points]
                keyed.add(curve.data_path)
                if max(values) - min(values) > 1e-3:
                    moving.add(curve.data_path)
            found.append({
                "object": one.name, "type": one.type, "muted": track.mute, "action": strip.action.name,
                "start": strip.frame_start, "end": strip.frame_end,
                "keyed": sorted(keyed), "moving": sorted(moving),
            })
scene = bpy.context.scene
strips = scene.sequence_editor.strips if scene.sequence_editor else ()
print("FOUND " + json.dumps({
    "strips": found, "fps": scene.render.fps, "frame_end": scene.frame_end,
    "sounds": [strip.type for strip in strips], "markers": [marker.name for marker in scene.timeline_markers],
}), flush=True)
os._exit(0)
"""


@pytest.fixture(scope="module")
def demo(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's folder."""
    blender = checkout / ".venv-blender" / "bin" / "python"
    assert blender.exists(), "There is no .venv-blender. Make it: make setup"
    out = tmp_path_factory.mktemp("demo")
    result = subprocess.run(
        [sys.executable, str(checkout / "scripts" / "demo.py"), "--model", "debug", "--out", str(out)],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=660,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return out


@pytest.fixture(scope="module")
def scene(demo: Path, checkout: Path) -> dict[str, Any]:
    """What Blender finds in character.blend."""
    result = subprocess.run(
        [checkout / ".venv-blender" / "bin" / "python", "-c", LOOK_INTO_BLEND, demo / "character.blend"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    line = next((one for one in result.stdout.splitlines() if one.startswith("FOUND ")), None)
    assert line, result.stdout + result.stderr
    return json.loads(line.removeprefix("FOUND "))


def test_it_leaves_the_four_files(demo: Path) -> None:
    names = {path.name for path in demo.iterdir()}
    assert names == {"character.blend", "preview.mp4", "gestures.npz", "gestures.bvh"}


def test_the_video_shows_and_plays_the_whole_recording(demo: Path, voice: Path) -> None:
    film = look(demo / "preview.mp4")
    seconds = seconds_of(voice)
    assert film.picture == pytest.approx(seconds, abs=0.15)
    assert film.sound == pytest.approx(seconds, abs=0.1)
    assert film.fps >= 15
    assert film.loudness > 0.005
    assert film.movement > 0.005


def test_the_motion_is_as_long_as_the_recording(demo: Path, voice: Path) -> None:
    record = read_npz(demo / "gestures.npz")
    assert record.motion.duration == pytest.approx(seconds_of(voice), abs=0.1)
    assert read_bvh(demo / "gestures.bvh").duration == pytest.approx(seconds_of(voice), abs=0.1)
    assert record.provenance["model"] == "debug"
    users = [span for span in record.spans if span.source == "user"]
    assert len(users) == 2, "both markers reached the engine"


def test_the_scene_holds_the_gestures_on_an_nla_track(scene: dict[str, Any], voice: Path) -> None:
    (strip,) = [one for one in scene["strips"] if one["type"] == "ARMATURE"]
    assert not strip["muted"]
    assert (strip["end"] - strip["start"]) / scene["fps"] == pytest.approx(seconds_of(voice), abs=0.2)
    moving = " ".join(strip["moving"])
    for bone in ("RightArm", "LeftArm", "RightForeArm", "LeftForeArm", "RightHandIndex1", "Head"):
        assert f'{bone}"]' in moving, f"{bone} does not move"
    keyed = " ".join(strip["keyed"])
    for bone in ("LeftUpLeg", "RightUpLeg", "LeftFoot", "RightFoot"):
        assert f'{bone}"]' not in keyed, "legs stay the animator's own"


def test_the_scene_holds_voice_and_markers(scene: dict[str, Any]) -> None:
    assert "SOUND" in scene["sounds"]
    assert sum(name.startswith("G:") for name in scene["markers"]) == 2
