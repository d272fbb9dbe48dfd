# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion of SMPL-X parameters (BEAT2, AMASS): the turns of the joints on our reference skeleton.

The body's own shape is not needed, since a motion is directions. The pelvis is taken to stand still and
upright, as in all motions here, so it makes no difference which axis the file calls up.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations as rot
from aqgt import skeleton as sk
from aqgt.errors import AqgtError
from aqgt.formats.smplx import JOINTS
from aqgt.motion import Motion

Floats = NDArray[np.float64]
POSES, FPS_KEYS = "poses", ("mocap_frame_rate", "mocap_framerate", "fps")
_TO_MODEL = np.array([1.0, -1.0, -1.0])
_INDEX = {name: index for index, name in enumerate(JOINTS)}
_SPINE = ("pelvis", "spine1", "spine2", "spine3", "neck", "head")
_ARM = ("collar", "shoulder", "elbow", "wrist")


def is_smplx(arrays: Any) -> bool:
    """Whether an .npz file holds SMPL-X parameters."""
    return POSES in arrays and np.ndim(arrays[POSES]) == 2 and arrays[POSES].shape[1] == 3 * len(JOINTS)


def read_smplx(path: Path, arrays: Any, fps: float | None = None) -> Motion:
    """The motion of an opened .npz file.

    Args:
        fps: frames per second, where the file does not say.

    Raises:
        AqgtError: the parameters are not finite, or no frame rate is known.
    """
    own = next((float(arrays[key]) for key in FPS_KEYS if key in arrays), fps)
    if own is None:
        raise AqgtError(f"“{path}” does not say its frame rate.", "Name it with --fps.", "bad-file")
    poses = np.asarray(arrays[POSES], dtype=np.float64)
    if not len(poses) or not np.isfinite(poses).all():
        raise AqgtError(f"“{path}” holds no finite poses.", "Export it again.", "bad-file")
    return motion_of_poses(poses.reshape(len(poses), -1, 3), own)


def motion_of_poses(poses: NDArray, fps: float) -> Motion:
    """The motion of axis-angle vectors `[T, 55, 3]`, each joint below its parent, y up and facing +z."""
    turns = _world_turns(poses)
    rest = sk.bone_vectors_from_positions(sk.REFERENCE_REST) * _TO_MODEL
    vectors = np.zeros((len(poses), sk.N_JOINTS, 3))

    def put(joint: int, carrier: str) -> None:
        vectors[:, joint] = rot.rotate(turns[carrier], rest[joint])

    put(sk.SPINE, "spine1")
    put(sk.THORAX, "spine3")
    put(sk.NOSE, "head")
    put(sk.HEAD_TOP, "head")
    for side in ("left", "right"):
        joint = {name: sk.JOINT_INDEX[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist", "hand")}
        put(joint["shoulder"], f"{side}_collar")
        put(joint["elbow"], f"{side}_shoulder")
        put(joint["wrist"], f"{side}_elbow")
        put(joint["hand"], f"{side}_wrist")
        for finger in sk.FINGERS:
            theirs = finger.replace("little", "pinky")
            carriers = [f"{side}_wrist", *(f"{side}_{theirs}{k}" for k in (1, 2, 3))]
            for index, carrier in zip(sk.finger_chain(side, finger), carriers, strict=True):
                put(index, carrier)
    return Motion(fps, (vectors * _TO_MODEL).astype(np.float32), sk.REFERENCE_LENGTHS)


def _world_turns(poses: NDArray) -> dict[str, Floats]:
    """Turns `[T, 4]` of the joints of the upper body against the pelvis."""
    local = rot.from_rotation_vector(poses)
    turns: dict[str, Floats] = {"pelvis": rot.identity(len(poses))}

    def chain(names: list[str]) -> None:
        for parent, child in pairwise(names):
            turns[child] = rot.multiply(turns[parent], local[:, _INDEX[child]])

    chain(list(_SPINE))
    for side in ("left", "right"):
        chain(["spine3", *(f"{side}_{name}" for name in _ARM)])
        for finger in ("index", "middle", "pinky", "ring", "thumb"):
            chain([f"{side}_wrist", *(f"{side}_{finger}{k}" for k in (1, 2, 3))])
    return turns
