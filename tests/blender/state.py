# SPDX-License-Identifier: GPL-3.0-or-later
"""All that an operator could change by mistake, as plain values: each aspect of a .blend by its name."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from pathlib import Path
from typing import Any

import bpy
import numpy as np

_DERIVED = ("row", "title")
"""Properties that are read from what is captured elsewhere."""


def capture() -> dict[str, Any]:
    """Aspect to value; two captures are equal where nothing has changed."""
    layer = bpy.context.view_layer
    found: dict[str, Any] = {
        "mode shown": bpy.context.mode,
        "mode": {one.name_full: one.mode for one in bpy.data.objects},
        "selection": sorted(one.name for one in layer.objects if one.select_get()),
        "active object": getattr(layer.objects.active, "name", None),
        "visibility": {one.name_full: (one.hide_get(), one.hide_viewport) for one in layer.objects},
        "scene shown": bpy.context.scene.name,
        "actions": {one.name_full: _action(one) for one in bpy.data.actions},
        "tracks": {one.name_full: _tracks(one.animation_data) for one in bpy.data.objects},
        "rest pose": {one.name_full: _rest(one) for one in bpy.data.armatures},
        "pose by hand": _pose_by_hand(),
        "places": {one.name_full: _matrix(one.matrix_basis) for one in bpy.data.objects},
        "own properties": {one.name_full: _own(one) for one in (*bpy.data.objects, *bpy.data.armatures)},
        "takes panel": {one.name_full: _dump(one.aqgt_takes) for one in bpy.data.objects},
        "words": {one.name_full: _dump(one.aqgt_words) for one in bpy.data.sounds},
        "texts": {one.name_full: one.as_string() for one in bpy.data.texts},
        "temporary files": sorted(path.name for path in Path(tempfile.gettempdir()).glob("aqgt-*")),
        "threads": sorted(one.name for one in threading.enumerate() if one.name.startswith("aqgt")),
    }
    for name, value in _kinds():
        found[f"data-blocks: {name}"] = value
    for scene in bpy.data.scenes:
        for aspect, value in _scene(scene).items():
            found.setdefault(aspect, {})[scene.name] = value
    return found


def changes(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """What differs: `aspect: which` of what changed, `aspect +` and `aspect -` of what came and went."""
    found: set[str] = set()
    for aspect in {*before, *after}:
        old, new = before.get(aspect), after.get(aspect)
        if isinstance(old, dict) and isinstance(new, dict):
            found |= {f"{aspect} +" for _ in new.keys() - old.keys()}
            found |= {f"{aspect} -" for _ in old.keys() - new.keys()}
            found |= {f"{aspect}: {key}" for key in old.keys() & new.keys() if old[key] != new[key]}
        elif old != new:
            found.add(aspect)
    return found


def _kinds() -> list[tuple[str, dict[str, bool]]]:
    """Names of every kind of data-block, and whether a fake user keeps it; but not what is Blender's own.

    Newer Blenders have `all_ids`, too, where those of all kinds are once more.
    """
    kinds = [prop.identifier for prop in bpy.data.bl_rna.properties if prop.type == "COLLECTION"]
    own = {"brushes", "fonts", "palettes", "screens", "window_managers", "workspaces", "linestyles"}
    return [
        (kind, {one.name_full: one.use_fake_user for one in getattr(bpy.data, kind)})
        for kind in kinds
        if kind not in own and kind != "all_ids"
    ]


def _scene(scene: Any) -> dict[str, Any]:
    render = scene.render
    words = _dump(scene.aqgt_speech.file_words)
    return {
        "frame": (scene.frame_current, scene.frame_subframe),
        "frame rate": (render.fps, render.fps_base),
        "frame range": (scene.frame_start, scene.frame_end),
        "preview range": (scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end),
        "render": (render.engine, render.filepath, render.resolution_x, render.image_settings.file_format),
        "camera and world": (scene.camera, scene.world),
        "markers": [
            (one.name, one.frame, one.select, one.camera, _dump(one.aqgt)) for one in scene.timeline_markers
        ],
        "strips": _strips(scene),
        "words of the file": words,
        "speech panel": _dump(scene.aqgt_speech, "file_words"),
        "annotate panel": _dump(scene.aqgt_annotate),
        "generate panel": _dump(scene.aqgt_generate),
        "retarget panel": _dump(scene.aqgt_retarget),
        "batch panel": _dump(scene.aqgt_batch),
    }


def _strips(scene: Any) -> list[Any]:
    editor = scene.sequence_editor
    if editor is None:
        return []
    return [
        (
            one.name,
            one.type,
            one.mute,
            one.select,
            one.frame_start,
            one.frame_final_start,
            one.frame_final_end,
        )
        for one in editor.strips_all
    ]


def _dump(group: Any, *left_out: str) -> Any:
    """The properties of a group, those of groups within it included."""
    found = {}
    for prop in group.bl_rna.properties:
        name = prop.identifier
        if name in ("rna_type", *_DERIVED, *left_out):
            continue
        value = getattr(group, name)
        if prop.type == "COLLECTION":
            value = [_dump(one) for one in value]
        elif prop.type == "POINTER" and isinstance(value, bpy.types.PropertyGroup):
            value = _dump(value)
        elif prop.type == "POINTER":
            value = getattr(value, "name_full", None)
        elif getattr(prop, "is_array", False):
            value = tuple(value)
        found[name] = value
    return found


def _action(action: Any) -> tuple[Any, ...]:
    digest = hashlib.sha256()
    for layer in action.layers:
        for strip in layer.strips:
            for bag in strip.channelbags:
                for curve in bag.fcurves:
                    points = curve.keyframe_points
                    keys, kinds = np.empty(2 * len(points), np.float32), np.empty(len(points), np.int32)
                    points.foreach_get("co", keys)
                    points.foreach_get("interpolation", kinds)
                    digest.update(f"{curve.data_path} {curve.array_index} {curve.mute}".encode())
                    digest.update(keys.tobytes() + kinds.tobytes())
    slots = [one.identifier for one in action.slots]
    return digest.hexdigest(), slots, sorted(action.keys())


def _tracks(data: Any) -> Any:
    if data is None:
        return None
    tracks = [
        (
            track.name,
            track.mute,
            track.is_solo,
            track.select,
            [
                (one.name, one.action.name, one.frame_start, one.frame_end, one.mute, one.influence)
                + (one.blend_in, one.blend_out, one.blend_type, one.extrapolation, one.select)
                for one in track.strips
            ],
        )
        for track in data.nla_tracks
    ]
    slot = data.action_slot.identifier if data.action_slot is not None else ""
    blend = data.action_blend_type, data.action_extrapolation, data.action_influence
    return data.action and data.action.name, slot, blend, data.use_nla, data.use_tweak_mode, tracks


def _rest(armature: Any) -> Any:
    bones = [
        (one.name, one.parent and one.parent.name, _matrix(one.matrix_local), one.length, one.hide)
        for one in armature.bones
    ]
    return armature.pose_position, bones


def _pose_by_hand() -> dict[str, Any]:
    """The bones that nothing animates; the others are wherever the frame has them."""
    moved = {
        curve.data_path
        for action in bpy.data.actions
        for layer in action.layers
        for strip in layer.strips
        for bag in strip.channelbags
        for curve in bag.fcurves
    }
    return {
        f"{one.name_full} {bone.name}": (bone.rotation_mode, _matrix(bone.matrix_basis))
        for one in bpy.data.objects
        if one.pose is not None
        for bone in one.pose.bones
        if not any(path.startswith(f'pose.bones["{bone.name}"]') for path in moved)
    }


def _own(block: Any) -> list[tuple[str, str]]:
    return sorted((key, str(block[key])) for key in block.keys() if not key.startswith("aqgt_takes"))  # noqa: SIM118


def _matrix(matrix: Any) -> tuple[float, ...]:
    return tuple(round(value, 5) for row in matrix for value in row)
