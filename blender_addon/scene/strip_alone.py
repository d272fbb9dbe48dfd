# SPDX-License-Identifier: GPL-3.0-or-later
"""A retimed strip by itself, for Blender's mixer; that, or a sound, in a .blend, for another Blender."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

_OUTSIDE = ("world", "camera", "background_set", "active_clip")
"""What a scene points to and sound does not need."""


@contextlib.contextmanager
def alone(scene: bpy.types.Scene, strip: Any, first: float, last: float) -> Iterator[bpy.types.Scene]:
    """A copy of the scene in which a strip is heard alone and begins at frame 1; removed afterwards.

    Where a retimed strip begins later, Blender's mixer finds no speed for the frames before it, and now and
    then divides by zero, which ends the process (seen on 4.5.15 and 5.0.1).

    Args:
        scene: whose sequencer.
        strip: one of its sound strips; it may lie inside meta strips.
        first: the first frame that is heard of it.
        last: the frame after the last one.
    """
    copy = scene.copy()
    try:
        strips = _strips(copy)
        top = next(one for one in strips if one.name == strip.name)
        for other in strips:
            if other.type == "SOUND":
                other.mute = other.name != strip.name
        while (parent := top.parent_meta()) is not None:
            top = parent
        top.frame_start += 1 - first
        copy.frame_start, copy.frame_end = 1, 1 + int(last - first)
        yield copy
    finally:
        bpy.data.scenes.remove(copy)


def write_strip(scene: bpy.types.Scene, strip: Any, first: float, last: float, path: Path) -> None:
    """Write the scene of `alone` to a .blend, without what lies in the scene and is not heard.

    Raises:
        RuntimeError: the file cannot be written.
    """
    with alone(scene, strip, first, last) as copy:
        editor: Any = copy.sequence_editor
        own = getattr(editor, "strips", None) or editor.sequences
        top = next(one for one in _strips(copy) if one.name == strip.name)
        while (parent := top.parent_meta()) is not None:
            top = parent
        # One after the other: with a strip go the effects that lie on it.
        while (other := next((one for one in own if one != top), None)) is not None:
            own.remove(other)
        for thing in list(copy.collection.objects):
            copy.collection.objects.unlink(thing)
        for collection in list(copy.collection.children):
            copy.collection.children.unlink(collection)
        for name in _OUTSIDE:
            setattr(copy, name, None)
        for added in copy.bl_rna.properties:  # settings of add-ons may point to characters
            if added.type == "POINTER" and added.is_runtime:
                copy.property_unset(added.identifier)
        write_block(copy, path)


def write_block(block: bpy.types.ID, path: Path) -> None:
    """Write a data-block, with all that it points to, to a .blend.

    Raises:
        RuntimeError: the file cannot be written.
    """
    bpy.data.libraries.write(str(path), {block}, path_remap="ABSOLUTE", fake_user=True)


def _strips(scene: bpy.types.Scene) -> list[Any]:
    editor: Any = scene.sequence_editor
    return list(editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all)
