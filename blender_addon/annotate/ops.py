# SPDX-License-Identifier: GPL-3.0-or-later
"""New annotations by a click."""

from __future__ import annotations

from typing import Any

import bpy

from aqgt.annotations import SPEECH_KEYS
from aqgt.errors import AqgtError
from aqgt.markers import ParsedMarker

from ..scene.markers import marker_time, playhead, preview_range
from ..translations import tip
from ..ui import redraw
from . import store
from .addressing import new_address
from .vocabulary import NOT_NAMED, OF_HANDS, choice, length_choice, rest_choice, side_choice


class Labels:
    """What a new annotation says."""

    form: choice("form")
    phrase: choice("phrase")
    side: side_choice()
    extent: choice("extent")
    shape: choice("shape")
    position: choice("position")
    practice: choice("practice")
    wrist: choice("wrist")
    phase: choice("phase")
    entity: choice("entity")
    position_speech: choice("position_speech")
    rest: rest_choice()

    def set_marker(self, scene: bpy.types.Scene, time: float, length: float) -> set[str]:
        """The new marker, or an error in the status bar."""
        labels = {family: getattr(self, family) for family in OF_HANDS}
        labels |= {key: getattr(self, channel) for key, channel in SPEECH_KEYS.items()}
        named = {key: label for key, label in labels.items() if label != NOT_NAMED and not self.rest}
        this: Any = self
        try:
            store.sync(scene)
            content = ParsedMarker(new_address(scene), this.side, named, this.rest, length or None)
            store.activate(scene, store.add(scene, store.Annotation(time, "", content)))
        except AqgtError as error:
            this.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        redraw()
        return {"FINISHED"}


class AQGT_OT_marker_add(Labels, bpy.types.Operator):
    """Set a gesture marker; an ordinary timeline marker, free to be moved and renamed"""

    bl_idname = "aqgt.marker_add"
    bl_label = "Add Gesture Marker"
    bl_options = {"REGISTER", "UNDO"}

    start: bpy.props.FloatProperty(
        name="Start",
        description="Second of the timeline at which the stroke begins; below 0: at the playhead",
        default=-1.0,
        min=-1.0,
    )
    length: length_choice()

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set the marker."""
        time = self.start if self.start >= 0 else playhead(context.scene)
        return self.set_marker(context.scene, time, self.length)


class AQGT_OT_marker_add_range(Labels, bpy.types.Operator):
    """Set a gesture marker that lasts as long as the timeline's preview range"""

    bl_idname = "aqgt.marker_add_range"
    bl_label = "Add on Preview Range"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed where there is no preview range."""
        cls.poll_message_set(tip("There is no preview range: draw one in the timeline with P"))
        return context.scene.use_preview_range

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set the marker."""
        start, end = preview_range(context.scene)
        return self.set_marker(context.scene, start, max(0.01, end - start))


class _OfActive:
    """An operator on the annotation that is chosen in the list."""

    bl_options = {"REGISTER", "UNDO"}
    needs_unlocked = True
    needs_readable = True

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed where none is chosen, or where it is locked or can't be read."""
        this: Any = cls
        marker = store.active(context.scene)
        if marker is None:
            this.poll_message_set(tip("No annotation is chosen: click one in the list, or add one"))
            return False
        annotation = store.read(context.scene, marker)
        if cls.needs_unlocked and annotation.locked:
            this.poll_message_set(tip("The annotation is locked: unlock it first"))
            return False
        if cls.needs_readable and annotation.problem is not None:
            this.poll_message_set(tip("The annotation cannot be read: mend its name first"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Act, or say why not."""
        this: Any = self
        scene = context.scene
        store.sync(scene)
        marker = store.active(scene)
        try:
            this._change(scene, marker, store.read(scene, marker))
        except AqgtError as error:
            this.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        redraw()
        return {"FINISHED"}


class AQGT_OT_annotation_retime(_OfActive, bpy.types.Operator):
    """Move the chosen annotation to the playhead, or to a second of the timeline"""

    bl_idname = "aqgt.annotation_retime"
    bl_label = "Move to Playhead"

    start: bpy.props.FloatProperty(
        name="Start", description="Second of the timeline; below 0: the playhead", default=-1.0, min=-1.0
    )
    length: bpy.props.FloatProperty(
        name="Length", description="Seconds; 0: open; below 0: as it was", default=-1.0, min=-1.0, max=600.0
    )

    def _change(self, scene: Any, marker: Any, annotation: store.Annotation) -> None:
        length = annotation.content.duration if self.length < 0 else self.length or None
        time = self.start if self.start >= 0 else playhead(scene)
        store.write(scene, marker, store.changed(annotation, time=time, duration=length))


class AQGT_OT_annotation_duplicate(_OfActive, bpy.types.Operator):
    """Set a copy of the chosen annotation at the playhead, or right behind it where the playhead is on it"""

    bl_idname = "aqgt.annotation_duplicate"
    bl_label = "Duplicate"
    needs_unlocked = False

    def _change(self, scene: Any, marker: Any, annotation: store.Annotation) -> None:
        time = playhead(scene)
        if time == marker_time(scene, marker):
            time = annotation.time + (annotation.content.duration or 1.0)
        copy = store.changed(annotation, time=time, locked=False)
        store.activate(scene, store.add(scene, copy))


class AQGT_OT_annotation_mirror(_OfActive, bpy.types.Operator):
    """Exchange left and right in the chosen annotation: hands, and positions to the left and right"""

    bl_idname = "aqgt.annotation_mirror"
    bl_label = "Mirror"

    def _change(self, scene: Any, marker: Any, annotation: store.Annotation) -> None:
        mirrored = annotation.content.at(0.0).mirrored()
        store.write(
            scene, marker, store.changed(annotation, side=mirrored.side, labels=dict(mirrored.labels))
        )


class AQGT_OT_annotation_delete(_OfActive, bpy.types.Operator):
    """Delete the chosen annotation and its marker"""

    bl_idname = "aqgt.annotation_delete"
    bl_label = "Delete"
    needs_readable = False

    def _change(self, scene: Any, marker: Any, annotation: store.Annotation) -> None:
        ordered = [one.as_pointer() for one in store.gesture_markers(scene)]
        place = ordered.index(marker.as_pointer())
        scene.timeline_markers.remove(marker)
        left = store.gesture_markers(scene)
        store.activate(scene, left[min(place, len(left) - 1)] if left else None)


class AQGT_OT_annotation_lock(_OfActive, bpy.types.Operator):
    """Lock or unlock the chosen annotation; what is locked is neither changed nor deleted"""

    bl_idname = "aqgt.annotation_lock"
    bl_label = "Lock"
    needs_unlocked = False

    def _change(self, scene: Any, marker: Any, annotation: store.Annotation) -> None:
        marker.aqgt.locked = not annotation.locked


class AQGT_OT_annotation_reason(bpy.types.Operator):
    """Why an annotation is not used; click to move the playhead to it"""

    bl_idname = "aqgt.annotation_reason"
    bl_label = "Why It Is Not Used"
    bl_options = {"INTERNAL"}

    index: bpy.props.IntProperty(options={"HIDDEN"})
    reason: bpy.props.StringProperty(options={"HIDDEN"})

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """The tooltip is the reason."""
        return str(properties.reason).rstrip(".")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Choose it in the list, as a click on its name does."""
        context.scene.aqgt_annotate.active = self.index
        return {"FINISHED"}
