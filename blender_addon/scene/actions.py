# SPDX-License-Identifier: GPL-3.0-or-later
"""Layered Actions: a slot for one object, and whole curves written at once."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

LINEAR = 1
"""Blender's number for linear interpolation; keys on every frame need no other."""


def new_action(name: str, object_name: str) -> tuple[bpy.types.Action, Any, Any]:
    """A new Action with one layer, one keyframe strip and one slot for an object.

    Returns:
        The Action, its slot, and the channel bag that takes the slot's curves.
    """
    action = bpy.data.actions.new(name)
    slot = action.slots.new(id_type="OBJECT", name=object_name)
    strip = action.layers.new("Gestures").strips.new(type="KEYFRAME")
    return action, slot, strip.channelbag(slot, ensure=True)


def write_curves(
    channelbag: Any, data_path: str, values: NDArray[np.floating], frames: NDArray[np.floating], group: str
) -> None:
    """One curve per component of a property, with a linear key on each frame.

    Args:
        channelbag: where the curves go.
        data_path: the animated property, e.g. ``pose.bones["Head"].rotation_quaternion``.
        values: `[T, C]`.
        frames: `[T]` in scene frames.
        group: name of the channel group, the bone's.
    """
    points = np.empty((len(frames), 2), dtype=np.float32)
    points[:, 0] = frames
    interpolation = np.full(len(frames), LINEAR, dtype=np.int32)
    for component in range(values.shape[1]):
        curve = _new_curve(channelbag, data_path, component, group)
        points[:, 1] = values[:, component]
        curve.keyframe_points.add(len(frames))
        curve.keyframe_points.foreach_set("co", points.ravel())
        curve.keyframe_points.foreach_set("interpolation", interpolation)
        curve.update()


def _new_curve(channelbag: Any, data_path: str, index: int, group: str) -> Any:
    if bpy.app.version >= (5, 0, 0):
        return channelbag.fcurves.new(data_path, index=index, group_name=group)
    curve = channelbag.fcurves.new(data_path, index=index)
    groups = channelbag.groups
    curve.group = groups.get(group) or groups.new(group)
    return curve


def curves(action: bpy.types.Action) -> list[Any]:
    """Every curve of an Action, whatever its slots and layers."""
    return [
        curve
        for layer in action.layers
        for strip in layer.strips
        for channelbag in strip.channelbags
        for curve in channelbag.fcurves
    ]
