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
from aqgt.retarget import Mapping, RigAnimation, match, solve
from aqgt.words import Word, shifted

from ..preview import temporary
from ..retarget.mapping import remembered
from ..retarget.settings import gathering_options, writing_of
from ..scene import actions, nla
from ..scene.armature import describe, find
from ..scene.context import frames_per_second
from ..steps import Steps, aside, drain
from ..translations import rpt
from .kept import Kept, keep_outside
from .provenance import Take
from .recipe import recipe
from .write import Written, lay_takes, writing_take

if TYPE_CHECKING:
    from ..generate.job import Job


def apply_result(job: Job) -> tuple[str, list[str]]:
    """Lay each motion of a finished job on its character, at once; see `applying`."""
    return drain(applying(job))


def applying(job: Job) -> Steps[tuple[str, list[str]]]:
    """Lay each motion of a finished job on its character, the first variant last and thus on top.

    The Actions are written first, step by step; then they are laid all together.

    Returns:
        The name of the first variant's take, and sentences for the user.

    Raises:
        AqgtError: the scene or the character has gone meanwhile; nothing has changed.
    """
    if job.result is None:
        raise AqgtError("There is no motion to lay on the character.", "Generate one.", "no-motion")
    written: list[Written] = []
    variants = len(job.result.motions)
    try:
        for variant in reversed(range(variants)):
            take = yield from aside(lambda number=variant: take_of(job, number))
            scene, armature = _place(job.scene, job.character)
            name = f"Gestures {armature.name}"
            if variants > 1:
                name += f" · Seed {take.provenance.seed}"
            kept = job.joining.kept(job.start) if job.joining is not None else None
            written.append((yield from _writing(scene, armature, take, name, job.parts, kept=kept)))
        scene, armature = _place(job.scene, job.character)
        notes = lay_takes(scene, armature, written)
    except BaseException:
        for one in written:
            temporary.discard(one.name)
        raise
    nla.mute(armature, [actions.find(one.name) for one in written[:-1]])
    if variants > 1:
        notes.append(rpt("{number} takes were made; all but the first are muted", number=variants))
    armature.aqgt_takes.chosen = written[-1].name
    return written[-1].name, notes


def _place(scene_name: str, character: str) -> tuple[bpy.types.Scene, bpy.types.Object]:
    """A scene and a character by name, as they are now.

    Raises:
        AqgtError: one is no longer there, or can't take one more track.
    """
    scene: bpy.types.Scene | None = bpy.data.scenes.get(scene_name)
    if scene is None:
        raise AqgtError(f"The scene “{scene_name}” is no longer there.", "Generate again.", "no-scene")
    armature = find(character)
    nla.check_editable(armature)
    return scene, armature


def take_of(job: Job, variant: int = 0) -> Take:
    """What one variant of a finished job is to remember; words and annotations count from its own start."""
    if job.result is None:
        raise AqgtError("There is no motion to lay on the character.", "Generate one.", "no-motion")
    motion, provenance = job.result.motions[variant], job.result.provenance[variant]
    begins, spans = job.request.start, job.result.spans[variant]
    part = None
    if job.joining is not None:
        spans, part = job.joining.spans(spans), job.joining.part(motion)
        motion, begins = job.joining.whole(motion)
    return Take(
        motion,
        moved_words(job.request.words, -begins),
        moved_spans(spans, -begins),
        provenance,
        job.start + begins,
        recipe(job.request, job.sound, job.start, provenance.seed, part),
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
    return drain(applying_take(scene, armature, take, bone_map, name))


def applying_take(
    scene: bpy.types.Scene,
    armature: bpy.types.Object,
    take: Take,
    bone_map: str = "auto",
    name: str = "",
) -> Steps[tuple[str, list[str]]]:
    """`apply_take`, step by step."""
    scene_name, character = scene.name, armature.name
    called = name or f"Gestures {character}"
    written = yield from _writing(scene, armature, take, called, None, bone_map)
    try:
        scene, armature = _place(scene_name, character)
    except BaseException:
        temporary.discard(written.name)
        raise
    notes = lay_takes(scene, armature, [written])
    armature.aqgt_takes.chosen = written.name
    return written.name, notes


def _writing(
    scene: bpy.types.Scene,
    armature: bpy.types.Object,
    take: Take,
    name: str,
    parts: frozenset[str] | None,
    bone_map: str = "auto",
    kept: Kept | None = None,
) -> Steps[Written]:
    """Solve for this rig and write the curves; ``parts`` may move, None: those of the panel."""
    rig = describe(armature, skin=scene.aqgt_retarget.keep_out)
    known = remembered(armature, rig) if bone_map == "auto" else match(rig, bone_map)
    fps = frames_per_second(scene)
    writing, scene_name, character = writing_of(scene), scene.name, armature.name
    options = yield from gathering_options(scene, armature, scene_frames(take.motion, take.start, fps))
    if parts is not None:
        options = replace(options, parts=parts)

    def solved() -> tuple[RigAnimation, np.ndarray, Mapping]:
        mapping = match(rig) if known is None else known
        frames, motion = at_scene_frames(take.motion, take.start, fps)
        animation = solve(motion, rig, mapping, options)
        if kept is not None and options.look_at is None:  # a look is the same in both takes anyway
            there, old = at_scene_frames(kept.motion, kept.start, fps)
            animation = keep_outside(
                animation,
                solve(old, rig, mapping, options),
                int(there[0] - frames[0]),
                kept.outside(frames / fps),
            )
        return animation, frames, mapping

    animation, frames, mapping = yield from aside(solved)
    scene, armature = _place(scene_name, character)
    return (yield from writing_take(scene, armature, name, animation, frames, mapping, writing, take))


def at_scene_frames(motion: Motion, start: float, fps: float) -> tuple[np.ndarray, Motion]:
    """The motion at whole frames of the scene, so that every key can be seen and edited.

    Args:
        motion: at the model's frame rate.
        start: its time on the timeline, in seconds.
        fps: frames per second of the scene.

    Returns:
        The frames `[T]`, and the motion with one frame for each.

    Raises:
        AqgtError: no whole frame lies within the motion.
    """
    frames = scene_frames(motion, start, fps)
    return frames, Motion(fps, motion.sample(frames / fps - start), motion.lengths)


def scene_frames(motion: Motion, start: float, fps: float) -> np.ndarray:
    """The whole frames `[T]` of the scene within a motion; arguments and errors as `at_scene_frames`."""
    last = start + (len(motion) - 1) / motion.fps
    frames = np.arange(math.ceil(start * fps - 1e-6), math.floor(last * fps + 1e-6) + 1, dtype=np.float64)
    if not len(frames):
        raise AqgtError("The motion is shorter than one frame.", "Use a longer sound.", "short-motion")
    return frames
