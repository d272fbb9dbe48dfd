# SPDX-License-Identifier: GPL-3.0-or-later
"""SMPL-X parameters: the order of joints, the keys of BEAT2 and AMASS, angles that give the motion back."""

from __future__ import annotations

import numpy as np
import pytest

from aqgt import skeleton as sk
from aqgt.errors import AqgtError
from aqgt.formats.smplx import JOINTS, smplx_poses, write_smplx
from aqgt.motion import Motion
from tests.formats.humanoid_motion import TO_Y_UP, angle, directions_y_up, moving

# Parents of the 55 joints, from the published model: the kinematic tree of SMPL-X.
PARENTS = (
    [-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 15, 15, 15]
    + [20, 25, 26, 20, 28, 29, 20, 31, 32, 20, 34, 35, 20, 37, 38]
    + [21, 40, 41, 21, 43, 44, 21, 46, 47, 21, 49, 50, 21, 52, 53]
)


def matrix(vector: np.ndarray) -> np.ndarray:
    """Rodrigues' formula: rotation vectors `[..., 3]` to matrices, sharing no code with the writer."""
    size = np.linalg.norm(vector, axis=-1)[..., None, None]
    x, y, z = np.moveaxis(vector / np.where(size[..., 0] > 0, size[..., 0], 1.0), -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack([np.stack(row, -1) for row in ([zero, -z, y], [z, zero, -x], [-y, x, zero])], -2)
    return np.eye(3) + np.sin(size) * cross + (1 - np.cos(size)) * cross @ cross


def world_turns(poses: np.ndarray) -> np.ndarray:
    local = matrix(poses)
    world = local.copy()
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            world[:, joint] = world[:, parent] @ local[:, joint]
    return world


@pytest.mark.parametrize("side", ["left", "right"])
def test_bones_point_where_the_motion_points(side: str) -> None:
    motion = moving()
    world, wanted = world_turns(smplx_poses(motion)), directions_y_up(motion)
    rest = sk.bone_vectors_from_positions(sk.REFERENCE_REST) * TO_Y_UP
    index = sk.JOINT_INDEX
    pairs = [("collar", "shoulder"), ("shoulder", "elbow"), ("elbow", "wrist")]
    pairs += [(f"{f.replace('little', 'pinky')}{k}", f"{f}_{k + 1}") for f in sk.FINGERS for k in (1, 2, 3)]
    for smplx, ours in pairs:
        joint = index[f"{side}_{ours}"]
        turned = world[:, JOINTS.index(f"{side}_{smplx}")] @ rest[joint]
        assert angle(turned, wanted[:, joint]) < 1e-3, (smplx, ours)


def test_the_t_pose_is_zero() -> None:
    motion = Motion.from_positions(np.tile(sk.REFERENCE_REST, (3, 1, 1)), 15)
    assert np.abs(smplx_poses(motion)).max() < 1e-6


def test_legs_face_and_place_stay() -> None:
    poses = smplx_poses(moving())
    still = [
        i
        for i, name in enumerate(JOINTS)
        if any(w in name for w in ("pelvis", "hip", "knee", "ankle", "foot", "jaw", "eye"))
    ]
    assert np.abs(poses[:, still]).max() == 0
    assert np.abs(np.delete(poses, still, axis=1)).max(axis=(0, 2)).min() > 1e-3


def test_the_file_has_the_keys_of_beat2_and_amass(tmp_path) -> None:
    motion = moving(20)
    write_smplx(tmp_path / "motion.npz", motion)
    with np.load(tmp_path / "motion.npz", allow_pickle=False) as file:
        assert file["poses"].shape == (20, 165)
        assert file["trans"].shape == (20, 3)
        assert file["expressions"].shape == (20, 100)
        assert not file["betas"].any()
        assert float(file["mocap_frame_rate"]) == motion.fps
        assert str(file["gender"]) == "neutral"
        parts = ("root_orient", "pose_body", "pose_jaw", "pose_eye", "pose_hand")
        np.testing.assert_array_equal(np.concatenate([file[part] for part in parts], axis=1), file["poses"])
        np.testing.assert_allclose(file["poses"].reshape(20, 55, 3), smplx_poses(motion), atol=1e-6)


def test_a_motion_without_frames_is_refused(tmp_path) -> None:
    with pytest.raises(AqgtError, match="no frames"):
        write_smplx(tmp_path / "motion.npz", moving().slice(0, 0))
