# SPDX-License-Identifier: GPL-3.0-or-later
"""What `aqgt` has done inside Blender: motions onto characters, exports, frames and sound of a scene."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from aqgt import skeleton
from aqgt.errors import AqgtError
from aqgt.formats.npz import write_npz
from aqgt.motion import Motion
from aqgt.protocol.messages import Provenance

SETTINGS = {
    "engine": "workbench", "width": 64, "height": 36, "samples": None, "step": 1,
    "first": None, "last": None, "camera": None,
}  # fmt: skip
SECONDS = 2.0


def quiet(share: float, text: str) -> None:
    """Nobody watches."""


@pytest.fixture
def do(part: Any) -> Any:
    """`do(kind=…, …)` runs a job."""
    return lambda **job: part("headless.registry").run(job, quiet)


@pytest.fixture
def motion(tmp_path: Path) -> Path:
    """Two seconds in which the left forearm goes up and down."""
    rest = skeleton.bone_vectors_from_positions(skeleton.REFERENCE_REST)
    vectors = np.repeat(rest[None], int(SECONDS * 15), axis=0)
    angle = 0.8 * np.sin(np.linspace(0, 6, len(vectors)))
    wrist = skeleton.JOINT_INDEX["left_wrist"]
    length = np.linalg.norm(rest[wrist])
    vectors[:, wrist] = length * np.stack([0 * angle, np.cos(angle), -np.sin(angle)], axis=-1)
    provenance = asdict(Provenance("test", "0", "CC0-1.0", True, 3))
    path = tmp_path / "motion.npz"
    write_npz(path, Motion(15.0, vectors.astype(np.float32)), provenance=provenance)
    return path


@pytest.fixture
def applied(do: Any, motion: Path, checkout: Path, tmp_path: Path) -> dict[str, Any]:
    """The job's answer; the file lies in `tmp_path`."""
    return do(
        kind="apply",
        motion=str(motion),
        character=str(checkout / "rigs/characters/mh_mixamo_male.glb"),
        audio=str(checkout / "examples/voice/sense_and_sensibility.wav"),
        blend=str(tmp_path / "scene.blend"),
        exports={"fbx": str(tmp_path / "scene.fbx"), "glb": str(tmp_path / "scene.glb")},
    )


def armature() -> Any:
    return next(one for one in bpy.context.scene.objects if one.type == "ARMATURE")


def forearm_swing() -> float:
    """Degrees between the lowest and the highest direction of the left forearm over the scene."""
    scene, rig = bpy.context.scene, armature()
    bone = next(one for one in rig.pose.bones if one.name.endswith("LeftForeArm"))
    directions = []
    for frame in range(1, int(SECONDS * scene.render.fps), 3):
        scene.frame_set(frame)
        directions.append((rig.matrix_world.to_3x3() @ bone.matrix.col[1].to_3d()).normalized())
    return float(np.degrees(max(a.angle(b) for a in directions for b in directions)))


def test_a_motion_lies_on_the_character_with_its_voice(applied: dict[str, Any], tmp_path: Path) -> None:
    assert applied["figures"]["bone_map"] == "mixamo"
    assert applied["figures"]["limb_error_degrees"] < 1.0
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    scene = bpy.context.scene
    assert (scene.frame_start, scene.frame_end) == (1, 60)
    assert scene.camera is not None
    (strip,) = scene.sequence_editor.strips_all
    assert strip.sound.packed_file is not None
    (track,) = armature().animation_data.nla_tracks
    assert track.strips[0].action.name == applied["take"]
    assert forearm_swing() == pytest.approx(np.degrees(1.6), abs=6)


@pytest.mark.parametrize("kind", ["fbx", "glb"])
def test_exports_play_what_the_blend_plays(kind: str, applied: dict[str, Any], tmp_path: Path) -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = 30
    path = str(tmp_path / f"scene.{kind}")
    if kind == "fbx":
        bpy.ops.import_scene.fbx(filepath=path)
    else:
        bpy.ops.import_scene.gltf(filepath=path, disable_bone_shape=True)
    assert any(one.type == "MESH" for one in bpy.context.scene.objects)
    assert forearm_swing() == pytest.approx(np.degrees(1.6), abs=6)


def test_a_blend_keeps_its_scene(do: Any, applied: Any, motion: Path, tmp_path: Path) -> None:
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.context.scene.render.fps, bpy.context.scene.frame_start = 24, 11
    bpy.ops.wm.save_mainfile()
    do(
        kind="apply",
        motion=str(motion),
        character=str(tmp_path / "scene.blend"),
        blend=str(tmp_path / "two.blend"),
    )
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "two.blend"))
    scene = bpy.context.scene
    assert (scene.render.fps, scene.frame_start, scene.frame_end) == (24, 11, 58)
    tracks = armature().animation_data.nla_tracks
    assert len(tracks) == 2
    assert tracks[1].strips[0].frame_start == 11


def test_frames_and_sound_of_a_scene(do: Any, applied: Any, tmp_path: Path) -> None:
    blend, sound = str(tmp_path / "scene.blend"), tmp_path / "sound.wav"
    look = do(kind="render", step="look", blend=blend, settings=SETTINGS, sound=str(sound))
    assert look == {"fps": 30.0, "first": 1, "last": 60, "sound": True}
    import wave

    with wave.open(str(sound)) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(SECONDS, abs=0.05)
    old = tmp_path / "000002.png"
    old.write_bytes(b"kept")
    do(kind="render", step="frames", blend=blend, settings=SETTINGS, folder=str(tmp_path), frames=[1, 2, 3])
    assert old.read_bytes() == b"kept"
    image = bpy.data.images.load(str(tmp_path / "000003.png"))
    assert tuple(image.size) == (64, 36)
    assert np.std(np.array(image.pixels)) > 0.02, "there is something to see"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"character": "none.glb"}, "There is no character"),
        ({"character": "bad.glb"}, "cannot import “bad.glb”"),
        ({"character": "bad.blend"}, "cannot open “bad.blend”"),
        ({"armature": "Nobody"}, "holds no armature “Nobody”"),
        ({"bone_map": "vroid"}, "no arm bones named as in"),
        ({"bone_map": "unheard"}, "There is no bone map"),
        ({"motion": "bad.glb"}, "can't be read"),
        ({"kind": "dance"}, "knows no job “dance”"),
    ],
)
def test_what_cannot_be_done_is_said(
    change: dict[str, str], words: str, do: Any, motion: Path, checkout: Path, tmp_path: Path
) -> None:
    for name in ("bad.glb", "bad.blend"):
        (tmp_path / name).write_text("nothing")
    job = {
        "kind": "apply",
        "motion": str(motion),
        "character": str(checkout / "rigs/characters/mh_mixamo_male.glb"),
        "blend": str(tmp_path / "scene.blend"),
    }
    for key, value in change.items():
        job[key] = str(tmp_path / value) if key in ("character", "motion") else value
    with pytest.raises(AqgtError, match=words):
        do(**job)
    assert not (tmp_path / "scene.blend").exists()


def test_a_scene_without_camera_and_character_says_so(do: Any, blender: Any, tmp_path: Path) -> None:
    blend = str(tmp_path / "empty.blend")
    bpy.ops.wm.save_as_mainfile(filepath=blend)
    with pytest.raises(AqgtError, match="neither a camera nor a character"):
        do(kind="render", step="frames", blend=blend, settings=SETTINGS, folder=str(tmp_path), frames=[1])
    settings = {**SETTINGS, "camera": "Side"}
    with pytest.raises(AqgtError, match="no camera “Side”"):
        do(kind="render", step="frames", blend=blend, settings=settings, folder=str(tmp_path), frames=[1])
