# SPDX-License-Identifier: GPL-3.0-or-later
"""Generate a take again, from what it remembers alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import bpy
import numpy as np

from aqgt.errors import AqgtError
from aqgt.motion import Motion
from aqgt.protocol.messages import Provenance

from ..connection import session
from ..generate.job import Job
from ..generate.running import Done, JobOperator
from ..one_job import generation
from ..retarget.mapping import finding
from ..scene.armature import describe, find
from ..scene.decoding import Unread
from ..scene.nla import check_editable
from ..steps import Steps
from ..translations import rpt, tip
from .apply import applying_take, take_of
from .ops import OfTake, take_name
from .provenance import Take, has_recipe, recall, recipe_of, sources_of
from .sounds import find_sound, unread_source

SAME = 1e-6
"""Difference of bone vectors up to which two motions are one."""


class AQGT_OT_take_generate_again(OfTake, JobOperator, bpy.types.Operator):
    """Generate the motion again from what the take remembers, as a new take; no setting here counts"""

    bl_idname = "aqgt.take_generate_again"
    bl_label = "Generate Again"

    action: take_name()
    other_model: bpy.props.BoolProperty(
        name="By Another Model, Too",
        description="Go on where the engine's model or version is not the one of the take",
        options={"SKIP_SAVE"},
    )

    _take: Take
    _name = ""

    @classmethod
    def reason(cls, context: bpy.types.Context, armature: bpy.types.Object, takes: list[Any]) -> str:
        """One job at a time, and the take has to hold what it was made from."""
        if generation.running() is not None:
            return tip("A generation is running; cancel it first")
        return why_not(armature.aqgt_takes.chosen_take())

    def unread(self, context: bpy.types.Context) -> Unread | None:
        """The sound that the take was made from."""
        recipe = recipe_of(self.found(context)[1])
        return None if recipe is None else unread_source(context, recipe)

    def gather(self, context: bpy.types.Context) -> Job:
        """The take's own request, with the samples of its sound."""
        armature, action = self.found(context)
        check_editable(armature)
        bones = finding(armature, describe(armature))
        take = recall(action)
        if take.recipe is None:
            raise AqgtError(f"{why_not(action)}.", "Press Generate for a new take.", "no-recipe")
        sound = find_sound(context, take.recipe, take.provenance.inputs.get("audio", ""))
        self._take, self._name = take, action.name

        def check_bones() -> None:
            bones()

        return Job(
            client=session.client(),
            request=replace(take.recipe.request, audio=sound.samples),
            transcript="",
            scene=context.scene.name,
            character=armature.name,
            start=sound.start,
            sound=take.recipe.sound,
            prepare=check_bones,
        )

    def applying(self, job: Any) -> Steps[Done]:
        """The new take, if the same model made it or another one is allowed."""
        scene: bpy.types.Scene | None = bpy.data.scenes.get(job.scene)
        if scene is None:
            raise AqgtError(f"The scene “{job.scene}” is no longer there.", "Generate again.", "no-scene")
        armature = find(job.character)
        check_editable(armature)
        made = take_of(job)
        differs = difference(self._take.provenance, made.provenance)
        if differs and not self.other_model:
            raise AqgtError(
                f"{differs} The motion may not be that of “{self._name}”.",
                "Tick “By Another Model, Too” to go on.",
                "other-model",
            )
        take = whole(self._take, made, job.start)
        name, notes = yield from applying_take(scene, armature, take)
        if differs:
            notes.insert(0, differs)
        said = rpt("New take “{name}”: not the same motion as “{old}”")
        if _equal(take.motion, self._take.motion):
            said = rpt("New take “{name}”: the same motion as “{old}”")
        return said.format(name=name, old=self._name), notes


def why_not(action: bpy.types.Action) -> str:
    """Why a take can't be generated again, without a full stop; empty where it can."""
    if sources_of(action):
        return tip("The take was merged from others: generate those again")
    if not has_recipe(action):
        return tip("The take does not hold what it was made from")
    return ""


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
