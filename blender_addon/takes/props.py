# SPDX-License-Identifier: GPL-3.0-or-later
"""Which take is chosen, and what is to be done with it: kept on the character, so each has its own."""

from __future__ import annotations

from typing import Any

import bpy

from aqgt.errors import AqgtError

from ..scene.armature import is_armature
from ..translations import CONTEXT
from ..ui import tell
from .manage import rename
from .provenance import is_take, takes_of


def _is_take(_owner: object, candidate: bpy.types.Action) -> bool:
    return is_take(candidate)


def _other_names(group: AQGT_PG_takes, _context: bpy.types.Context, typed: str) -> list[str]:
    """Names of the character's takes but the chosen one, for the field's search."""
    armature: Any = group.id_data
    chosen = group.chosen_take()
    names = [action.name for _, action in takes_of(armature) if action != chosen]
    return [name for name in names if typed.lower() in name.lower()]


def _get_row(group: AQGT_PG_takes) -> int:
    chosen = group.chosen_take()
    return -1 if chosen is None else bpy.data.actions.find(chosen.name)


def _set_row(group: AQGT_PG_takes, row: int) -> None:
    armature: Any = group.id_data
    if not 0 <= row < len(bpy.data.actions):
        return
    chosen = bpy.data.actions[row]
    if any(action == chosen for _, action in takes_of(armature)):
        group.chosen = chosen.name


def _get_title(group: AQGT_PG_take) -> str:
    return group.id_data.name


def _set_title(group: AQGT_PG_take, name: str) -> None:
    action: Any = group.id_data
    try:
        rename(action, name)
    except AqgtError as error:
        tell(error)  # a field can't refuse; it shows the old name again


class AQGT_PG_take(bpy.types.PropertyGroup):
    """What the list edits of a take's Action."""

    title: bpy.props.StringProperty(
        name="Name",
        description="Name of the take: of its action, its NLA tracks and its strips",
        get=_get_title,
        set=_set_title,
    )


class AQGT_PG_takes(bpy.types.PropertyGroup):
    """The takes of one character: which is chosen, how they are compared, merged and applied."""

    chosen: bpy.props.StringProperty(description="Action of the chosen take; another name: the newest take")
    row: bpy.props.IntProperty(
        name="Chosen Take", description="A click chooses a take", get=_get_row, set=_set_row
    )
    into: bpy.props.StringProperty(
        name="Into",
        description="Take into which a span of the chosen one is put; both stay as they are",
        search=_other_names,
    )
    span: bpy.props.EnumProperty(
        name="Span",
        translation_context=CONTEXT,
        description="Which part of the chosen take is merged",
        items=(
            ("RANGE", "Preview Range", "The timeline's preview range (P in the timeline)"),
            ("MARKERS", "Markers", "From the first selected timeline marker to the last"),
        ),
    )
    fade: bpy.props.FloatProperty(
        name="Cross-Fade",
        description="Seconds that each join takes at least; longer where it would be too fast",
        default=0.3,
        min=0.05,
        max=2.0,
        subtype="TIME_ABSOLUTE",
    )
    other: bpy.props.PointerProperty(
        name="Character",
        description="Armature that is to play the take, too",
        type=bpy.types.Object,
        poll=is_armature,
    )
    other_model: bpy.props.BoolProperty(
        name="By Another Model, Too",
        description="Generate again even where the engine's model or version is not the one of the take; "
        "the motion may then differ",
    )
    comparing: bpy.props.BoolProperty(description="Whether two takes are compared")
    shown: bpy.props.EnumProperty(
        name="Plays", items=(("A", "A", "The first take plays"), ("B", "B", "The second take plays"))
    )
    take_a: bpy.props.PointerProperty(type=bpy.types.Action, poll=_is_take)
    take_b: bpy.props.PointerProperty(type=bpy.types.Action, poll=_is_take)
    before: bpy.props.StringProperty(description="Mute and solo of all tracks before the comparison, as JSON")

    def chosen_take(self) -> bpy.types.Action | None:
        """The chosen take, else the newest; None where there is none."""
        armature: Any = self.id_data
        takes = takes_of(armature)
        named = [action for _, action in takes if action.name == self.chosen]
        return named[0] if named else takes[0][1] if takes else None
