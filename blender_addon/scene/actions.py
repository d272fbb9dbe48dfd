# SPDX-License-Identifier: GPL-3.0-or-later
"""Layered Actions: slots for one object, and whole curves written at once."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from aqgt.errors import AqgtError

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


def find(name: str) -> bpy.types.Action:
    """An Action by name.

    Raises:
        AqgtError: there is none.
    """
    action: bpy.types.Action | None = bpy.data.actions.get(name)
    if action is None:
        raise AqgtError(f"The action “{name}” is no longer there.", "Generate again.", "no-action")
    return action


def channelbag_of(action: bpy.types.Action, number: int) -> Any:
    """The channel bag of an Action's slot, by the slot's number."""
    return action.layers[0].strips[0].channelbag(action.slots[number], ensure=True)


def write_curves(
    channelbag: Any,
    data_path: str,
    values: NDArray[np.floating],
    frames: NDArray[np.floating],
    group: str,
    interpolation: int = LINEAR,
    index: int = 0,
) -> None:
    """One curve per component of a property, with a key on each frame.

    Args:
        channelbag: where the curves go.
        data_path: the animated property, e.g. ``pose.bones["Head"].rotation_quaternion``.
        values: `[T, C]`.
        frames: `[T]` in scene frames.
        group: name of the channel group, the bone's.
        interpolation: between the keys.
        index: which component of the property the first of the values is.
    """
    points = np.empty((len(frames), 2), dtype=np.float32)
    points[:, 0] = frames
    kinds = np.full(len(frames), interpolation, dtype=np.int32)
    for component in range(values.shape[1]):
        curve = _new_curve(channelbag, data_path, index + component, group)
        points[:, 1] = values[:, component]
        curve.keyframe_points.add(len(frames))
        curve.keyframe_points.foreach_set("co", points.ravel())
        curve.keyframe_points.foreach_set("interpolation", kinds)
        curve.update()


def rewrite_curve(
    channelbag: Any,
    data_path: str,
    index: int,
    values: NDArray[np.floating],
    frames: NDArray[np.floating],
    group: str,
) -> None:
    """The keys of one component's curve, which is made where there is none; arguments as `write_curves`.

    There are never fewer keys than before.
    """
    curve = channelbag.fcurves.find(data_path, index=index) or _new_curve(channelbag, data_path, index, group)
    points = np.empty((len(frames), 2), dtype=np.float32)
    points[:, 0], points[:, 1] = frames, values
    curve.keyframe_points.add(len(frames) - len(curve.keyframe_points))
    curve.keyframe_points.foreach_set("co", points.ravel())
    curve.keyframe_points.foreach_set("interpolation", np.full(len(frames), LINEAR, dtype=np.int32))
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
