# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel's settings as the solver and the writer read them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import bpy
import numpy as np

from aqgt.errors import AqgtError
from aqgt.retarget import LookAt, RetargetOptions

from ..scene.pose import placing_in
from ..steps import Steps
from ..takes.write import Writing
from .props import of_parts


def gathering_options(
    scene: bpy.types.Scene, armature: bpy.types.Object, frames: np.ndarray
) -> Steps[RetargetOptions]:
    """What the solver is to do, step by step: a moving target of the look is looked up frame by frame.

    Args:
        scene: whose settings count, as they are at the first step.
        armature: the character, in whose space the look's target stands.
        frames: `[T]` frames of the scene that are solved, at which a moving target is looked up.

    Raises:
        AqgtError: every part is left out, or what is looked at has gone meanwhile.
    """
    settings: Any = scene.aqgt_retarget
    parts = frozenset(part for part, used in of_parts(settings, "use").items() if used)
    if not parts:
        raise AqgtError("Every part of the body is left out.", "Tick at least one part.", "no-parts")
    target, blend = settings.look_at, settings.look_blend
    options = RetargetOptions(
        parts=parts,
        intensity={part: one for part, one in of_parts(settings, "intensity").items() if one != 1.0},
        mirror=settings.mirror,
        smoothing=settings.smoothing,
        limit_roll=settings.limits,
        limit_fingers=settings.limits,
        keep_out=settings.keep_out,
        keep_contact=settings.keep_contact,
        hold_legs=settings.hold_legs,
        depth_gain=settings.depth_gain,
    )
    if target is not None and blend > 0:
        places = yield from placing_in(scene, armature, target, frames)
        options = replace(options, look_at=LookAt(places, blend))
    return options


def writing_of(scene: bpy.types.Scene) -> Writing:
    """How the result is laid on."""
    settings: Any = scene.aqgt_retarget
    return Writing(
        key_error=settings.key_error,
        additive=settings.additive,
        split=settings.split,
        influence=of_parts(settings, "influence"),
    )
