# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare two takes and merge them."""

from __future__ import annotations

from typing import Any

import bpy

from aqgt.errors import AqgtError

from ..scene.markers import preview_frames, selected_frames
from ..scene.nla import check_editable
from ..translations import rpt, tip
from . import compare, manage
from .ops import OfTake, character_of, checked_character, take_name
from .provenance import takes_of


class AQGT_OT_take_compare(OfTake, bpy.types.Operator):
    """Compare two takes: a click has the one or the other play, the rest of the takes is muted meanwhile"""

    bl_idname = "aqgt.take_compare"
    bl_label = "Compare Takes"
    bl_options = {"REGISTER", "UNDO"}

    action: take_name()
    other: bpy.props.StringProperty(
        name="With", description="Action of the other take", options={"SKIP_SAVE"}
    )

    @classmethod
    def reason(cls, context: bpy.types.Context, armature: bpy.types.Object, takes: list[Any]) -> str:
        """Two takes are needed."""
        return "" if len(takes) > 1 else tip("The character has one take only: generate another")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Begin; the take that was chosen plays."""
        return self.attempt(lambda: self._begin(context))

    def _begin(self, context: bpy.types.Context) -> str:
        armature, action = self.found(context)
        if not self.other:
            raise AqgtError("Nothing is chosen to compare with.", "Choose another take.", "no-take")
        compare.begin(armature, action, manage.take_of_character(armature, self.other))
        return rpt("{letter} plays: “{name}”", letter="A", name=action.name)


class _Comparing:
    """An operator that works while takes are compared."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed where nothing is compared."""
        this: Any = cls
        this.poll_message_set(tip("No takes are compared: press Compare With"))
        armature = character_of(context)
        return armature is not None and armature.aqgt_takes.comparing


class AQGT_OT_take_show(_Comparing, OfTake, bpy.types.Operator):
    """Have the other one of the two compared takes play"""

    bl_idname = "aqgt.take_show"
    bl_label = "Play A or B"

    which: bpy.props.EnumProperty(
        name="Which",
        items=(
            ("FLIP", "The Other", "The one that does not play now"),
            ("A", "A", "The first take"),
            ("B", "B", "The second take"),
        ),
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed where nothing is compared, or a take is gone."""
        armature = character_of(context)
        if armature is not None and armature.aqgt_takes.comparing:
            problem = compare.broken(armature)
            cls.poll_message_set(problem)
            return not problem
        return super().poll(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Flip."""
        return self.attempt(lambda: self._show(context))

    def _show(self, context: bpy.types.Context) -> str:
        armature = checked_character(context)
        flipped = "B" if armature.aqgt_takes.shown == "A" else "A"
        which = flipped if self.which == "FLIP" else self.which
        return rpt("{letter} plays: “{name}”", letter=which, name=compare.show(armature, which))


class AQGT_OT_take_compare_end(_Comparing, OfTake, bpy.types.Operator):
    """End the comparison"""

    bl_idname = "aqgt.take_compare_end"
    bl_label = "End Comparison"

    keep: bpy.props.BoolProperty(
        name="Keep the Shown",
        description="The shown take plays on and the others stay muted; else mute and solo are as before",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def description(cls, context: bpy.types.Context, properties: Any) -> str:
        """What becomes of mute and solo."""
        if properties.keep:
            return tip("End the comparison; the take that plays now plays on, the other takes stay muted")
        return tip("End the comparison; mute and solo of all tracks are as they were before it")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """End it."""
        return self.attempt(lambda: self._end(context))

    def _end(self, context: bpy.types.Context) -> str:
        armature = checked_character(context)
        shown = compare.playing(armature)
        compare.end(armature, keep=self.keep)
        if self.keep and shown is not None:
            return rpt("“{name}” plays, the other takes are muted", name=shown[1])
        return rpt("The tracks are as before the comparison")


class AQGT_OT_take_merge(OfTake, bpy.types.Operator):
    """Put a span of the chosen take into another one, cross-faded at both ends; the result is a new take"""

    bl_idname = "aqgt.take_merge"
    bl_label = "Merge Span"
    bl_options = {"REGISTER", "UNDO"}

    action: take_name()
    into: bpy.props.StringProperty(
        name="Into", description="Action of the other take; empty: that of the panel", options={"SKIP_SAVE"}
    )
    first: bpy.props.IntProperty(
        name="First", description="First frame; 0 to 0: the panel's span", options={"SKIP_SAVE"}
    )
    last: bpy.props.IntProperty(name="Last", description="Last frame", options={"SKIP_SAVE"})

    @classmethod
    def reason(cls, context: bpy.types.Context, armature: bpy.types.Object, takes: list[Any]) -> str:
        """Two takes and a span are needed."""
        group: Any = armature.aqgt_takes
        if len(takes) < 2:
            return tip("The character has one take only: generate another")
        if group.into and group.into not in [action.name for action in takes]:
            return tip("There is no take “{name}”: choose another to merge into", name=group.into)
        return ""

    def execute(self, context: bpy.types.Context) -> set[str]:
        """One new take."""
        return self.attempt(lambda: self._merge(context))

    def _merge(self, context: bpy.types.Context) -> str:
        from .merge import merge_takes

        armature, source = self.found(context)
        check_editable(armature)
        name, notes = merge_takes(
            context.scene,
            armature,
            self._into(armature, source),
            source,
            self._span(context, armature),
            armature.aqgt_takes.fade,
        )
        for note in notes:
            self.report({"INFO"}, note)
        return rpt("New take “{name}”", name=name)

    def _into(self, armature: bpy.types.Object, source: bpy.types.Action) -> bpy.types.Action:
        name = self.into or armature.aqgt_takes.into
        if name:
            return manage.take_of_character(armature, name)
        others = [action for _, action in takes_of(armature) if action != source]
        if len(others) != 1:
            raise AqgtError("It is not said which take to merge into.", "Choose one.", "no-take")
        return others[0]

    def _span(self, context: bpy.types.Context, armature: bpy.types.Object) -> tuple[float, float]:
        if self.last > self.first:
            return self.first, self.last
        markers = armature.aqgt_takes.span == "MARKERS"
        span = selected_frames(context.scene) if markers else preview_frames(context.scene)
        if span is None and markers:
            raise AqgtError(
                "Fewer than two timeline markers are selected.",
                "Select one where the span begins and one where it ends.",
                "no-span",
            )
        if span is None:
            raise AqgtError("There is no preview range.", "Draw one in the timeline with P.", "no-span")
        return span
