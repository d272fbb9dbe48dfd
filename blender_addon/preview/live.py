# SPDX-License-Identifier: GPL-3.0-or-later
"""The one preview there is: moved on at each tick, and out of the way whenever the file must be clean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import bpy

from aqgt.errors import AqgtError

from ..translations import rpt
from . import temporary

if TYPE_CHECKING:
    from aqgt.retarget import Mapping, RetargetOptions, RigDescription

    from .buffer import Buffer
    from .character import CharacterPreview
    from .figure import FigurePreview
    from .shown import Shown

OFF, FIGURE, CHARACTER = "OFF", "FIGURE", "CHARACTER"
CLEANING = ("save_pre", "undo_pre", "undo_post", "redo_pre", "redo_post", "load_post")
"""Names of the handlers that have to find a file without anything temporary."""
_TICK_SECONDS = 0.015
"""Solving a chunk comes on top."""


@dataclass
class Source:
    """What can be shown of a job.

    Attributes:
        shown: whose motion, and when.
        buffer: the motion as far as it has come.
        rig: the character at rest.
        mapping: its bones.
        options: how the motion is laid on.
    """

    shown: Shown
    buffer: Buffer
    rig: RigDescription
    mapping: Mapping
    options: RetargetOptions


@dataclass
class _Current:
    source: Source
    kind: str
    preview: CharacterPreview | FigurePreview | None


_current: _Current | None = None


def follow(source: Source, kind: str) -> str:
    """Show what has come of a job so far; to be called at each tick.

    Args:
        source: of the job.
        kind: `OFF`, `FIGURE` or `CHARACTER`; may change from tick to tick.

    Returns:
        Why it can't be shown, once; else empty.
    """
    global _current
    if _current is None or _current.source is not source or _current.kind != kind:
        stop()
        _current = _Current(source, kind, _begin(source, kind))
    if _current.preview is None:
        return ""
    try:
        _current.preview.tick(_TICK_SECONDS)
    except (AqgtError, RuntimeError, AttributeError, KeyError) as error:
        # A preview is never worth a job: it ends, and the job goes on.
        _current.preview.remove()
        _current.preview = None
        return rpt("The preview has ended ({reason})", reason=error)
    return ""


def stop() -> None:
    """Show nothing any more; the file is as it was before."""
    global _current
    if _current is not None and _current.preview is not None:
        _current.preview.remove()
    _current = None


def suspend() -> None:
    """Take everything temporary out of the file for a moment; the next tick brings the preview back."""
    if _current is not None and _current.preview is not None:
        _current.preview.suspend()
    temporary.sweep()


def _begin(source: Source, kind: str) -> CharacterPreview | FigurePreview | None:
    if kind == CHARACTER:
        from .character import CharacterPreview

        return CharacterPreview(source.shown, source.buffer, source.rig, source.mapping, source.options)
    if kind == FIGURE:
        from .figure import FigurePreview, Placement

        return FigurePreview(source.shown, source.buffer, Placement(source.rig, source.mapping))
    return None


@bpy.app.handlers.persistent
def on_clean(*_arguments: Any) -> None:
    """The file is about to be saved or undone, or was just undone or loaded: nothing temporary may stay."""
    suspend()


@bpy.app.handlers.persistent
def on_load_pre(*_arguments: Any) -> None:
    """Another file is about to be loaded."""
    stop()
