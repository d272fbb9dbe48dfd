# SPDX-License-Identifier: GPL-3.0-or-later
"""Gesture markers by a click."""

from __future__ import annotations

from typing import Any

import bpy

from aqgt.annotations import FAMILIES, Span
from aqgt.markers import print_marker

from ..connection.session import redraw
from ..scene.context import seconds
from ..scene.markers import add_marker

_NONE = ("NONE", "Any", "Let the planner choose")


def _items(family: str) -> tuple[tuple[str, str, str], ...]:
    labels = [label.name for label in FAMILIES[family] if label.name != "0"]
    return (_NONE, *((name, name.replace("-", " ").title(), f"The marker says “{name}”") for name in labels))


class AQGT_OT_marker_add(bpy.types.Operator):
    """Set a gesture marker at the playhead; an ordinary timeline marker, free to be moved and renamed"""

    bl_idname = "aqgt.marker_add"
    bl_label = "Add Gesture Marker"
    bl_options = {"REGISTER", "UNDO"}

    phrase: bpy.props.EnumProperty(name="Type", items=_items("phrase"), default="iconic")
    side: bpy.props.EnumProperty(
        name="Hand",
        items=(
            ("left", "Left", "Left hand"),
            ("right", "Right", "Right hand"),
            ("both", "Both", "Both hands"),
        ),
        default="both",
    )
    extent: bpy.props.EnumProperty(name="Extent", items=_items("extent"), default="NONE")
    length: bpy.props.FloatProperty(
        name="Length",
        description="Seconds; 0: up to the next marker, at most 1.2 s",
        min=0.0,
        max=10.0,
        default=0.0,
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set the marker."""
        labels: dict[str, Any] = {"phrase": self.phrase, "extent": self.extent}
        span = Span(
            start=0.0,
            end=self.length or None,
            side=self.side,
            labels={key: label for key, label in labels.items() if label != "NONE"},
        )
        scene = context.scene
        add_marker(scene, seconds(scene, scene.frame_current), print_marker(span))
        redraw()
        return {"FINISHED"}
