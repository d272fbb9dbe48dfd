# SPDX-License-Identifier: GPL-3.0-or-later
"""What to generate: settings kept in the scene."""

from __future__ import annotations

import bpy

from ..connection import session
from ..scene.armature import is_armature


def _model_names(_group: object, _context: bpy.types.Context, typed: str) -> list[str]:
    hello = session.hello()
    names = [model.name for model in hello.models] if hello else []
    return [name for name in names if typed.lower() in name.lower()]


class AQGT_PG_generate(bpy.types.PropertyGroup):
    """The character and how its gestures are made."""

    character: bpy.props.PointerProperty(
        name="Character", description="Armature that gestures", type=bpy.types.Object, poll=is_armature
    )
    model: bpy.props.StringProperty(
        name="Model",
        description="Model of the engine; Check Engine lists those it has",
        default="compact",
        search=_model_names,
        search_options={"SUGGESTION"},
    )
    seed: bpy.props.IntProperty(
        name="Seed", description="The same seed and inputs give the same motion", default=0, min=0
    )
    annotate: bpy.props.BoolProperty(
        name="Suggest Gestures",
        description="Let the planner place gestures between your G: markers; off: only your markers",
        default=True,
    )
