# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the motion of one recording, whatever file it is in, and brings it to our skeleton and facing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aqgt import skeleton as sk
from aqgt.errors import AqgtError
from aqgt.formats.npz import read_npz
from aqgt.motion import Motion
from aqgt_training.corpora.bvh_motion import read_bvh_motion
from aqgt_training.corpora.joint_arrays import SkeletonMap, motion_of_joints
from aqgt_training.corpora.smplx_motion import is_smplx, read_smplx

SUFFIXES = (".bvh", ".npz", ".npy")


@dataclass(frozen=True)
class MotionOptions:
    """How motion files are read.

    Attributes:
        skeleton: map of joint arrays; None where there are none.
        bone_map: bone map of BVH files, or ``"auto"``.
        fps: frames per second of files that do not say; None: what the skeleton map says.
        face_front: turn each recording such that the speaker faces the viewer.
    """

    skeleton: SkeletonMap | None = None
    bone_map: str = "auto"
    fps: float | None = None
    face_front: bool = True


def read_motion_file(path: Path, options: MotionOptions) -> Motion:
    """The motion of a .bvh, .npz or .npy file on human bone lengths, root at the origin.

    Raises:
        AqgtError: the file can't be read, or what it needs was not given.
    """
    match path.suffix.lower():
        case ".bvh":
            motion = read_bvh_motion(path, options.bone_map)
        case ".npz":
            motion = _read_npz(path, options)
        case ".npy":
            motion = _joints(path, _load(path), None, options)
        case _:
            raise AqgtError(f"“{path}” is no motion.", f"Give {', '.join(SUFFIXES)}.", "bad-file")
    if not len(motion):
        raise AqgtError(f"“{path}” holds no frames.", "Leave it out.", "empty-motion")
    motion = motion.with_lengths(sk.HUMAN_LENGTHS)
    return facing_front(motion) if options.face_front else motion


def facing_front(motion: Motion) -> Motion:
    """The motion turned about the vertical such that its shoulders lie across on the whole."""
    positions = motion.positions()
    across = positions[:, sk.LEFT_SHOULDER] - positions[:, sk.RIGHT_SHOULDER]
    mean = (across / np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-9)).mean(axis=0)
    angle = np.arctan2(mean[2], mean[0])
    cosine, sine = np.cos(angle), np.sin(angle)
    turn = np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
    return Motion(motion.fps, (motion.bone_vectors @ turn.T).astype(np.float32), motion.lengths)


def _read_npz(path: Path, options: MotionOptions) -> Motion:
    arrays = _load(path)
    if "bone_vectors" in arrays:
        return read_npz(path).motion
    if is_smplx(arrays):
        return read_smplx(path, arrays, options.fps)
    key = options.skeleton.key if options.skeleton else None
    keys = [key] if key else [name for name, array in arrays.items() if np.ndim(array) == 3]
    if not keys or keys[0] not in arrays:
        raise AqgtError(
            f"“{path}” holds no array of joint positions{f' “{key}”' if key else ''}.",
            f"It holds: {', '.join(arrays)}.",
            "bad-file",
        )
    fps = float(arrays["fps"]) if "fps" in arrays else None
    return _joints(path, arrays[keys[0]], fps, options)


def _joints(path: Path, positions: np.ndarray, fps: float | None, options: MotionOptions) -> Motion:
    if options.skeleton is None:
        raise AqgtError(
            f"“{path}” holds joint positions, and which joints they are is not known.",
            "Name a skeleton map with --skeleton.",
            "bad-usage",
        )
    fps = options.fps or fps or options.skeleton.fps
    if fps is None:
        raise AqgtError(f"“{path}” does not say its frame rate.", "Name it with --fps.", "bad-file")
    return motion_of_joints(positions, options.skeleton, fps)


def _load(path: Path):  # type: ignore[no-untyped-def]
    try:
        found = np.load(path, allow_pickle=False)
        if path.suffix == ".npy":
            return found
        return {key: found[key] for key in found.files}
    except (OSError, ValueError) as error:
        raise AqgtError(f"“{path}” can't be read ({error}).", "Export it again.", "bad-file") from error
