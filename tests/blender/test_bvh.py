# SPDX-License-Identifier: GPL-3.0-or-later
"""Our BVH files in Blender's own importer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

N_FRAMES = 20
PELVIS_HEIGHT = 0.95
TO_BLENDER = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=float)
"""The model's axes (y down, z away from the viewer) to Blender's (z up, the speaker faces -y)."""

# Written by another process: in this one, only what the extension brings may be called aqgt.
WRITE = f"""
import sys
import numpy as np
from aqgt import rotations as rot, skeleton as sk
from aqgt.formats.bvh import write_bvh
from aqgt.motion import Motion
from aqgt.skeleton_pose import REST_VECTORS

random = np.random.default_rng(3)
time = np.linspace(0, 6, {N_FRAMES})[:, None]
angle = 0.8 * np.sin(time * random.uniform(0.5, 2, sk.N_JOINTS))  # begins in the rest pose
turn = rot.from_axis_angle(random.normal(size=(sk.N_JOINTS, 3)), angle)
motion = Motion(15.0, rot.rotate(turn, REST_VECTORS), sk.REFERENCE_LENGTHS)
write_bvh(sys.argv[1], motion)
positions = motion.metric().positions()
np.savez(sys.argv[2], positions=positions, names=np.array(sk.JOINT_NAMES), parents=sk.PARENTS)
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory, checkout) -> tuple[Path, dict[str, np.ndarray]]:
    """A BVH file of a swaying figure, with the names, parents and positions of its joints."""
    folder = tmp_path_factory.mktemp("bvh")
    environment = os.environ | {"PYTHONPATH": str(checkout / "engine")}
    command = [sys.executable, "-c", WRITE, str(folder / "gestures.bvh"), str(folder / "expected.npz")]
    subprocess.run(command, check=True, env=environment, timeout=120)
    with np.load(folder / "expected.npz") as expected:
        return folder / "gestures.bvh", dict(expected)


@pytest.fixture(scope="module")
def armature(written):
    """The file, imported with the importer's defaults into an empty scene."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    assert bpy.ops.import_anim.bvh(filepath=str(written[0])) == {"FINISHED"}
    return bpy.context.object


@pytest.fixture(scope="module")
def joint_positions(written, armature):
    """A function from a frame to the world positions of all joints, by name."""
    names, parents = [str(name) for name in written[1]["names"]], written[1]["parents"]

    def at(frame: int) -> dict[str, np.ndarray]:
        bpy.context.scene.frame_set(frame)
        places = {}
        for joint, name in enumerate(names):
            is_leaf = joint not in parents  # a leaf is no bone but the tail of its parent
            bone = armature.pose.bones[names[parents[joint]] if is_leaf else name]
            places[name] = np.array(armature.matrix_world @ (bone.tail if is_leaf else bone.head))
        return places

    return at


def test_the_figure_stands_upright_in_metres_and_faces_minus_y(joint_positions):
    place = joint_positions(1)
    assert place["pelvis"] == pytest.approx([0, 0, PELVIS_HEIGHT], abs=1e-4)
    above = place["head_top"] - place["pelvis"]
    assert above[2] == pytest.approx(0.79, abs=0.01)
    assert np.abs(above[:2]).max() < 0.02
    assert place["nose"][1] < place["thorax"][1] - 0.05


def test_the_arms_are_on_their_sides(joint_positions):
    place = joint_positions(1)
    assert place["left_wrist"][0] > 0.6
    assert place["right_wrist"][0] < -0.6
    assert place["left_thumb_4"][1] < place["left_wrist"][1]  # in the T-pose thumbs point forward


def test_every_joint_that_turns_is_a_bone_with_a_length(armature, written):
    names, parents = written[1]["names"], written[1]["parents"]
    turning = {str(names[parent]) for parent in parents if parent >= 0}
    fingers = {name for name in turning if name.endswith(("_1", "_2", "_3"))}
    assert len(fingers) == 30
    assert turning <= set(armature.data.bones.keys())
    assert min(bone.length for bone in armature.data.bones) > 0.001


def test_every_joint_is_where_the_motion_has_it(joint_positions, written):
    expected = written[1]["positions"] @ TO_BLENDER.T + [0, 0, PELVIS_HEIGHT]
    for index in range(0, N_FRAMES, 3):
        found = np.array(list(joint_positions(index + 1).values()))
        assert np.abs(found - expected[index]).max() < 0.001


def test_the_animation_has_the_motions_frames(armature):
    assert tuple(armature.animation_data.action.frame_range) == (1, N_FRAMES)
