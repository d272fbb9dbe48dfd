# SPDX-License-Identifier: GPL-3.0-or-later
"""Our BVH files in Blender's own importer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from aqgt import rotations as rot  # noqa: E402
from aqgt import skeleton as sk  # noqa: E402
from aqgt.formats.bvh import PELVIS_HEIGHT, write_bvh  # noqa: E402
from aqgt.motion import Motion  # noqa: E402
from aqgt.skeleton_pose import REST_VECTORS  # noqa: E402

N_FRAMES = 20
TO_BLENDER = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=float)
"""The model's axes (y down, z away from the viewer) to Blender's (z up, the speaker faces -y)."""


def swaying() -> Motion:
    """Starts in the rest pose; then every bone sways."""
    random = np.random.default_rng(3)
    time = np.linspace(0, 6, N_FRAMES)[:, None]
    angle = 0.8 * np.sin(time * random.uniform(0.5, 2, sk.N_JOINTS))
    turn = rot.from_axis_angle(random.normal(size=(sk.N_JOINTS, 3)), angle)
    return Motion(15.0, rot.rotate(turn, REST_VECTORS), sk.REFERENCE_LENGTHS)


@pytest.fixture(scope="module")
def motion() -> Motion:
    return swaying()


@pytest.fixture(scope="module")
def armature(motion, tmp_path_factory):
    """The file, imported with the importer's defaults into an empty scene."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    path = Path(tmp_path_factory.mktemp("bvh")) / "gestures.bvh"
    write_bvh(path, motion)
    assert bpy.ops.import_anim.bvh(filepath=str(path)) == {"FINISHED"}
    return bpy.context.object


def joint_positions(armature, frame: int) -> dict[str, np.ndarray]:
    """World positions of our joints: the heads of bones, and the tail of a bone that ends in a leaf."""
    bpy.context.scene.frame_set(frame)
    bpy.context.view_layer.update()
    bones = armature.pose.bones
    places = {}
    for joint, name in enumerate(sk.JOINT_NAMES):
        is_leaf = joint not in sk.PARENTS
        bone = bones[sk.JOINT_NAMES[sk.PARENTS[joint]] if is_leaf else name]
        places[name] = np.array(armature.matrix_world @ (bone.tail if is_leaf else bone.head))
    return places


def test_the_figure_stands_upright_in_metres_and_faces_minus_y(armature):
    place = joint_positions(armature, 1)
    assert place["pelvis"] == pytest.approx([0, 0, PELVIS_HEIGHT], abs=1e-4)
    above = place["head_top"] - place["pelvis"]
    assert above[2] == pytest.approx(0.79, abs=0.01)
    assert np.abs(above[:2]).max() < 0.02
    assert place["nose"][1] < place["thorax"][1] - 0.05


def test_the_arms_are_on_their_sides(armature):
    place = joint_positions(armature, 1)
    assert place["left_wrist"][0] > 0.6
    assert place["right_wrist"][0] < -0.6
    assert place["left_thumb_4"][1] < place["left_wrist"][1]  # in the T-pose thumbs point forward


def test_every_joint_that_turns_is_a_bone_with_a_length(armature):
    bones = armature.data.bones
    turning = {sk.JOINT_NAMES[parent] for parent in sk.PARENTS if parent >= 0}
    fingers = {
        f"{side}_{finger}_{k}" for side in ("left", "right") for finger in sk.FINGERS for k in (1, 2, 3)
    }
    assert fingers < turning <= set(bones.keys())
    assert min(bone.length for bone in bones) > 0.001


def test_every_joint_is_where_the_motion_has_it(armature, motion):
    expected = motion.metric().positions() @ TO_BLENDER.T + [0, 0, PELVIS_HEIGHT]
    for index in range(0, N_FRAMES, 3):
        place = joint_positions(armature, index + 1)
        found = np.array([place[name] for name in sk.JOINT_NAMES])
        assert np.abs(found - expected[index]).max() < 0.001


def test_the_animation_has_the_motions_frames(armature):
    assert tuple(armature.animation_data.action.frame_range) == (1, N_FRAMES)
