# SPDX-License-Identifier: GPL-3.0-or-later
"""How a motion goes onto the character: settings kept in the scene, which every take follows."""

from __future__ import annotations

from typing import Any

import bpy

from aqgt.retarget.roles import PARTS

from ..scene.armature import is_armature
from ..translations import CONTEXT

PART_TITLES = {part: part.replace("_", " ").title() for part in PARTS}

STATUS_ITEMS = (
    ("OK", "OK", "Found with certainty", "CHECKMARK", 0),
    ("DOUBTFUL", "Doubtful", "Found by a guess: look at it", "QUESTION", 1),
    ("MISSING", "Missing", "No bone plays this role; the part stays as it is", "REMOVE", 2),
    ("MANUAL", "By Hand", "Chosen by hand", "GREASEPENCIL", 3),
)


def _bone_chosen(row: AQGT_PG_bone_row, _context: bpy.types.Context) -> None:
    row.status = "MANUAL" if row.bone else "MISSING"
    row.reason = ""


class AQGT_PG_bone_row(bpy.types.PropertyGroup):
    """One role of the character and the bone that plays it; `name` is the role."""

    title: bpy.props.StringProperty(name="Role")
    bone: bpy.props.StringProperty(name="Bone", description="Bone that plays the role", update=_bone_chosen)
    status: bpy.props.EnumProperty(name="Status", items=STATUS_ITEMS, default="MISSING")
    reason: bpy.props.StringProperty(name="Reason", description="Why it is doubtful")


class AQGT_PG_retarget(bpy.types.PropertyGroup):
    """Which motion, which bones, and how."""

    source: bpy.props.EnumProperty(
        name="Motion",
        items=(
            ("TAKE", "Take", "The motion that a take remembers"),
            ("FILE", "File", "A BVH or NPZ file"),
            ("ARMATURE", "Armature", "What another armature plays"),
        ),
    )
    take: bpy.props.StringProperty(
        name="Take", description="Action of a take of any character; empty: the newest of this one"
    )
    filepath: bpy.props.StringProperty(name="File", description="Motion in BVH or NPZ", subtype="FILE_PATH")
    performer: bpy.props.PointerProperty(
        name="Performer",
        description="Armature that plays the motion",
        type=bpy.types.Object,
        poll=is_armature,
    )
    at_playhead: bpy.props.BoolProperty(
        name="At Playhead", description="Begin at the current frame instead of where the motion lay before"
    )

    rows: bpy.props.CollectionProperty(type=AQGT_PG_bone_row)
    active_row: bpy.props.IntProperty()
    rows_of: bpy.props.StringProperty(description="Armature that the rows belong to")
    base: bpy.props.StringProperty(description="Mapping that the rows were filled with, as JSON")

    mirror: bpy.props.BoolProperty(name="Mirror", description="Exchange left and right")
    smoothing: bpy.props.EnumProperty(
        name="Smoothing",
        translation_context=CONTEXT,
        items=(
            ("none", "None", "Motion as it is"),
            ("light", "Light", "Against the trembling of tracked or generated motion"),
            ("strong", "Strong", "For noisy motion; small gestures get smaller"),
        ),
        default="light",
    )
    keep_out: bpy.props.BoolProperty(
        name="Keep out of Body",
        description="Bend the arms where hands or elbows would lie in torso or head",
        default=True,
    )
    keep_contact: bpy.props.BoolProperty(
        name="Keep Contact", description="Bring the hands as near to each other as in the motion"
    )
    limits: bpy.props.BoolProperty(
        name="Human Limits",
        description="Keep forearms, wrists and fingers within what a human can bend",
        default=True,
    )
    look_at: bpy.props.PointerProperty(
        name="Look At",
        description="Object the head looks at",
        type=bpy.types.Object,
        translation_context=CONTEXT,
    )
    look_blend: bpy.props.FloatProperty(
        name="Look",
        translation_context=CONTEXT,
        description="0: the motion's head, 1: straight at the target",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    hold_legs: bpy.props.BoolProperty(
        name="Hold Legs", description="Key hips and legs at rest, so that nothing below the take moves them"
    )
    depth_gain: bpy.props.FloatProperty(
        name="Depth",
        description="Factor on the motion's depth, for motion from video that is too flat or too deep",
        default=1.0,
        min=0.25,
        max=4.0,
    )
    key_error: bpy.props.FloatProperty(
        name="Key Error",
        description="Leave out keys as long as rotations stay within this many degrees; 0 keys every frame",
        default=0.0,
        min=0.0,
        soft_max=5.0,
        precision=2,
    )
    additive: bpy.props.BoolProperty(
        name="Additive",
        description="Lay the take over the pose at its first frame as a change: what moves below goes on",
    )
    split: bpy.props.BoolProperty(
        name="Track per Part", description="One NLA track for each part, with an influence slider"
    )

    # One switch, one strength and one influence for each part of the body.
    for _part, _title in PART_TITLES.items():
        __annotations__[f"use_{_part}"] = bpy.props.BoolProperty(
            name=_title, description=f"Whether the take moves: {_title.lower()}", default=True
        )
        __annotations__[f"intensity_{_part}"] = bpy.props.FloatProperty(
            name="Intensity",
            description=f"How far it moves from its middle pose, 1 as is: {_title.lower()}",
            default=1.0,
            min=0.0,
            soft_max=2.0,
        )
        __annotations__[f"influence_{_part}"] = bpy.props.FloatProperty(
            name="Influence",
            description=f"Influence of its NLA strip: {_title.lower()}",
            default=1.0,
            min=0.0,
            max=1.0,
            subtype="FACTOR",
        )
    del _part, _title


def of_parts(settings: Any, kind: str) -> dict[str, Any]:
    """The value of ``use``, ``intensity`` or ``influence`` of each part."""
    return {part: getattr(settings, f"{kind}_{part}") for part in PARTS}
