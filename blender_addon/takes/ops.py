# SPDX-License-Identifier: GPL-3.0-or-later
"""Rename, solo, mute, delete takes, and lay them on another character."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy

from aqgt.errors import AqgtError

from ..scene.nla import check_editable
from ..scene.strips import tracks_with
from ..translations import iface, rpt, tip
from ..ui import redraw
from . import manage
from .provenance import takes_of


def character_of(context: bpy.types.Context) -> bpy.types.Object | None:
    """The character whose takes are shown: the chosen one, else the active armature."""
    character: bpy.types.Object | None = context.scene.aqgt_generate.character or context.object
    return character if character is not None and character.type == "ARMATURE" else None


def checked_character(context: bpy.types.Context) -> bpy.types.Object:
    """The same, or a refusal.

    Raises:
        AqgtError: there is none.
    """
    character = character_of(context)
    if character is None:
        raise AqgtError(
            "No character is chosen.", "Choose the armature whose takes you mean.", "no-character"
        )
    return character


class OfTake:
    """An operator on a take of the character; without a name, on the chosen one."""

    @classmethod
    def reason(cls, context: bpy.types.Context, armature: bpy.types.Object, takes: list[Any]) -> str:
        """Why it can't be done now; empty where it can."""
        return ""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed, with the reason, where there is no take, or none it can be done with."""
        this: Any = cls
        armature = character_of(context)
        takes = [action for _, action in takes_of(armature)] if armature is not None else []
        if armature is None:
            reason = tip("No character is chosen: choose the armature under Generate")
        elif not takes:
            reason = tip("The character has no take: generate one first")
        else:
            reason = cls.reason(context, armature, takes)
        if reason:
            this.poll_message_set(reason)
        return not reason

    def attempt(self, work: Callable[[], str]) -> set[str]:
        """Do it; what it says, or why it refused, is reported."""
        this: Any = self
        try:
            done = work()
        except AqgtError as error:
            this.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        this.report({"INFO"}, done)
        redraw()
        return {"FINISHED"}

    def found(self, context: bpy.types.Context) -> tuple[bpy.types.Object, bpy.types.Action]:
        """The character and the take that is meant.

        Raises:
            AqgtError: there is none of that name.
        """
        this: Any = self
        armature = checked_character(context)
        return armature, manage.take_of_character(armature, this.action)


def take_name() -> Any:
    """The property by which an operator is told which take."""
    return bpy.props.StringProperty(
        name="Take", description="Action of the take; empty: the chosen one", options={"SKIP_SAVE"}
    )


class AQGT_OT_take_rename(OfTake, bpy.types.Operator):
    """Give the take another name: its action, its NLA tracks and its strips"""

    bl_idname = "aqgt.take_rename"
    bl_label = "Rename Take"
    bl_options = {"REGISTER", "UNDO"}

    action: take_name()
    name: bpy.props.StringProperty(
        name="Name", description="One that exists gets a number", options={"SKIP_SAVE"}
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for the name."""
        try:
            self.name = self.name or self.found(context)[1].name
        except AqgtError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return set(context.window_manager.invoke_props_dialog(self))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Rename."""
        return self.attempt(
            lambda: rpt("Renamed: “{name}”", name=manage.rename(self.found(context)[1], self.name))
        )


class AQGT_OT_take_delete(OfTake, bpy.types.Operator):
    """Delete the take: its NLA tracks, and its action where nothing else uses it"""

    bl_idname = "aqgt.take_delete"
    bl_label = "Delete Take"
    bl_options = {"REGISTER", "UNDO"}

    action: take_name()

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask first."""
        try:
            _, action = self.found(context)
        except AqgtError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        answer = context.window_manager.invoke_confirm(
            self,
            event,
            title=iface("Delete “{name}”?", name=action.name),
            confirm_text="Delete",
            icon="WARNING",
        )
        return set(answer)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Delete."""
        return self.attempt(lambda: manage.delete(*self.found(context)))


class AQGT_OT_take_solo(OfTake, bpy.types.Operator):
    """Play this take alone, without anything else on the character; again: with everything"""

    bl_idname = "aqgt.take_solo"
    bl_label = "Solo Take"
    bl_options = {"REGISTER", "UNDO"}

    action: take_name()

    @classmethod
    def reason(cls, context: bpy.types.Context, armature: bpy.types.Object, takes: list[Any]) -> str:
        """Blender plays one track alone, not several."""
        take = getattr(context, "aqgt_take", None) or armature.aqgt_takes.chosen_take()
        if len(tracks_with(armature, take)) > 1:
            return tip(
                "The take lies on several tracks, and Blender solos one only: mute the other takes instead"
            )
        return ""

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Toggle it."""
        return self.attempt(lambda: self._toggle(context))

    def _toggle(self, context: bpy.types.Context) -> str:
        armature, action = self.found(context)
        check_editable(armature)
        tracks = tracks_with(armature, action)
        if len(tracks) > 1:
            raise AqgtError(
                f"“{action.name}” lies on several tracks.", "Mute the other takes.", "many-tracks"
            )
        tracks[0].is_solo = not tracks[0].is_solo
        return rpt("“{name}” plays alone", name=action.name) if tracks[0].is_solo else rpt("All tracks play")


class AQGT_OT_take_mute(OfTake, bpy.types.Operator):
    """Mute the take, on all its tracks; again: have it play"""

    bl_idname = "aqgt.take_mute"
    bl_label = "Mute Take"
    bl_options = {"REGISTER", "UNDO"}

    action: take_name()

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Toggle it."""
        return self.attempt(lambda: self._toggle(context))

    def _toggle(self, context: bpy.types.Context) -> str:
        armature, action = self.found(context)
        check_editable(armature)
        tracks = tracks_with(armature, action)
        muted = not all(track.mute for track in tracks)
        for track in tracks:
            track.mute = muted
        return rpt("“{name}” is muted" if muted else "“{name}” plays", name=action.name)


class AQGT_OT_take_apply_to(OfTake, bpy.types.Operator):
    """Lay the take on another character, with that one's own bones, as a take there"""

    bl_idname = "aqgt.take_apply_to"
    bl_label = "Apply to Character"
    bl_options = {"REGISTER", "UNDO"}

    action: take_name()
    other: bpy.props.StringProperty(
        name="Character", description="Armature; empty: the one in the panel", options={"SKIP_SAVE"}
    )

    @classmethod
    def reason(cls, context: bpy.types.Context, armature: bpy.types.Object, takes: list[Any]) -> str:
        """Another armature is needed."""
        if not any(one.type == "ARMATURE" and one != armature for one in context.scene.objects):
            return tip("There is no other armature in the scene")
        return ""

    def execute(self, context: bpy.types.Context) -> set[str]:
        """One new take on the other character."""
        return self.attempt(lambda: self._apply(context))

    def _apply(self, context: bpy.types.Context) -> str:
        armature, action = self.found(context)
        other = bpy.data.objects.get(self.other) if self.other else armature.aqgt_takes.other
        name, notes = manage.apply_to(context.scene, armature, action, other)
        for note in notes:
            self.report({"INFO"}, note)
        return rpt("New take “{name}” on “{character}”", name=name, character=other.name)
