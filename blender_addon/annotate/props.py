# SPDX-License-Identifier: GPL-3.0-or-later
"""What a marker holds besides its name and frame, and the settings of the section."""

from __future__ import annotations

import bpy

from ..scene.armature import is_armature
from . import store
from .preset_ops import kind_choice, preset_names
from .vocabulary import choice, length_choice, rest_choice, side_choice


class AQGT_PG_annotation(bpy.types.PropertyGroup):
    """A whole annotation. It belongs to a timeline marker, whose name holds a short form of it.

    The properties named like channels hold that channel's label. ``name_read`` and ``frame_read`` are the
    marker's name and frame as they were when this group was filled: where they differ now, a person has
    renamed or moved the marker, and the marker counts. ``subframe`` is the part of a frame by which the
    annotation lies off the marker's frame.
    """

    name_read: bpy.props.StringProperty(options={"HIDDEN"})
    frame_read: bpy.props.IntProperty(options={"HIDDEN"})
    subframe: bpy.props.FloatProperty(options={"HIDDEN"})
    address: bpy.props.StringProperty(options={"HIDDEN"})
    target: bpy.props.PointerProperty(
        name="Character",
        description="The one character this annotation is for; empty: whichever is chosen under Generate",
        type=bpy.types.Object,
        poll=is_armature,
        update=store.on_target,
    )
    suggested: bpy.props.BoolProperty(
        name="Suggested",
        description="The planner made this annotation; suggesting again replaces it unless it is locked."
        " Changing anything makes it your own",
    )
    locked: bpy.props.BoolProperty(
        name="Locked", description="Neither suggesting nor any button here changes or deletes this annotation"
    )
    side: side_choice(update=store.on_edit)
    length: length_choice(update=store.on_edit)
    rest: rest_choice(update=store.on_edit)
    form_left: choice("form", "left", update=store.on_edit)
    form_right: choice("form", "right", update=store.on_edit)
    phrase_left: choice("phrase", "left", update=store.on_edit)
    phrase_right: choice("phrase", "right", update=store.on_edit)
    phase_left: choice("phase", "left", update=store.on_edit)
    phase_right: choice("phase", "right", update=store.on_edit)
    extent_left: choice("extent", "left", update=store.on_edit)
    extent_right: choice("extent", "right", update=store.on_edit)
    shape_left: choice("shape", "left", update=store.on_edit)
    shape_right: choice("shape", "right", update=store.on_edit)
    position_left: choice("position", "left", update=store.on_edit)
    position_right: choice("position", "right", update=store.on_edit)
    practice_left: choice("practice", "left", update=store.on_edit)
    practice_right: choice("practice", "right", update=store.on_edit)
    wrist_left: choice("wrist", "left", update=store.on_edit)
    wrist_right: choice("wrist", "right", update=store.on_edit)
    entity: choice("entity", update=store.on_edit)
    position_speech: choice("position_speech", update=store.on_edit)


class AQGT_PG_annotate(bpy.types.PropertyGroup):
    """Settings of the section, kept in the scene."""

    active: bpy.props.IntProperty(
        name="Annotation", description="Click to move the playhead there", default=-1, update=store.on_click
    )
    addressed: bpy.props.BoolProperty(
        name="For This Character Only",
        description="New annotations speak to the character chosen under Generate alone (G@Name:); off: to"
        " whichever is chosen there",
    )
    preset_kind: kind_choice()
    preset: bpy.props.StringProperty(
        name="Preset",
        description="A preset of your own",
        search=preset_names,
    )
    density: bpy.props.FloatProperty(
        name="Density",
        description="How many gestures are suggested; 1: about one in 2.2 s of speech, 0: none",
        default=1.0,
        min=0.0,
        max=2.0,
        subtype="FACTOR",
    )
    energy: bpy.props.FloatProperty(
        name="Energy",
        description="How large the suggested gestures are; 1: as usual",
        default=1.0,
        min=0.0,
        max=2.0,
        subtype="FACTOR",
    )
    handedness: bpy.props.FloatProperty(
        name="Right-Handed",
        description="Share of the suggested one-handed gestures that go to the right hand",
        default=0.6,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    seed: bpy.props.IntProperty(
        name="Seed", description="Another seed suggests other, equally fitting gestures", default=0, min=0
    )
