# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated motion on every rig: fingers inside their limits, hands outside the body, wrists without flips.

The fixture is what the compact model made of eleven seconds of speech (density 2, energy 1.5, seed 3).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aqgt import skeleton
from aqgt.motion import Motion
from aqgt.retarget import RetargetOptions, RigDescription, quality, solve
from aqgt.retarget.curves import reject, unit
from aqgt.retarget.fingers import BEND_LIMITS, SIDE_LIMITS, THUMB_LIMITS
from tests.retarget.kinematics import angles, posed_matrices
from tests.retarget.motions import RIG_NAMES, rig_and_mapping, with_noise

FIXTURE = Path(__file__).resolve().parent.parent / "data" / "generated_motion.npz"


@pytest.fixture(scope="module")
def motion() -> Motion:
    with np.load(FIXTURE) as kept:
        return Motion(float(kept["fps"]), kept["bone_vectors"].astype(np.float32), kept["lengths"])


def bend_and_tilt(
    rig: RigDescription, bones: dict[str, str], pose: np.ndarray, side: str, finger: str, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Degrees by which joint k (2 or 3) of a finger is bent towards the palm and tilted aside, `[T]`.

    The joint's axes are those of the bone before, read off the rest pose: along it, and square to the palm.
    """
    wrist = rig.heads[rig.index[bones[f"{side}_hand"]]]
    ray = {f: rig.heads[rig.index[bones[f"{side}_{f}_1"]]] - wrist for f in skeleton.FINGERS[1:]}
    palm = np.cross(unit(ray["little"]), unit(ray["index"])) * (1.0 if side == "left" else -1.0)
    palm = reject(palm, unit(ray["middle"] + ray["ring"]))
    before, bone = (rig.index[bones[f"{side}_{finger}_{n}"]] for n in (k - 1, k))
    ahead = unit(rig.heads[bone] - rig.heads[before])
    hinge = unit(np.cross(ahead, reject(palm, ahead)))
    turn = pose[:, before, :3, :3] @ rig.rest[before, :3, :3].T
    end = bones.get(f"{side}_{finger}_{k + 1}")
    local = rig.tails[bone] if end is None else rig.heads[rig.index[end]]
    own = np.linalg.solve(rig.rest[bone], np.append(local, 1.0))
    direction = unit((pose[:, bone] @ own)[:, :3] - pose[:, bone, :3, 3])
    seen = np.einsum("tji,tj->ti", turn, direction)
    bend = np.degrees(np.arctan2(seen @ np.cross(hinge, ahead), seen @ ahead))
    return bend, np.degrees(np.arcsin(np.clip(seen @ hinge, -1, 1)))


@pytest.mark.parametrize("name", RIG_NAMES)
@pytest.mark.parametrize("noise", [0.0, 0.001])
def test_fingers_stay_inside_their_limits(name: str, noise: float, motion: Motion) -> None:
    rig, mapping = rig_and_mapping(name)
    if "left_index_3" not in mapping.bones:
        pytest.skip(f"{name} has no finger bones")
    clip = with_noise(motion, noise) if noise else motion
    pose = posed_matrices(rig, solve(clip, rig, mapping))
    for side in ("left", "right"):
        for finger in skeleton.FINGERS[1:]:
            for k in (2, 3):
                bend, tilt = bend_and_tilt(rig, mapping.bones, pose, side, finger, k)
                low, high = BEND_LIMITS[k - 1]
                assert bend.min() > low - 0.1, f"{side} {finger} {k}"
                assert bend.max() < high + 0.1, f"{side} {finger} {k}"
                assert np.abs(tilt).max() < SIDE_LIMITS[k - 1] + 0.1, f"{side} {finger} {k}"
        heads = {name: pose[:, bone, :3, 3] for bone, name in enumerate(rig.names)}
        at = [heads[mapping.bones[f"{side}_thumb_{k}"]] for k in (1, 2, 3)]
        assert angles(at[1] - at[0], at[2] - at[1]).max() < THUMB_LIMITS[1] + 0.1


@pytest.mark.parametrize("name", RIG_NAMES)
def test_hands_stay_out_of_the_body(name: str, motion: Motion) -> None:
    rig, mapping = rig_and_mapping(name)
    for point, depth in quality.penetration(rig, mapping, solve(motion, rig, mapping)).items():
        assert depth.max() < 0.01, point


@pytest.mark.parametrize("name", RIG_NAMES)
@pytest.mark.parametrize("fps", [None, 30.0])
def test_wrists_do_not_flip(name: str, fps: float | None, motion: Motion) -> None:
    rig, mapping = rig_and_mapping(name)
    animation = solve(motion, rig, mapping, RetargetOptions(fps=fps))
    per_frame = 450.0 / (fps or motion.fps)  # degrees; a flip would be 180 in one frame
    for side in ("left", "right"):
        assert quality.joint_steps(animation, mapping.bones[f"{side}_hand"]).max() < per_frame
        assert quality.twist_steps(rig, mapping, animation, f"{side}_upper_arm_1").max() < per_frame
    assert np.sum(animation.quaternions[1:] * animation.quaternions[:-1], axis=-1).min() > 0
