# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands that come close to each other: as close on the rig, by a two-bone reach of both arms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aqgt import skeleton
from aqgt.retarget.arms import Arm, reach
from aqgt.retarget.curves import smoothstep
from aqgt.retarget.hands import hand_length
from aqgt.retarget.pose import Pose
from aqgt.retarget.roles import SIDES
from aqgt.retarget.source import Source

Floats = NDArray[np.float64]

# Distance of the wrists, in hand lengths (wrist → knuckles): clasped hands are about one apart.
_CLOSE, _APART = 1.8, 3.5


def keep_together(pose: Pose, source: Source, arms: dict[str, Arm]) -> None:
    """Give the wrists the motion's offset from each other, in hand lengths, where they are close.

    Directions alone leave clasped hands a centimetre or two apart on a body with other shoulders. Each arm
    takes half of the way; frames whose hands are far apart stay as they are.

    Args:
        pose: torso and clavicles solved.
        source: the motion.
        arms: both arms by side; their directions are changed.
    """
    if set(arms) != set(SIDES) or not all(f"{side}_hand" in pose for side in SIDES):
        return
    size = float(np.mean([hand_length(pose, side) for side in SIDES]))
    own = float(np.mean([_source_hand_length(source, side) for side in SIDES]))
    if size < 1e-9 or own < 1e-9:
        return
    wanted = source.positions[:, skeleton.LEFT_WRIST] - source.positions[:, skeleton.RIGHT_WRIST]
    closeness = 1.0 - smoothstep(np.linalg.norm(wanted, axis=-1) / own, _CLOSE, _APART)
    close = closeness > 0
    if not close.any():
        return
    wrists = {side: arm.wrist(pose) for side, arm in arms.items()}
    lacking = wanted * (size / own) - (wrists["left"] - wrists["right"])
    for side, share in (("left", 0.5), ("right", -0.5)):
        arm = arms[side]
        shoulder = arm.shoulder(pose)
        upper, fore = reach(
            shoulder,
            wrists[side],
            wrists[side] + share * closeness[:, None] * lacking,
            shoulder + arm.upper_limb.length * arm.upper,
            np.zeros_like(lacking),
            arm.upper_limb.length,
            arm.fore_limb.length,
        )
        arm.upper = np.where(close[:, None], upper, arm.upper)
        arm.fore = np.where(close[:, None], fore, arm.fore)


def _source_hand_length(source: Source, side: str) -> float:
    joint = skeleton.JOINT_INDEX
    knuckles = [source.positions[:, joint[f"{side}_{finger}_1"]] for finger in ("middle", "ring")]
    hand = np.mean(knuckles, axis=0) - source.positions[:, joint[f"{side}_wrist"]]
    return float(np.median(np.linalg.norm(hand, axis=-1)))
