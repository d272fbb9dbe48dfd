# SPDX-License-Identifier: GPL-3.0-or-later
"""Motions as SMPL-X parameters in NPZ, under the keys that BEAT2 and AMASS use.

The angles are those of a T-pose whose fingers are straight: load them with ``flat_hand_mean=True``. Shape
(betas), face and place are zero, since a gesture says nothing of them; the legs stay at rest.
"""

from __future__ import annotations

import io
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations as rot
from aqgt.errors import AqgtError
from aqgt.formats.files import PathLike, write_bytes
from aqgt.formats.humanoid import below, shared, world_turns
from aqgt.motion import Motion

Floats = NDArray[np.float64]

_BODY = [
    "pelvis",
    "left_hip",
    "right_hip",
    "spine1",
    "left_knee",
    "right_knee",
    "spine2",
    "left_ankle",
    "right_ankle",
    "spine3",
    "left_foot",
    "right_foot",
    "neck",
    "left_collar",
    "right_collar",
    "head",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "jaw",
    "left_eye_smplhf",
    "right_eye_smplhf",
]
_HAND = [f"{finger}{k}" for finger in ("index", "middle", "pinky", "ring", "thumb") for k in (1, 2, 3)]

JOINTS: tuple[str, ...] = (*_BODY, *(f"left_{one}" for one in _HAND), *(f"right_{one}" for one in _HAND))
"""The 55 joints of SMPL-X in the order of its pose vector."""

N_BETAS = 300
N_EXPRESSIONS = 100


def smplx_poses(motion: Motion) -> Floats:
    """Axis-angle vectors `[T, 55, 3]` in radians, each joint under its parent, in the order of `JOINTS`."""
    turns = world_turns(motion)
    hips, chest, head = turns["hips"], turns["chest"], turns["head"]
    poses = np.zeros((len(motion), len(JOINTS), 3))

    def put(joint: str, parent: NDArray, turn: NDArray) -> None:
        poses[:, JOINTS.index(joint)] = rot.to_rotation_vector(below(parent, turn))

    spine = [shared(hips, chest, share) for share in (1 / 3, 2 / 3)]
    neck = shared(chest, head, 0.5)
    for joint, parent, turn in (
        ("spine1", hips, spine[0]),
        ("spine2", spine[0], spine[1]),
        ("spine3", spine[1], chest),
        ("neck", chest, neck),
        ("head", neck, head),
    ):
        put(joint, parent, turn)
    for side in ("left", "right"):
        chain = [("", chest)]
        chain += [
            (f"{side}_{smplx}", turns[f"{side}_{ours}"])
            for smplx, ours in (
                ("collar", "collar"),
                ("shoulder", "upper_arm"),
                ("elbow", "forearm"),
                ("wrist", "hand"),
            )
        ]
        for (_, parent), (joint, turn) in pairwise(chain):
            put(joint, parent, turn)
        for finger in ("index", "middle", "little", "ring", "thumb"):
            parent = turns[f"{side}_hand"]
            for k in (1, 2, 3):
                turn = turns[f"{side}_{finger}_{k}"]
                put(f"{side}_{finger.replace('little', 'pinky')}{k}", parent, turn)
                parent = turn
    return poses


def write_smplx(path: PathLike, motion: Motion) -> None:
    """Write a motion as SMPL-X parameters.

    Arrays: ``poses`` `[T, 165]`, its parts under AMASS's names (``root_orient`` `[T, 3]`, ``pose_body``
    `[T, 63]`, ``pose_jaw`` `[T, 3]`, ``pose_eye`` `[T, 6]`, ``pose_hand`` `[T, 90]`), ``trans`` `[T, 3]`,
    ``betas`` `[300]`, ``expressions`` `[T, 100]`, ``mocap_frame_rate``, ``mocap_time_length``, ``gender``,
    ``surface_model_type`` and BEAT2's ``model``. Axis-angle in radians, y up, facing +z.

    Raises:
        AqgtError: the motion holds no frames, or the file can't be written.
    """
    if len(motion) == 0:
        raise AqgtError("The motion holds no frames.", "Generate or load a motion first.", "empty-motion")
    poses = smplx_poses(motion).reshape(len(motion), -1).astype(np.float32)
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        poses=poses,
        root_orient=poses[:, :3],
        pose_body=poses[:, 3:66],
        pose_jaw=poses[:, 66:69],
        pose_eye=poses[:, 69:75],
        pose_hand=poses[:, 75:],
        trans=np.zeros((len(motion), 3), np.float32),
        betas=np.zeros(N_BETAS, np.float32),
        num_betas=np.int64(N_BETAS),
        expressions=np.zeros((len(motion), N_EXPRESSIONS), np.float32),
        mocap_frame_rate=np.float64(motion.fps),
        mocap_time_length=np.float64(motion.duration),
        gender=np.array("neutral"),
        surface_model_type=np.array("smplx"),
        model=np.array("smplx2020"),
    )
    write_bytes(path, buffer.getvalue())
