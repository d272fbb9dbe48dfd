# SPDX-License-Identifier: GPL-3.0-or-later
"""What to generate: settings kept in the scene."""

from __future__ import annotations

import bpy

from ..preview import live
from ..scene.armature import is_armature
from ..translations import CONTEXT
from . import choices

EXTENTS = (
    ("WHOLE", "Whole Sound", "From the start of the sound to its end", 0),
    ("PREVIEW", "Preview Range", "The timeline's preview range alone, joined to what is there", 1),
    ("FRAMES", "Frames", "From one frame to another, joined to what is there", 2),
    ("ANNOTATION", "Chosen Annotation", "Where the chosen annotation lies, joined to what is there", 3),
)
STARTS = (
    ("REST", "Rest", "Begin at rest; a published model begins as it likes", 0),
    ("POSE", "Current Pose", "Begin from the character's pose as it is shown now", 1),
)
PREVIEWS = (
    (live.OFF, "Off", "Show progress alone", 0),
    (live.FIGURE, "Stick Figure", "Draw finished windows as a figure beside the character", 1),
    (live.CHARACTER, "On Character", "Finished windows play on the character until the take is there", 2),
)


class AQGT_PG_generate(bpy.types.PropertyGroup):
    """The character and how its gestures are made."""

    character: bpy.props.PointerProperty(
        name="Character", description="Armature that gestures", type=bpy.types.Object, poll=is_armature
    )
    model: bpy.props.StringProperty(
        name="Model",
        description="Model of the engine; Check Engine lists those it has",
        default="compact",
        search=choices.model_names,
        search_options={"SUGGESTION"},
    )
    speaker: bpy.props.StringProperty(
        name="Speaker",
        translation_context=CONTEXT,
        description="Whose way of gesturing: a name or number of the model's; empty: its usual one",
        search=choices.speaker_names,
        search_options={"SUGGESTION"},
    )
    seed: bpy.props.IntProperty(
        name="Seed", description="The same seed and inputs give the same motion", default=0, min=0
    )
    variants: bpy.props.IntProperty(
        name="Variants",
        description="Takes to make, with this seed and those that follow; all but the first are muted",
        default=1,
        min=1,
        soft_max=8,
        max=64,
    )
    preset: bpy.props.StringProperty(
        name="Preset",
        description="Changes words, sound or annotations before the model reads them; empty: nothing",
        search=choices.preset_names,
        search_options={"SUGGESTION"},
    )
    annotate: bpy.props.BoolProperty(
        name="Suggest Gestures",
        description="Let the planner place gestures between your G: markers; off: only your markers",
        default=True,
    )
    start_from: bpy.props.EnumProperty(
        name="Start From", description="Pose in which the motion begins", items=STARTS
    )
    extent: bpy.props.EnumProperty(name="Range", description="Which part is generated", items=EXTENTS)
    first_frame: bpy.props.IntProperty(name="From", description="First frame of the range", default=1)
    last_frame: bpy.props.IntProperty(
        name="To", description="Last frame of the range", default=50, translation_context=CONTEXT
    )
    preview: bpy.props.EnumProperty(
        name="Preview",
        description="How finished windows are shown while the rest is made; nothing of it stays in the file",
        items=PREVIEWS,
    )
