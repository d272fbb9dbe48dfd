# SPDX-License-Identifier: GPL-3.0-or-later
"""A motion onto the character: a new Action on a new NLA track. Nothing else in the file changes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import bpy
import numpy as np

from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt.retarget import RetargetOptions, RigAnimation, match, solve

from ..scene import actions, nla
from ..scene.armature import describe, find
from ..scene.context import frames_per_second
from .provenance import Take, remember

if TYPE_CHECKING:
    from ..generate.job import Job

BLEND_SECONDS = 0.4
"""How long a take fades in and out over what lies below it: about one retraction."""


def apply_result(job: Job) -> tuple[str, list[str]]:
    """Lay each motion of a finished job on its character.

    Returns:
        The name of the last take, and sentences for the user.

    Raises:
        AqgtError: the scene or the character has gone meanwhile; nothing has changed.
    """
    if job.result is None:
        raise AqgtError("There is no motion to lay on the character.", "Generate one.", "no-motion")
    scene: bpy.types.Scene | None = bpy.data.scenes.get(job.scene)
    if scene is None:
        raise AqgtError(f"The scene “{job.scene}” is no longer there.", "Generate again.", "no-scene")
    armature = find(job.character)
    nla.check_editable(armature)
    name, notes = "", []
    for variant, motion in enumerate(job.result.motions):
        take = Take(
            motion,
            job.request.words,
            job.result.spans[variant],
            job.result.provenance[variant],
            job.start + job.request.start,
        )
        name, note = apply_take(scene, armature, take)
        notes.extend(note)
    return name, notes


def apply_take(
    scene: bpy.types.Scene, armature: bpy.types.Object, take: Take, bone_map: str = "auto"
) -> tuple[str, list[str]]:
    """One take: solve for this rig, write the curves, lay the strip.

    Args:
        bone_map: name of a bone map of the project's, or the path of one's own.

    Returns:
        Its name, and sentences for the user.
    """
    rig = describe(armature)
    frames, motion = at_scene_frames(take.motion, take.start, frames_per_second(scene))
    animation = solve(motion, rig, match(rig, bone_map), RetargetOptions(smoothing="light"))
    notes = []
    hold = not nla.is_animated(armature)
    action, slot, channelbag = actions.new_action(f"Gestures {armature.name}", armature.name)
    try:
        _write(channelbag, animation, frames)
        remember(action, take)
        pushed = nla.push_down_active_action(armature)
        blend = BLEND_SECONDS * frames_per_second(scene)
        nla.lay_on_new_track(armature, action, slot, action.name, blend, hold)
    except Exception:
        bpy.data.actions.remove(action)
        raise
    if pushed is not None:
        notes.append(f"The action “{pushed}” now plays from an NLA track below the take")
    return action.name, notes


def at_scene_frames(motion: Motion, start: float, fps: float) -> tuple[np.ndarray, Motion]:
    """The motion at whole frames of the scene, so that every key can be seen and edited.

    Args:
        motion: at the model's frame rate.
        start: its time on the timeline, in seconds.
        fps: frames per second of the scene.

    Returns:
        The frames `[T]`, and the motion with one frame for each.
    """
    last = start + (len(motion) - 1) / motion.fps
    frames = np.arange(math.ceil(start * fps - 1e-6), math.floor(last * fps + 1e-6) + 1, dtype=np.float64)
    if not len(frames):
        raise AqgtError("The motion is shorter than one frame.", "Use a longer sound.", "short-motion")
    return frames, Motion(fps, motion.sample(frames / fps - start), motion.lengths)


def _write(channelbag: object, animation: RigAnimation, frames: np.ndarray) -> None:
    for channel in animation.channels():
        actions.write_curves(channelbag, channel.data_path, channel.values, frames, channel.bone)
