# SPDX-License-Identifier: GPL-3.0-or-later
"""Save, use, delete, import and export presets of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from aqgt.errors import AqgtError

from ..scene.markers import playhead, preview_range
from ..speech.words import chosen_words
from ..translations import rpt, tip
from ..ui import redraw
from . import presets, store
from .addressing import new_address

_KINDS = (
    (presets.ANNOTATION, "Annotation", "What one annotation says: hand, gesture, length"),
    (presets.REQUEST, "Whole Clip", "A change of all annotations of a clip, chosen under Generate"),
)
_PLACES = (
    ("PLAYHEAD", "At Playhead", "As a new annotation at the playhead"),
    ("WORDS", "On Words", "As a new annotation where the chosen words are said"),
    ("RANGE", "On Range", "As a new annotation as long as the preview range"),
    ("CHOSEN", "To Chosen", "The chosen annotation says it from now on; its time stays"),
)


def kind_choice() -> Any:
    """An enum property for the kinds of presets."""
    return bpy.props.EnumProperty(name="Kind", items=_KINDS, default=presets.ANNOTATION)


def preset_names(group: Any, _context: bpy.types.Context, typed: str) -> list[str]:
    """The titles of the user's presets of the kind that is shown."""
    return [one.title for one in presets.own_presets(group.preset_kind) if typed.lower() in one.title.lower()]


def chosen_preset(scene: bpy.types.Scene) -> presets.Preset | None:
    """The preset whose title stands in the panel."""
    settings: Any = scene.aqgt_annotate
    found = presets.own_presets(settings.preset_kind)
    return next((one for one in found if one.title == settings.preset), None)


class _OfPreset:
    """An operator on the preset that is chosen in the panel."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed where none is chosen."""
        this: Any = cls
        this.poll_message_set(tip("No preset of your own is chosen: choose one in the field, or save one"))
        return chosen_preset(context.scene) is not None


class AQGT_OT_preset_save(bpy.types.Operator):
    """Keep what the chosen annotation says as a preset of your own"""

    bl_idname = "aqgt.preset_save"
    bl_label = "Save Preset"

    title: bpy.props.StringProperty(name="Name", default="My gesture", options={"SKIP_SAVE"})
    about: bpy.props.StringProperty(
        name="Description", description="What it does, shown as its tooltip", options={"SKIP_SAVE"}
    )
    kind: kind_choice()

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed where no annotation that can be read is chosen."""
        marker = store.active(context.scene)
        if marker is None:
            cls.poll_message_set(tip("No annotation is chosen: click one in the list, or add one"))
            return False
        cls.poll_message_set(tip("The annotation cannot be read: mend its name first"))
        return store.read(context.scene, marker).problem is None

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for a name."""
        self.kind = context.scene.aqgt_annotate.preset_kind
        answer: set[str] = context.window_manager.invoke_props_dialog(self)
        return answer

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the file."""
        scene = context.scene
        store.sync(scene)
        content = store.read(scene, store.active(scene)).content
        is_annotation = self.kind == presets.ANNOTATION
        values = presets.annotation_values(content) if is_annotation else presets.request_values(content)
        try:
            if not is_annotation and not values["rules"]:
                raise AqgtError("The annotation names no channel.", "Choose a gesture type first.")
            preset = presets.save(self.kind, self.title, self.about, values)
        except AqgtError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        scene.aqgt_annotate.preset_kind, scene.aqgt_annotate.preset = preset.kind, preset.title
        self.report({"INFO"}, rpt("Preset “{name}” saved", name=preset.title))
        redraw()
        return {"FINISHED"}


class AQGT_OT_preset_apply(_OfPreset, bpy.types.Operator):
    """Annotate with the chosen preset"""

    bl_idname = "aqgt.preset_apply"
    bl_label = "Apply Preset"
    bl_options = {"REGISTER", "UNDO"}

    place: bpy.props.EnumProperty(name="Where", items=_PLACES)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed where none is chosen, or where it belongs to a whole clip."""
        if not super().poll(context):
            return False
        cls.poll_message_set(tip("This preset changes a whole clip: choose it under Generate"))
        return context.scene.aqgt_annotate.preset_kind == presets.ANNOTATION

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set the marker, or change the chosen one."""
        scene = context.scene
        preset = chosen_preset(scene)
        store.sync(scene)
        try:
            self._apply(context, preset.content())
        except AqgtError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        redraw()
        return {"FINISHED"}

    def _apply(self, context: bpy.types.Context, content: Any) -> None:
        scene, duration = context.scene, content.duration
        said = {"side": content.side, "labels": dict(content.labels), "rest": content.rest}
        if self.place == "CHOSEN":
            marker = store.active(scene)
            if marker is None or store.read(scene, marker).locked:
                raise AqgtError("No unlocked annotation is chosen.", "Click one in the list, or unlock it.")
            before = store.read(scene, marker)
            length = duration or before.content.duration
            store.write(scene, marker, store.changed(before, duration=length, **said))
            return
        time = playhead(scene)
        if self.place == "WORDS":
            time, end = chosen_words(context)
            duration = end - time
        elif self.place == "RANGE":
            if not scene.use_preview_range:
                raise AqgtError("There is no preview range.", "Draw one in the timeline with P.")
            time, end = preview_range(scene)
            duration = end - time
        new = store.Annotation(time, "", type(content)(new_address(scene), **said, duration=duration))
        store.activate(scene, store.add(scene, new))


class AQGT_OT_preset_delete(_OfPreset, bpy.types.Operator):
    """Delete the file of the chosen preset"""

    bl_idname = "aqgt.preset_delete"
    bl_label = "Delete Preset"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask first: there is no undo."""
        answer: set[str] = context.window_manager.invoke_confirm(self, event)
        return answer

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Delete it."""
        preset = chosen_preset(context.scene)
        presets.delete(preset)
        context.scene.aqgt_annotate.preset = ""
        self.report({"INFO"}, rpt("Preset “{name}” deleted", name=preset.title))
        redraw()
        return {"FINISHED"}


class _File:
    """Presets come from and go to JSON files."""

    filepath: bpy.props.StringProperty(name="File", subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: bpy.props.StringProperty(default="*.json", options={"HIDDEN"})


class AQGT_OT_preset_export(_OfPreset, _File, bpy.types.Operator):
    """Write the chosen preset to a .json file for others"""

    bl_idname = "aqgt.preset_export"
    bl_label = "Export Preset"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask where to."""
        if not self.filepath:
            self.filepath = f"{chosen_preset(context.scene).name}.json"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the file."""
        path = Path(bpy.path.abspath(self.filepath))
        try:
            presets.write_file(path, chosen_preset(context.scene))
        except AqgtError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, rpt("Preset written: {path}", path=path))
        return {"FINISHED"}


class AQGT_OT_preset_import(_File, bpy.types.Operator):
    """Take a preset from a .json file among your own"""

    bl_idname = "aqgt.preset_import"
    bl_label = "Import Preset"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for the file."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Read, check and keep it; one of the same name is replaced."""
        settings = context.scene.aqgt_annotate
        try:
            found = presets.read_file(Path(bpy.path.abspath(self.filepath)))
            kept = presets.save(found.kind, found.title, found.description, found.values)
        except AqgtError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        settings.preset_kind, settings.preset = kept.kind, kept.title
        self.report({"INFO"}, rpt("Preset “{name}” imported", name=kept.title))
        redraw()
        return {"FINISHED"}
