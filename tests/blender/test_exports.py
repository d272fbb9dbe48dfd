# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written for other programs, read back and compared; the file that is open stays as it was."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from aqgt import skeleton
from aqgt.formats.npz import read_npz, write_npz
from aqgt.formats.smplx import smplx_poses
from tests.blender import rigs
from tests.blender.helpers import refused, snapshot
from tests.retarget.kinematics import angles
from tests.retarget.motions import sample_motion

MOTION = sample_motion(6, 40)
FRAMES = np.array([1.0, 8.0, 17.0, 29.0, 38.0])


@pytest.fixture
def taken(blender: Any, character: Any, tmp_path: Path) -> Any:
    """A character with one take."""
    scene = blender.scene
    scene.render.fps, scene.frame_start, scene.frame_end = 30, 1, 200
    write_npz(tmp_path / "motion.npz", MOTION)
    scene.aqgt_retarget.source, scene.aqgt_retarget.filepath = "FILE", str(tmp_path / "motion.npz")
    assert bpy.ops.aqgt.retarget() == {"FINISHED"}
    return character


def export(path: Path, kind: str, **options: Any) -> Path:
    """Export through the operator; nothing in the open file may change."""
    bpy.context.scene.frame_set(5)
    before = snapshot()
    assert bpy.ops.aqgt.take_export(filepath=str(path), kind=kind, **options) == {"FINISHED"}
    assert snapshot() == before
    return path


def turns(armature: Any, frames: np.ndarray) -> dict[str, np.ndarray]:
    """How each bone is turned from rest in the world `[T, 3, 3]`, whatever axes a format gives bones."""
    world = np.array(armature.matrix_world)[:3, :3]
    world = world / np.linalg.norm(world, axis=0)
    rest = {bone.name: np.array(bone.matrix_local)[:3, :3] for bone in armature.data.bones}
    return {
        name: world @ _unscaled(matrices[:, :3, :3]) @ rest[name].T @ world.T
        for name, matrices in rigs.evaluated(armature, frames).items()
    }


def _unscaled(matrices: np.ndarray) -> np.ndarray:
    return matrices / np.linalg.norm(matrices, axis=1, keepdims=True)


def worst(reached: dict[str, np.ndarray], wanted: dict[str, np.ndarray]) -> float:
    """Largest difference in degrees over all bones that both have."""
    common = set(reached) & set(wanted)
    assert len(common) >= 50
    found = 0.0
    for name in common:
        # Small angles: the arc cosine of a trace would lose them in rounding.
        between = np.einsum("tji,tjk->tik", wanted[name], reached[name])
        sine = np.linalg.norm(between - np.swapaxes(between, 1, 2), axis=(1, 2)) / np.sqrt(8)
        found = max(found, float(np.degrees(np.arcsin(np.clip(sine, 0, 1))).max()))
        assert (np.trace(between, axis1=1, axis2=2) > 2).all(), name
    return found


def reread(path: Path, tmp_path: Path) -> Any:
    """The armature of an exported file, alone in an empty scene at 30 frames per second."""
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.context.scene.render.fps = 30
    if path.suffix == ".fbx":
        bpy.ops.import_scene.fbx(filepath=str(path))
    elif path.suffix == ".bvh":
        # Blender writes its own axes into BVH.
        bpy.ops.import_anim.bvh(filepath=str(path), axis_forward="Y", axis_up="Z", rotate_mode="QUATERNION")
    elif path.suffix in (".usdc", ".usd"):
        bpy.ops.wm.usd_import(filepath=str(path))
    else:
        copy = shutil.copy(path, tmp_path / "again.glb")
        bpy.ops.import_scene.gltf(filepath=str(copy), disable_bone_shape=True)
    return next(one for one in bpy.data.objects if one.type == "ARMATURE")


@pytest.mark.parametrize(
    ("kind", "suffix"), [("BVH_CHARACTER", ".bvh"), ("FBX", ".fbx"), ("GLB", ".glb"), ("USD", ".usdc")]
)
def test_a_character_comes_back_as_it_was(taken: Any, tmp_path: Path, kind: str, suffix: str) -> None:
    if kind == "USD" and "usd_export" not in dir(bpy.ops.wm):
        pytest.skip("this Blender was built without USD")
    strip = taken.animation_data.nla_tracks[0].strips[0]
    assert (strip.frame_start, strip.frame_end) == (1, 40)
    wanted = turns(taken, FRAMES)
    path = export(tmp_path / f"take{suffix}", kind)
    armature = reread(path, tmp_path)
    first = armature.animation_data.action.frame_range[0]
    found = turns(armature, FRAMES - 1 + first)
    if kind == "USD":  # which allows no colon in a name
        found = {name.replace("_", ":", 1): turned for name, turned in found.items()}
    assert worst(found, wanted) <= 0.1


def test_what_is_played_is_written_with_all_tracks(taken: Any, tmp_path: Path) -> None:
    """A second take above hides the first; one take alone does not show the other."""
    scene = bpy.context.scene
    first = taken.animation_data.nla_tracks[0].strips[0].action
    write_npz(tmp_path / "other.npz", sample_motion(9, 40))
    scene.aqgt_retarget.filepath = str(tmp_path / "other.npz")
    bpy.ops.aqgt.retarget()
    scene.frame_start, scene.frame_end = 1, 40
    top = taken.animation_data.nla_tracks[-1].strips[0]
    top.blend_in = top.blend_out = 0
    played = turns(taken, FRAMES)
    taken.animation_data.nla_tracks[-1].mute = True
    alone = turns(taken, FRAMES)
    taken.animation_data.nla_tracks[-1].mute = False
    name = first.name
    one = export(tmp_path / "one.glb", "GLB", action=name)
    both = export(tmp_path / "both.glb", "GLB", played=True)
    for path, wanted in ((one, alone), (both, played)):
        armature = reread(path, tmp_path)
        start = armature.animation_data.action.frame_range[0]
        assert worst(turns(armature, FRAMES - 1 + start), wanted) <= 0.1


@pytest.mark.parametrize("hidden", ["hidden", "disabled", "in pose mode"])
def test_a_character_that_is_not_to_be_seen_is_written_all_the_same(taken, tmp_path, hidden: str) -> None:
    if hidden == "hidden":
        taken.hide_set(True)
    elif hidden == "disabled":
        taken.hide_viewport = True
    else:
        bpy.context.view_layer.objects.active = taken
        bpy.ops.object.mode_set(mode="POSE")
    bones = len(taken.data.bones)
    path = export(tmp_path / "take.fbx", "FBX")
    assert len(reread(path, tmp_path).data.bones) == bones


def test_vrm_animations_move_in_blender_as_the_motion_does(taken: Any, tmp_path: Path) -> None:
    path = export(tmp_path / "take.vrma", "VRMA")
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.context.scene.render.fps = 30
    bpy.ops.import_scene.gltf(filepath=str(shutil.copy(path, tmp_path / "again.glb")))
    frames = np.arange(0, 38, 6)
    first = round(min(action.frame_range[0] for action in bpy.data.actions))
    places: dict[str, list[np.ndarray]] = {one.name: [] for one in bpy.data.objects}
    for frame in frames:
        bpy.context.scene.frame_set(int(frame) + first)
        for one in bpy.data.objects:
            places[one.name].append(np.array(one.matrix_world.translation))
    wanted = rigs.wanted_directions(MOTION, frames / 30)
    for side in ("left", "right"):
        for start, end, joint in (
            ("UpperArm", "LowerArm", "elbow"),
            ("LowerArm", "Hand", "wrist"),
            ("IndexProximal", "IndexIntermediate", "index_2"),
            ("ThumbProximal", "ThumbDistal", "thumb_3"),
        ):
            reached = np.array(places[side + end]) - np.array(places[side + start])
            index = skeleton.JOINT_INDEX[f"{side}_{joint}"]
            assert angles(reached, wanted[:, index]).max() < 0.1, (side, start)


def test_smplx_and_npz_hold_the_motion_that_the_take_remembers(taken: Any, tmp_path: Path) -> None:
    with np.load(export(tmp_path / "smplx.npz", "SMPLX")) as file:
        np.testing.assert_allclose(file["poses"].reshape(40, 55, 3), smplx_poses(MOTION), atol=1e-6)
        assert float(file["mocap_frame_rate"]) == 30
    again = read_npz(export(tmp_path / "take.npz", "NPZ"))
    np.testing.assert_array_equal(again.motion.bone_vectors, MOTION.bone_vectors)


def test_what_is_played_is_read_back_as_a_motion(taken: Any, tmp_path: Path) -> None:
    bpy.context.scene.frame_start, bpy.context.scene.frame_end = 1, 40
    again = read_npz(export(tmp_path / "played.npz", "NPZ", played=True)).motion
    assert len(again) == 40
    index = skeleton.JOINT_INDEX["left_wrist"]
    error = angles(again.bone_vectors[5:35, index], MOTION.bone_vectors[5:35, index])
    assert error.mean() < 8  # smoothed, kept out of the body and within human limits on the way


def test_names_that_end_wrongly_are_refused(taken: Any, tmp_path: Path) -> None:
    assert "does not end in .fbx" in refused(
        bpy.ops.aqgt.take_export, filepath=str(tmp_path / "take.glb"), kind="FBX"
    )
    assert "no file this add-on writes" in refused(
        bpy.ops.aqgt.take_export, filepath=str(tmp_path / "take.txt")
    )
    assert not list(tmp_path.glob("take.*"))


def test_a_folder_that_is_not_there_changes_nothing(taken: Any, tmp_path: Path) -> None:
    before = snapshot()
    message = refused(bpy.ops.aqgt.take_export, filepath=str(tmp_path / "no" / "take.glb"), kind="GLB")
    assert "There is no folder" in message
    assert snapshot() == before


# ------------------------------------------------------------------ the jobs of the command line


def run_job(part: Any, kind: str, **job: Any) -> dict[str, Any]:
    said: list[float] = []
    result = part("headless.registry").run({"kind": kind, **job}, lambda share, _: said.append(share))
    assert said == sorted(said)
    return dict(result)


@pytest.mark.parametrize("suffix", [".blend", ".fbx", ".glb", ".bvh", ".vrma", ".npz"])
def test_the_job_retarget_writes_every_format(part: Any, checkout: Path, tmp_path: Path, suffix: str) -> None:
    write_npz(tmp_path / "motion.npz", MOTION)
    output = tmp_path / f"out{suffix}"
    done = run_job(
        part,
        "retarget",
        motion=str(tmp_path / "motion.npz"),
        character=str(checkout / "rigs/characters/mh_mixamo_male.glb"),
        output=str(output),
        settings={"use_head": False},
    )
    assert output.stat().st_size > 1000
    assert done["bones"] > 40
    assert bpy.context.scene.frame_end == 40
    paths = {
        curve.data_path
        for bag in bpy.data.actions[done["take"]].layers[0].strips[0].channelbags
        for curve in bag.fcurves
    }
    assert not any("mixamorig:Head" in path for path in paths)
    if suffix == ".blend":
        exported = run_job(
            part, "export", blend=str(output), output=str(tmp_path / "again.vrma"), take=done["take"]
        )
        assert Path(exported["output"]).stat().st_size > 1000
    if suffix == ".npz":
        with np.load(output) as file:
            assert file["poses"].shape == (40, 165)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"settings": {"wings": 1}}, "no setting “wings”"),
        ({"settings": {"smoothing": "very"}}, "can't be 'very'"),
        ({"bones": "bones.json"}, "can't be read"),
        ({"armature": "Bob"}, "no armature “Bob”"),
    ],
)
def test_the_job_retarget_refuses_with_a_sentence(
    part: Any, checkout: Path, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    write_npz(tmp_path / "motion.npz", MOTION)
    (tmp_path / "bones.json").write_text('{"bones": {"left_upper_arm_1": "x"}}')
    if "bones" in change:
        change = {"bones": str(tmp_path / change["bones"])}
    job = {
        "motion": str(tmp_path / "motion.npz"),
        "character": str(checkout / "rigs/characters/mh_mixamo_male.glb"),
        "output": str(tmp_path / "out.glb"),
        **change,
    }
    with pytest.raises(part("takes.apply").AqgtError, match=said):
        run_job(part, "retarget", **job)
    assert not (tmp_path / "out.glb").exists()
