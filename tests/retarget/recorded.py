# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded gestures, where they lie beside the checkout, as motions on the 53 joints (for tests alone)."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from aqgt import skeleton
from aqgt.motion import Motion
from aqgt.retarget.curves import unit

SHARED = Path(os.environ.get("AQGT_SHARED", Path(__file__).resolve().parents[3] / "shared"))
CLIPS = SHARED / "data" / "gestures"


def joint_names() -> list[str]:
    return json.loads((CLIPS / "smartbody_meta.json").read_text(encoding="utf-8"))["joints"]


def recorded_motion(clip: str) -> Motion:
    """One clip by name, or a skip that says why there is none."""
    archive = CLIPS / "smartbody_positions_30fps.npz"
    if not archive.exists():
        pytest.skip(f"there are no recorded gestures in {CLIPS} (set AQGT_SHARED)")
    return convert(np.load(archive)[clip], joint_names())


def convert(world: np.ndarray, names: list[str]) -> Motion:
    """World positions `[T, 66, 3]` (y up, facing +z) as a motion: y and z change sign."""
    at = {name: index for index, name in enumerate(names)}
    joints = np.zeros((len(world), skeleton.N_JOINTS, 3))

    def take(name: str) -> np.ndarray:
        return world[:, at[name]].astype(np.float64)

    joints[:, skeleton.PELVIS] = take("JtPelvis")
    joints[:, skeleton.SPINE] = (take("JtSpineA") + take("JtSpineB")) / 2
    joints[:, skeleton.THORAX] = take("JtNeckA")
    joints[:, skeleton.NOSE] = take("NoseProxy")
    joints[:, skeleton.HEAD_TOP] = take("HeadTopProxy")
    for side, mark in (("left", "Lf"), ("right", "Rt")):
        index = skeleton.JOINT_INDEX
        for name, jt in (("shoulder", "Shoulder"), ("elbow", "Elbow"), ("wrist", "Wrist")):
            joints[:, index[f"{side}_{name}"]] = take(f"Jt{jt}{mark}")
        wrist = take(f"JtWrist{mark}")
        joints[:, index[f"{side}_hand"]] = wrist + 0.01 * unit(take(f"JtMiddleA{mark}") - wrist)
        for finger in skeleton.FINGERS:
            jt = finger.capitalize()
            for joint, letter in zip(skeleton.finger_chain(side, finger), "ABC", strict=False):
                joints[:, joint] = take(f"Jt{jt}{letter}{mark}")
            joints[:, skeleton.finger_chain(side, finger)[3]] = take(f"{jt}Tip{mark}")
    joints *= np.array([1.0, -1.0, -1.0])
    return Motion.from_positions(joints - joints[:, :1], 30.0)
