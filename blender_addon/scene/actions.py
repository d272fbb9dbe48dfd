# SPDX-License-Identifier: GPL-3.0-or-later
"""Layered Actions: slots for one object, and whole curves written at once."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

CONSTANT, LINEAR = 0, 1
"""Blender's numbers for kinds of interpolation; keys on every frame need no other than linear."""


def new_action(name: str) -> bpy.types.Action:
    """A new Action with one layer and one keyframe strip, as yet without a slot."""
    action = bpy.data.actions.new(name)
    action.layers.new("Gestures").strips.new(type="KEYFRAME")
    return action


def add_slot(action: bpy.types.Action, name: str) -> tuple[Any, Any]:
    """One more slot of an Action for an object's curves.

    Returns:
        The slot, and the channel bag that takes its curves.
    """
    slot = action.slots.new(id_type="OBJECT", name=name)
    return slot, action.layers[0].strips[0].channelbag(slot, ensure=True)


def write_curves(
    channelbag: Any,
    data_path: str,
    values: NDArray[np.floating],
    frames: NDArray[np.floating],
    group: str,
    interpolation: int = LINEAR,
) -> None:
    """One curve per component of a property, with a key on each frame.

    Args:
        channelbag: where the curves go.
        data_path: the animated property, e.g. ``pose.bones["Head"].rotation_quaternion``.
        values: `[T, C]`.
        frames: `[T]` in scene frames.
        group: name of the channel group, the bone's.
        interpolation: between the keys.
    """
    points = np.empty((len(frames), 2), dtype=np.float32)
    points[:, 0] = frames
    kinds = np.full(len(frames), interpolation, dtype=np.int32)
    for component in range(values.shape[1]):
        curve = _new_curve(channelbag, data_path, component, group)
        points[:, 1] = values[:, component]
        curve.keyframe_points.add(len(frames))
        curve.keyframe_points.foreach_set("co", points.ravel())
        curve.keyframe_points.foreach_set("interpolation", kinds)
        curve.update()


def _new_curve(channelbag: Any, data_path: str, index: int, group: str) -> Any:
    if bpy.app.version >= (5, 0, 0):
        return channelbag.fcurves.new(data_path, index=index, group_name=group)
    curve = channelbag.fcurves.new(data_path, index=index)
    groups = channelbag.groups
    curve.group = groups.get(group) or groups.new(group)
    return curve


def curves(action: bpy.types.Action, slot: Any = None) -> list[Any]:
    """Every curve of an Action, whatever its layers; of one slot alone where that is given."""
    return [
        curve
        for layer in action.layers
        for strip in layer.strips
        for channelbag in strip.channelbags
        if slot is None or channelbag.slot_handle == slot.handle
        for curve in channelbag.fcurves
    ]
