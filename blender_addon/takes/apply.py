# SPDX-License-Identifier: GPL-3.0-or-later
"""A motion onto the character: a new Action on a new NLA track. Nothing else in the file changes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import bpy
import numpy as np

from aqgt.annotations import Span
from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt.retarget import match, solve
from aqgt.words import Word, shifted

from ..retarget.mapping import mapping_of
from ..retarget.settings import options_of, writing_of
from ..scene import nla
from ..scene.armature import describe, find
from ..scene.context import frames_per_second
from .provenance import Take
from .recipe import recipe
from .write import write_take

if TYPE_CHECKING:
    from ..generate.job import Job


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
    for variant in range(len(job.result.motions)):
        name, note = apply_take(scene, armature, take_of(job, variant))
        notes.extend(note)
    return name, notes


def take_of(job: Job, variant: int = 0) -> Take:
    """What one variant of a finished job is to remember; words and annotations count from its own start."""
    if job.result is None:
        raise AqgtError("There is no motion to lay on the character.", "Generate one.", "no-motion")
    provenance = job.result.provenance[variant]
    begins = job.request.start
    return Take(
        job.result.motions[variant],
        moved_words(job.request.words, -begins),
        moved_spans(job.result.spans[variant], -begins),
        provenance,
        job.start + begins,
        recipe(job.request, job.sound, job.start, provenance.seed),
    )


def moved_words(words: Iterable[Word], seconds: float) -> tuple[Word, ...]:
    """Words moved in time; those that then end before 0 are left out."""
    return tuple(shifted((word for word in words if word.end + seconds > 0), seconds))


def moved_spans(spans: Iterable[Span], seconds: float) -> tuple[Span, ...]:
    """Annotations moved in time; those that then end before 0 are left out, those across 0 cut."""
    return tuple(
        replace(
            span, start=max(0.0, span.start + seconds), end=None if span.end is None else span.end + seconds
        )
        for span in spans
        if (span.start if span.end is None else span.end) + seconds > (0 if span.end is not None else -1e-9)
    )


def apply_take(
    scene: bpy.types.Scene,
    armature: bpy.types.Object,
    take: Take,
    bone_map: str = "auto",
    name: str = "",
) -> tuple[str, list[str]]:
    """One take, by the panel's settings: solve for this rig, write the curves, lay the strips.

    Args:
        scene: whose time and settings count.
        armature: the character.
        take: what is laid on.
        bone_map: name of a bone map of the project's, or the path of one's own; ``auto``: the bones
            remembered on the armature, else those that are found.
        name: of the new Action; empty: after the armature.

    Returns:
        Its name, and sentences for the user.

    Raises:
        AqgtError: the bones or settings do not fit, or the motion is too short; nothing has changed.
    """
    rig = describe(armature, skin=scene.aqgt_retarget.keep_out)
    mapping = mapping_of(armature, rig) if bone_map == "auto" else match(rig, bone_map)
    frames, motion = at_scene_frames(take.motion, take.start, frames_per_second(scene))
    animation = solve(motion, rig, mapping, options_of(scene, armature, frames))
    called = name or f"Gestures {armature.name}"
    return write_take(scene, armature, called, animation, frames, mapping, writing_of(scene), take)


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
