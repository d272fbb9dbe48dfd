# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel's settings as the solver and the writer read them."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

from aqgt.errors import AqgtError
from aqgt.retarget import LookAt, RetargetOptions

from ..scene.pose import places_in
from ..takes.write import Writing
from .props import of_parts


def options_of(scene: bpy.types.Scene, armature: bpy.types.Object, frames: np.ndarray) -> RetargetOptions:
    """What the solver is to do.

    Args:
        scene: whose settings count.
        armature: the character, in whose space the look's target stands.
        frames: `[T]` frames of the scene that are solved, at which a moving target is looked up.

    Raises:
        AqgtError: every part is left out.
    """
    settings: Any = scene.aqgt_retarget
    parts = frozenset(part for part, used in of_parts(settings, "use").items() if used)
    if not parts:
        raise AqgtError("Every part of the body is left out.", "Tick at least one part.", "no-parts")
    look_at = None
    if settings.look_at is not None and settings.look_blend > 0:
        look_at = LookAt(places_in(scene, armature, settings.look_at, frames), settings.look_blend)
    return RetargetOptions(
        parts=parts,
        intensity={part: one for part, one in of_parts(settings, "intensity").items() if one != 1.0},
        mirror=settings.mirror,
        smoothing=settings.smoothing,
        limit_roll=settings.limits,
        limit_fingers=settings.limits,
        keep_out=settings.keep_out,
        keep_contact=settings.keep_contact,
        look_at=look_at,
        hold_legs=settings.hold_legs,
        depth_gain=settings.depth_gain,
    )


def writing_of(scene: bpy.types.Scene) -> Writing:
    """How the result is laid on."""
    settings: Any = scene.aqgt_retarget
    return Writing(
        key_error=settings.key_error,
        additive=settings.additive,
        split=settings.split,
        influence=of_parts(settings, "influence"),
    )
