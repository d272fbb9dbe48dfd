# SPDX-License-Identifier: GPL-3.0-or-later
"""A gesture on the chosen words, and over a range that is dragged in the timeline."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

from aqgt.errors import AqgtError

from ..scene.context import frames_per_second, sequencer_scene
from ..speech.source import origin
from ..speech.times import read_times
from ..speech.words import chosen_words, stored
from ..translations import iface, tip
from . import drawn_range
from .ops import Labels

_EDITORS = ("DOPESHEET_EDITOR", "SEQUENCE_EDITOR")
_SHORTEST = 0.05
"""Seconds; below it a press was a click."""


class AQGT_OT_marker_add_words(Labels, bpy.types.Operator):
    """Set a gesture marker where the chosen words are said, as long as they last"""

    bl_idname = "aqgt.marker_add_words"
    bl_label = "Add on Words"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed where no words are listed."""
        cls.poll_message_set(tip("No words are listed: align or transcribe the voice, and choose a word"))
        return stored(context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set the marker."""
        try:
            start, end = chosen_words(context)
        except AqgtError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return self.set_marker(context.scene, start, max(0.01, end - start))


class AQGT_OT_marker_drag(Labels, bpy.types.Operator):
    """Press and drag over timeline, dope sheet or sequencer to set a gesture as long as the range; Ctrl snaps
    to words, Esc gives up"""

    bl_idname = "aqgt.marker_drag"
    bl_label = "Drag a Range"
    bl_options = {"REGISTER", "UNDO"}

    start: bpy.props.FloatProperty(
        name="Start", description="Second of the timeline at which the stroke begins", default=0.0, min=0.0
    )
    end: bpy.props.FloatProperty(
        name="End", description="Second of the timeline at which the gesture ends", default=1.0, min=0.0
    )

    _area: Any = None
    _region: Any = None
    _first: float = 0.0

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Wait for the press."""
        if not any(area.type in _EDITORS for area in context.screen.areas):
            self.report({"ERROR"}, "No timeline is open here. Open a Timeline, Dope Sheet or Sequencer.")
            return {"CANCELLED"}
        context.window_manager.modal_handler_add(self)
        context.window.cursor_modal_set("CROSSHAIR")
        context.workspace.status_text_set(
            iface("Drag over the timeline · Ctrl: snap to words · Esc: give up")
        )
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Press, drag, release."""
        if event.type in ("ESC", "RIGHTMOUSE") and event.value == "PRESS":
            self.cancel(context)
            return {"CANCELLED"}
        if event.type == "LEFTMOUSE" and event.value == "PRESS":
            return self._press(context, event)
        if self._region is None:
            return {"PASS_THROUGH"}  # so that the view can be moved first
        now = self._time(context, event)
        if event.type == "MOUSEMOVE":
            drawn_range.show(self._area, *sorted((self._first, now)))
        elif event.type == "LEFTMOUSE" and event.value == "RELEASE":
            self.cancel(context)
            self.start, self.end = sorted((self._first, now))
            if self.end - self.start < _SHORTEST:
                self.report({"WARNING"}, "Nothing was dragged: press, move and release to set a gesture")
                return {"CANCELLED"}
            return self.execute(context)
        return {"RUNNING_MODAL"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Leave no trace of the dragging; Blender calls this, too, when it quits."""
        drawn_range.hide()
        self._region = None
        context.window.cursor_modal_restore()
        context.workspace.status_text_set(None)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set the marker."""
        if self.end <= self.start:
            self.report({"ERROR"}, "The range ends before it begins. Give an end after the start.")
            return {"CANCELLED"}
        return self.set_marker(context.scene, self.start, self.end - self.start)

    def _press(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        found = _region_at(context.screen, event.mouse_x, event.mouse_y)
        if found is None:
            return {"PASS_THROUGH"}
        self._area, self._region = found
        self._first = self._time(context, event)
        drawn_range.show(self._area, self._first, self._first)
        return {"RUNNING_MODAL"}

    def _time(self, context: bpy.types.Context, event: bpy.types.Event) -> float:
        """The second of the timeline under the mouse: of the nearest frame, or with Ctrl of a word's edge."""
        scene = sequencer_scene(context) if self._area.type == "SEQUENCE_EDITOR" else context.scene
        rate = frames_per_second(scene)
        frame = self._region.view2d.region_to_view(event.mouse_x - self._region.x, 0)[0]
        time = max(0.0, round(frame) / rate)
        return nearest_edge(context, frame / rate, time) if event.ctrl else time


def nearest_edge(context: bpy.types.Context, time: float, otherwise: float) -> float:
    """Where the nearest word begins or ends on the timeline, in seconds; ``otherwise`` without words."""
    group = stored(context)
    if group is None:
        return otherwise
    try:
        shift = origin(context)
    except AqgtError:
        return otherwise
    starts, ends, _ = read_times(group)
    edges = np.concatenate([starts, ends]) + shift
    return max(0.0, float(edges[np.abs(edges - time).argmin()]))


def _region_at(screen: bpy.types.Screen, x: int, y: int) -> tuple[Any, Any] | None:
    """The editor with a timeline, and its region, that lie under a point of the window."""
    for area in screen.areas:
        under = [region for region in area.regions if _holds(region, x, y)]
        # Sidebars and headers may lie over the timeline; a press there is theirs.
        if area.type in _EDITORS and under and all(region.type == "WINDOW" for region in under):
            return area, under[0]
    return None


def _holds(region: bpy.types.Region, x: int, y: int) -> bool:
    inside = region.x <= x < region.x + region.width and region.y <= y < region.y + region.height
    return inside and region.width > 1 and region.height > 1


def draw_menu(menu: Any, _context: bpy.types.Context) -> None:
    """In the Marker menus of the editors."""
    menu.layout.separator()
    menu.layout.operator("aqgt.marker_drag", text="Gesture over a Range")
    menu.layout.operator("aqgt.marker_add_words", text="Gesture on Words")


_MENUS = ("TIME_MT_marker", "DOPESHEET_MT_marker", "SEQUENCER_MT_marker")


def add_menus() -> None:
    """Show both where people look for markers."""
    for name in _MENUS:
        menu = getattr(bpy.types, name, None)
        if menu is not None:
            menu.append(draw_menu)


def remove_menus() -> None:
    """The add-on is being disabled."""
    for name in _MENUS:
        menu = getattr(bpy.types, name, None)
        if menu is not None:
            menu.remove(draw_menu)
