# SPDX-License-Identifier: GPL-3.0-or-later
"""The range that is being dragged, drawn over its editor."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

from ..scene.context import frames_per_second, sequencer_scene

_COLOUR = (0.72, 0.42, 0.10, 0.35)

_handle: tuple[Any, Any] | None = None
_shown: tuple[str, float, float] = ("", 0.0, 0.0)


def show(area: bpy.types.Area, start: float, end: float) -> None:
    """Draw a range in the editors of this one's kind; seconds of the timeline."""
    global _handle, _shown
    _shown = area.type, start, end
    if _handle is None:
        editor = type(area.spaces.active)
        _handle = editor, editor.draw_handler_add(_draw, (), "WINDOW", "POST_PIXEL")
    area.tag_redraw()


def hide() -> None:
    """Stop drawing."""
    global _handle
    if _handle is None:
        return
    editor, handle = _handle
    editor.draw_handler_remove(handle, "WINDOW")
    _handle = None
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == _shown[0]:
                area.tag_redraw()


def _draw() -> None:
    import gpu  # only a window has it
    from gpu_extras.batch import batch_for_shader

    context = bpy.context
    kind, start, end = _shown
    scene = sequencer_scene(context) if kind == "SEQUENCE_EDITOR" else context.scene
    rate, region = frames_per_second(scene), context.region
    view: Any = region.view2d
    left, right = (view.view_to_region(time * rate, 0, clip=False)[0] for time in (start, end))
    right = max(right, left + 1)
    corners: Any = [(left, 0), (right, 0), (right, region.height), (left, region.height)]
    points: Any = np.array([corners[at] for at in (0, 1, 2, 0, 2, 3)], np.float32)
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    batch = batch_for_shader(shader, "TRIS", {"pos": points})
    gpu.state.blend_set("ALPHA")
    shader.uniform_float("color", _COLOUR)
    batch.draw(shader)
    gpu.state.blend_set("NONE")
