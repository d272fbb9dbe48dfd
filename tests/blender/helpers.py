# SPDX-License-Identifier: GPL-3.0-or-later
"""What a .blend holds as plain values, running an operator, waiting."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import bpy
import pytest


def refused(operator: Any, **arguments: Any) -> str:
    """Call an operator that must refuse; what it says."""
    with pytest.raises(RuntimeError) as caught:
        operator(**arguments)
    return str(caught.value)


def empty_file(extension: str) -> Any:
    """An empty file with the extension enabled; preferences stay, whose reset takes most of a test's time."""
    if extension not in bpy.context.preferences.addons:
        bpy.ops.preferences.addon_enable(module=extension)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    return bpy.context


def wait_until(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    """Wait for something to come true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


def set_speed(strip: Any, percent: float) -> None:
    """Retime a strip."""
    window = bpy.context.window_manager.windows[0]
    area = window.screen.areas[0]
    area.type = "SEQUENCE_EDITOR"
    if hasattr(bpy.context.workspace, "sequencer_scene"):
        bpy.context.workspace.sequencer_scene = bpy.context.scene
    bpy.context.scene.sequence_editor.active_strip = strip
    strip.select = True
    with bpy.context.temp_override(window=window, area=area, region=area.regions[-1]):
        bpy.ops.sequencer.retiming_segment_speed_set(speed=percent)


def snapshot() -> dict[str, Any]:
    """What an operation could touch by mistake: data-blocks, actions, poses, tracks, scene, selection."""
    return {
        "data": {
            kind: sorted(block.name_full for block in getattr(bpy.data, kind))
            for kind in (
                "actions",
                "armatures",
                "meshes",
                "objects",
                "scenes",
                "sounds",
                "texts",
                "materials",
            )
        },
        "actions": {action.name: _action(action) for action in bpy.data.actions},
        "objects": {one.name: _object(one) for one in bpy.data.objects},
        "scenes": {scene.name: _scene(scene) for scene in bpy.data.scenes},
        "active": getattr(bpy.context.view_layer.objects.active, "name", None),
        "mode": bpy.context.mode,
    }


def _action(action: Any) -> Any:
    curves = [
        (curve.data_path, curve.array_index, [tuple(key.co) for key in curve.keyframe_points])
        for layer in action.layers
        for strip in layer.strips
        for bag in strip.channelbags
        for curve in bag.fcurves
    ]
    return curves, [slot.identifier for slot in action.slots], sorted(action.keys()), action.users


def _object(one: Any) -> Any:
    bones = []
    if one.type == "ARMATURE":
        bones = [
            (bone.name, bone.rotation_mode, _tuple(bone.matrix_basis), _tuple(bone.bone.matrix_local))
            for bone in one.pose.bones
        ]
    return _tuple(one.matrix_basis), one.select_get(), bones, _animation(one.animation_data)


def _animation(data: Any) -> Any:
    if data is None:
        return None
    tracks = [
        (track.name, track.mute, [(strip.name, strip.frame_start, strip.frame_end) for strip in track.strips])
        for track in data.nla_tracks
    ]
    return data.action and data.action.name, tracks


def _scene(scene: Any) -> Any:
    strips = []
    if scene.sequence_editor is not None:
        strips = [
            (strip.name, strip.mute, strip.frame_start, strip.frame_final_start, strip.frame_final_end)
            for strip in scene.sequence_editor.strips_all
        ]
    markers = [(marker.name, marker.frame, marker.select) for marker in scene.timeline_markers]
    render = scene.render.fps, scene.render.fps_base
    return strips, markers, render, scene.frame_start, scene.frame_end, scene.frame_current


def _tuple(matrix: Any) -> tuple[float, ...]:
    return tuple(value for row in matrix for value in row)
