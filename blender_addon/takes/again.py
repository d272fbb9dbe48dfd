# SPDX-License-Identifier: GPL-3.0-or-later
"""A take generated again, from what it remembers alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import bpy
import numpy as np

from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt.protocol.messages import Provenance

from ..connection import session
from ..generate.job import Job
from ..generate.running import Done
from ..retarget.mapping import finding
from ..scene.armature import describe, find
from ..scene.nla import check_editable
from ..scene.sound import HeardSound
from ..steps import Steps
from ..translations import rpt
from ..unforeseen import told
from .apply import applying_take, take_of
from .provenance import Take, recall, why_not_again
from .sounds import CHANGED, check_same, find_sound

SAME = 1e-6
"""Difference of bone vectors up to which two motions are one."""


@dataclass
class AgainJob(Job):
    """A take that is made again.

    Whether a sound is the take's is found out in the job's thread: hashing ten minutes of it takes 20 ms.

    Attributes:
        old: what the take remembers.
        name: of its Action.
        heard: the sound that is compared, then sent.
        next_sound: number of the way to read the sound that is tried next.
    """

    old: Take | None = None
    name: str = ""
    heard: HeardSound | None = None
    next_sound: int = 0

    def pump(self) -> bool:
        """Take in what has arrived; where the sound is another one, go on with the next that it may be."""
        ended = super().pump()
        if self.error is None or self.error.code != CHANGED:
            return ended
        try:
            return not self._begin_with_other()
        except Exception as error:
            self.error = told(error)
            return True

    def _begin_with_other(self) -> bool:
        scene: bpy.types.Scene | None = bpy.data.scenes.get(self.scene)
        if scene is None or self.old is None or self.old.recipe is None:
            return False
        try:
            with bpy.context.temp_override(scene=scene):
                self.heard, self.next_sound = find_sound(bpy.context, self.old.recipe, self.next_sound)
        except AqgtError:
            return False
        self.error = None
        self.begin()
        return True


def gather_again(
    context: bpy.types.Context, armature: bpy.types.Object, action: bpy.types.Action
) -> AgainJob:
    """The take's own request, with the samples of its sound.

    Raises:
        AqgtError: the take does not hold what it was made from, or its sound is gone.
    """
    check_editable(armature)
    bones = finding(armature, describe(armature))
    take = recall(action)
    recipe = take.recipe
    if recipe is None:
        raise AqgtError(f"{why_not_again(action)}.", "Press Generate for a new take.", "no-recipe")
    heard, number = find_sound(context, recipe)

    def prepare() -> None:
        bones()
        assert job.heard is not None
        check_same(job.heard, recipe, take.provenance.inputs.get("audio", ""))
        job.request, job.start = replace(recipe.request, audio=job.heard.samples), job.heard.start

    job = AgainJob(
        client=session.client(),
        request=recipe.request,
        transcript="",
        scene=context.scene.name,
        character=armature.name,
        start=heard.start,
        sound=recipe.sound,
        prepare=prepare,
        old=take,
        name=action.name,
        heard=heard,
        next_sound=number,
    )
    return job


def applying_again(job: AgainJob, *, other_model: bool) -> Steps[Done]:
    """The new take, step by step.

    Args:
        job: a finished one.
        other_model: whether another model, or another version of the engine, may have made it.

    Raises:
        AqgtError: another one has, or scene or character are gone.
    """
    scene: bpy.types.Scene | None = bpy.data.scenes.get(job.scene)
    if scene is None:
        raise AqgtError(f"The scene “{job.scene}” is no longer there.", "Generate again.", "no-scene")
    armature = find(job.character)
    check_editable(armature)
    old, made = job.old, take_of(job)
    assert old is not None
    differs = difference(old.provenance, made.provenance)
    if differs and not other_model:
        raise AqgtError(
            f"{differs} The motion may not be that of “{job.name}”.",
            "Tick “By Another Model, Too” to go on.",
            "other-model",
        )
    take = whole(old, made, job.start)
    name, notes = yield from applying_take(scene, armature, take)
    if differs:
        notes.insert(0, differs)
    said = rpt("New take “{name}”: not the same motion as “{old}”")
    if _equal(take.motion, old.motion):
        said = rpt("New take “{name}”: the same motion as “{old}”")
    return said.format(name=name, old=job.name), notes


def difference(before: Provenance, now: Provenance) -> str:
    """What of the engine is not as it was, in a sentence; empty where all is."""
    if before.model_hash != now.model_hash:
        return f"The engine's model “{now.model}” is not the one that made the take."
    if before.engine_version != now.engine_version:
        return f"The engine has version {now.engine_version}, the take was made by {before.engine_version}."
    return ""


def whole(old: Take, made: Take, start: float) -> Take:
    """The new take; where a part alone was made, within the rest of the old motion.

    Args:
        old: the take that is made again.
        made: what the engine made by its recipe.
        start: where the first sample of the sound lies on the timeline now, in seconds.
    """
    recipe = old.recipe
    if recipe is None or recipe.part is None:
        return made
    first, last = recipe.part
    fps, vectors = old.motion.fps, old.motion.bone_vectors
    motion = made.motion.with_lengths(old.motion.lengths) if _other_lengths(old, made) else made.motion
    exact = motion.fps == fps and len(motion) >= last - first
    new = motion.bone_vectors[: last - first] if exact else motion.sample(np.arange(last - first) / fps)
    return replace(
        old,
        motion=replace(old.motion, bone_vectors=np.concatenate([vectors[:first], new, vectors[last:]])),
        provenance=made.provenance,
        start=old.start + start - recipe.start,
        recipe=replace(recipe, start=start),
    )


def _other_lengths(one: Take, two: Take) -> bool:
    return not np.allclose(one.motion.lengths, two.motion.lengths, rtol=1e-3, atol=1e-6)


def _equal(one: Motion, two: Motion) -> bool:
    return one.bone_vectors.shape == two.bone_vectors.shape and bool(
        np.allclose(one.bone_vectors, two.bone_vectors, rtol=0, atol=SAME)
    )
