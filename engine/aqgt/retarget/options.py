# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user may choose when a motion goes onto a rig."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError
from aqgt.retarget.roles import PARTS

Floats = NDArray[np.float64]

SMOOTHING_SECONDS = {"none": 0.0, "light": 0.04, "strong": 0.12}
"""Standard deviation of the Gaussian; symmetric, so nothing comes late."""

HEAD_NEUTRALS = ("median", "reference")


@dataclass(frozen=True, eq=False)
class LookAt:
    """Where the head looks, blended over how the motion turns it.

    Attributes:
        target: `[3]`, or `[N, 3]` at ``fps``, in armature space: a point, or a direction (``is_direction``).
            A track that is too short holds its last value.
        blend: 0 = the motion's head, 1 = straight at the target; `[N]` at ``fps`` to fade in and out.
        is_direction: ``target`` holds directions of any length instead of points.
        fps: frame rate of the tracks; None = that of the result.
        max_yaw: degrees by which the head turns to either side of the chest at most.
        max_pitch: degrees by which it nods up or down from the chest at most.
    """

    target: Floats
    blend: float | Floats = 1.0
    is_direction: bool = False
    fps: float | None = None
    max_yaw: float = 70.0
    max_pitch: float = 40.0

    def __post_init__(self) -> None:
        target = np.atleast_2d(np.asarray(self.target, dtype=np.float64))
        blend = np.atleast_1d(np.asarray(self.blend, dtype=np.float64))
        if target.ndim != 2 or target.shape[1] != 3 or not len(target) or not np.isfinite(target).all():
            raise AqgtError(
                "The target of the look is no point in space.", "Give three numbers per frame.", "bad-option"
            )
        if blend.ndim != 1 or not len(blend) or not ((blend >= 0) & (blend <= 1)).all():
            raise AqgtError("The blend of the look is not within 0 and 1.", "Give 0 to 1.", "bad-option")
        if not (0 <= self.max_yaw <= 180 and 0 <= self.max_pitch <= 90):
            raise AqgtError(
                "The limits of the look are out of range.",
                "Give a yaw of 0 to 180 and a pitch of 0 to 90 degrees.",
                "bad-option",
            )
        object.__setattr__(self, "target", target)
        object.__setattr__(self, "blend", blend)


@dataclass(frozen=True, eq=False)
class RetargetOptions:
    """What a user may choose.

    Attributes:
        parts: the parts that move (see ``roles.PARTS``); bones of the others get no curves.
        intensity: part to factor ≥ 0; scales how far it moves from its middle pose in the clip, 1 = as is.
        mirror: exchange left and right.
        smoothing: ``none``, ``light`` or ``strong``; symmetric in time, so nothing comes late.
        fps: frame rate of the result; None keeps the motion's.
        fps_base: divides ``fps``, as in Blender's render settings (24 / 1.001 = 23.976).
        head_neutral: what counts as looking ahead: the clip's ``median``, or the ``reference`` skeleton.
        limit_roll: keep forearm and wrist within what a human can turn.
        limit_fingers: keep finger joints within what they can bend.
        keep_out: bend the arms where hands or elbows would lie in torso or head.
        keep_contact: bring the wrists as near to each other as the motion's where these come close.
        look_at: where the head looks instead, in part or wholly.
        hold_legs: key hips and legs at rest, so that nothing below this animation moves them.
        depth_gain: factor on the motion's depth (towards and away from the viewer); see
            ``estimate_depth_gain``.
    """

    parts: frozenset[str] = frozenset(PARTS)
    intensity: MappingType[str, float] = field(default_factory=dict)
    mirror: bool = False
    smoothing: str = "none"
    fps: float | None = None
    fps_base: float = 1.0
    head_neutral: str = "median"
    limit_roll: bool = True
    limit_fingers: bool = True
    keep_out: bool = True
    keep_contact: bool = False
    look_at: LookAt | None = None
    hold_legs: bool = False
    depth_gain: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", frozenset(self.parts))
        unknown = sorted((set(self.parts) | set(self.intensity)) - set(PARTS))
        if unknown:
            raise _bad_option(f"“{unknown[0]}” is no part of the body.", PARTS)
        if self.smoothing not in SMOOTHING_SECONDS:
            raise _bad_option(f"“{self.smoothing}” is no smoothing.", tuple(SMOOTHING_SECONDS))
        if self.head_neutral not in HEAD_NEUTRALS:
            raise _bad_option(f"“{self.head_neutral}” is no neutral of the head.", HEAD_NEUTRALS)
        if not all(np.isfinite(f) and f >= 0 for f in self.intensity.values()):
            raise AqgtError(
                "An intensity is not a number of 0 or more.", "Give 1 for the motion as it is.", "bad-option"
            )
        if not (np.isfinite(self.depth_gain) and self.depth_gain > 0):
            raise AqgtError(
                f"The depth gain is {self.depth_gain}.", "Give 1 for the depth as it is.", "bad-option"
            )
        if not (np.isfinite(self.fps_base) and self.fps_base > 0):
            raise AqgtError(f"The base of the frame rate is {self.fps_base}.", "Give 1.", "bad-option")

    @property
    def frame_rate(self) -> float | None:
        """Frames per second of the result; None keeps the motion's."""
        return None if self.fps is None else self.fps / self.fps_base


def _bad_option(sentence: str, allowed: tuple[str, ...]) -> AqgtError:
    return AqgtError(sentence, f"Pick one of {', '.join(allowed)}.", "bad-option")
