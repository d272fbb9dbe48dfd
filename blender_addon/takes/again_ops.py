# SPDX-License-Identifier: GPL-3.0-or-later
"""Generate a take again by a click."""

from __future__ import annotations

from typing import Any

import bpy

from ..generate.running import Done, JobOperator
from ..one_job import generation
from ..scene.decoding import Unread
from ..steps import Steps
from ..translations import tip
from .ops import OfTake, take_name
from .provenance import recipe_of, why_not_again


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

    @classmethod
    def reason(cls, context: bpy.types.Context, armature: bpy.types.Object, takes: list[Any]) -> str:
        """One job at a time, and the take has to hold what it was made from."""
        if generation.running() is not None:
            return tip("A generation is running; cancel it first")
        return why_not_again(armature.aqgt_takes.chosen_take())

    def unread(self, context: bpy.types.Context) -> Unread | None:
        """The sound that the take was made from."""
        from .sounds import unread_source

        recipe = recipe_of(self.found(context)[1])
        return None if recipe is None else unread_source(context, recipe)

    def gather(self, context: bpy.types.Context) -> Any:
        """The take's own request, with the samples of its sound."""
        from .again import gather_again

        return gather_again(context, *self.found(context))

    def applying(self, job: Any) -> Steps[Done]:
        """The new take, if the same model made it or another one is allowed."""
        from .again import applying_again

        return applying_again(job, other_model=self.other_model)
