# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of gesture markers as they are read, and the one that is chosen."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import bpy

from aqgt.markers import is_marker

from ..one_job import generation
from ..scene.markers import names_and_frames
from ..translations import iface
from ..ui import GesturesPanel, SequencerPanel, draw_lines
from . import following, presets, store
from .preset_ops import chosen_preset
from .reading import is_settled, listed, not_used
from .vocabulary import OF_HANDS, TITLES

_REASONS = 4


class AQGT_UL_annotations(bpy.types.UIList):
    """The gesture markers among all markers, in order of time; a click moves the playhead there."""

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: bpy.types.UILayout,
        scene: Any,
        marker: Any,
        _icon: int,
        _active_data: Any,
        _active_property: str,
        index: int = 0,
        _filter: int = 0,
    ) -> None:
        """Time and name; red with a button that knows the reason where it is not used."""
        annotation, reason = listed(scene, marker)
        row = layout.row(align=True)
        row.alert = bool(reason)
        if reason:
            button = row.operator("aqgt.annotation_reason", text="", icon="ERROR", emboss=False)
            button.index, button.reason = index, reason
        else:
            row.label(text="", icon="LIGHT" if annotation.suggested else "MARKER_HLT")
        row.label(text=f"{annotation.time:.2f} s  {annotation.name}")
        row.prop(
            marker.aqgt,
            "locked",
            text="",
            icon="LOCKED" if annotation.locked else "UNLOCKED",
            emboss=False,
        )

    def filter_items(
        self, context: bpy.types.Context, scene: Any, markers_name: str
    ) -> tuple[list[int], list[int]]:
        """Gesture markers alone, in order of time, with the letters of the filter field in their names."""
        shown, places = _in_order(*names_and_frames(scene), self.filter_name.casefold())
        return [self.bitflag_filter_item if show else 0 for show in shown], list(places)


@lru_cache(maxsize=2)
def _in_order(
    names: tuple[str, ...], frames: tuple[int, ...], wanted: str
) -> tuple[tuple[bool, ...], tuple[int, ...]]:
    """Which markers are listed, and the place of each in order of time."""
    shown = tuple(is_marker(name) and (not wanted or wanted in name.casefold()) for name in names)
    places = [0] * len(names)
    for place, index in enumerate(sorted(range(len(names)), key=frames.__getitem__)):
        places[index] = place
    return shown, tuple(places)


class _Annotate:
    """Say where which gesture goes."""

    bl_label = "Annotate"
    bl_order = 2

    def draw(self, context: bpy.types.Context) -> None:
        """New markers, the list, and what can be done with the chosen one."""
        layout: Any = self.layout  # type: ignore[attr-defined]
        scene = context.scene
        settled = is_settled(scene)
        if not settled:
            following.follow_soon(scene)
        row = layout.row(align=True)
        row.operator("aqgt.marker_add", text="Add at Playhead", icon="MARKER")
        row.operator("aqgt.marker_add_range", text="On Range", icon="PREVIEW_RANGE")
        row = layout.row(align=True)
        row.operator("aqgt.marker_add_words", text="On Words", icon="OUTLINER_OB_FONT")
        row.operator("aqgt.marker_drag", icon="ARROW_LEFTRIGHT")
        layout.prop(scene.aqgt_annotate, "addressed")
        row = layout.row(align=True)
        row.operator("aqgt.annotations_import", text="Import", icon="IMPORT")
        row.operator("aqgt.annotations_export", text="Export", icon="EXPORT")
        if not store.has_gestures(scene):
            draw_lines(layout, "No G: marker: gestures are suggested from words and voice", icon="INFO")
            return
        layout.template_list(
            "AQGT_UL_annotations", "", scene, "timeline_markers", scene.aqgt_annotate, "active", rows=4
        )
        row = layout.row(align=True)
        row.operator("aqgt.annotation_retime", text="To Playhead", icon="NEXT_KEYFRAME")
        row.operator("aqgt.annotation_duplicate", text="", icon="DUPLICATE")
        row.operator("aqgt.annotation_mirror", text="", icon="MOD_MIRROR")
        row.operator("aqgt.annotation_lock", text="", icon="LOCKED")
        row.operator("aqgt.annotation_delete", text="", icon="TRASH")
        bad = [] if settled else not_used(scene, store.gesture_markers(scene))
        for name, reason in bad[:_REASONS]:
            draw_lines(layout, f"{name}: {reason}", icon="ERROR", alert=True)
        if len(bad) > _REASONS:
            layout.label(
                text=iface("… and {number} more: see the signs in the list", number=len(bad) - _REASONS)
            )


class AQGT_PT_annotate(_Annotate, GesturesPanel, bpy.types.Panel):
    """In the 3D viewport."""

    bl_idname = "AQGT_PT_annotate"


class AQGT_PT_annotate_sequencer(_Annotate, SequencerPanel, bpy.types.Panel):
    """In the sequencer, beside the voice."""

    bl_idname = "AQGT_PT_annotate_sequencer"


class _Chosen:
    """The chosen annotation, each channel by itself."""

    bl_label = "Chosen Annotation"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Shown where an annotation is chosen."""
        return store.active(context.scene) is not None

    def draw(self, context: bpy.types.Context) -> None:
        """Hand and length, then one row for each family with one field for each hand."""
        marker: Any = store.active(context.scene)
        if marker is None:
            return
        layout: Any = self.layout  # type: ignore[attr-defined]
        layout.prop(marker, "name", text="Marker")
        if store.is_stale(marker):
            draw_lines(layout, "Its channels are shown here once the name can be read", icon="INFO")
            return
        group = marker.aqgt
        column = layout.column()
        column.enabled = not group.locked
        column.prop(group, "target")
        column.row(align=True).prop(group, "side", expand=True)
        row = column.row(align=True)
        row.prop(group, "length")
        row.prop(group, "rest", toggle=True)
        if not group.rest:
            _draw_channels(column, group)
        if group.locked:
            draw_lines(layout, "Locked: unlock it to change it", icon="LOCKED")


class AQGT_PT_annotation(_Chosen, GesturesPanel, bpy.types.Panel):
    """In the 3D viewport."""

    bl_idname = "AQGT_PT_annotation"
    bl_parent_id = "AQGT_PT_annotate"


class AQGT_PT_annotation_sequencer(_Chosen, SequencerPanel, bpy.types.Panel):
    """In the sequencer."""

    bl_idname = "AQGT_PT_annotation_sequencer"
    bl_parent_id = "AQGT_PT_annotate_sequencer"


def _draw_channels(layout: bpy.types.UILayout, group: Any) -> None:
    hands = ("left", "right") if group.side == "both" else (group.side,)
    for family, title in TITLES.items():
        sided = family in OF_HANDS
        split = layout.split(factor=0.35 if sided else 0.5)  # one field leaves room for a longer title
        split.label(text=title)
        row = split.row(align=True)
        keys = [f"{family}_{hand}" for hand in hands] if sided else [family]
        for key in keys:
            row.prop(group, key, text="")


class _Presets:
    """Presets of one's own."""

    bl_label = "Presets"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Kind, name, and what can be done with it."""
        layout: Any = self.layout  # type: ignore[attr-defined]
        settings = context.scene.aqgt_annotate
        layout.row().prop(settings, "preset_kind", expand=True)
        row = layout.row(align=True)
        row.prop(settings, "preset", text="", icon="PRESET", placeholder="Preset")
        row.operator("aqgt.preset_save", text="", icon="ADD")
        row.operator("aqgt.preset_delete", text="", icon="REMOVE")
        row.operator("aqgt.preset_import", text="", icon="IMPORT")
        row.operator("aqgt.preset_export", text="", icon="EXPORT")
        chosen = chosen_preset(context.scene)
        if chosen is not None and chosen.description:
            draw_lines(layout, chosen.description)
        if settings.preset_kind == presets.ANNOTATION:
            layout.row(align=True).operator_enum("aqgt.preset_apply", "place")
        else:
            draw_lines(layout, "Presets of a whole clip are chosen under Generate", icon="INFO")
        for problem in presets.problems()[:_REASONS]:
            draw_lines(layout, problem, icon="ERROR", alert=True)


class AQGT_PT_presets(_Presets, GesturesPanel, bpy.types.Panel):
    """In the 3D viewport."""

    bl_idname = "AQGT_PT_presets"
    bl_parent_id = "AQGT_PT_annotate"


class AQGT_PT_presets_sequencer(_Presets, SequencerPanel, bpy.types.Panel):
    """In the sequencer."""

    bl_idname = "AQGT_PT_presets_sequencer"
    bl_parent_id = "AQGT_PT_annotate_sequencer"


class _Suggest:
    """Have the planner annotate the voice."""

    bl_label = "Suggest Gestures"

    def draw(self, context: bpy.types.Context) -> None:
        """The planner's sliders, and the button or the progress."""
        layout: Any = self.layout  # type: ignore[attr-defined]
        settings = context.scene.aqgt_annotate
        column = layout.column()
        for name in ("density", "energy", "handedness", "seed"):
            column.prop(settings, name)
        job = generation.running()
        if _is_suggesting(job):
            layout.progress(factor=job.fraction, text=job.text)
            layout.operator("aqgt.cancel", icon="X")
        else:
            layout.operator("aqgt.suggest", icon="LIGHT")


def _is_suggesting(job: Any) -> bool:
    if job is None:
        return False
    from .suggest import SuggestJob

    return isinstance(job, SuggestJob)


class AQGT_PT_suggest(_Suggest, GesturesPanel, bpy.types.Panel):
    """In the 3D viewport."""

    bl_idname = "AQGT_PT_suggest"
    bl_parent_id = "AQGT_PT_annotate"


class AQGT_PT_suggest_sequencer(_Suggest, SequencerPanel, bpy.types.Panel):
    """In the sequencer."""

    bl_idname = "AQGT_PT_suggest_sequencer"
    bl_parent_id = "AQGT_PT_annotate_sequencer"
