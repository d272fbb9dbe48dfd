# SPDX-License-Identifier: GPL-3.0-or-later
"""Strips of NLA tracks: which play an Action, which of its frames is shown when, taking them away, names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import ArrayLike, NDArray

from aqgt.errors import AqgtError


@dataclass(frozen=True)
class Laid:
    """A strip that plays an Action, its track, and whether it lies inside a meta strip."""

    track: bpy.types.NlaTrack
    strip: Any
    nested: bool = False


def laid_strips(armature: bpy.types.Object, action: bpy.types.Action | None = None) -> list[Laid]:
    """The strips of an armature that play an Action (None: any), from the lowest track to the uppermost."""
    data = armature.animation_data
    if data is None:
        return []
    return [
        Laid(track, strip, nested)
        for track in data.nla_tracks
        for strip, nested in _clips(track.strips, nested=False)
        if action is None or strip.action == action
    ]


def _clips(strips: Any, *, nested: bool) -> Iterator[tuple[Any, bool]]:
    for strip in strips:
        if strip.type == "META":
            yield from _clips(strip.strips, nested=True)
        elif strip.action is not None:
            yield strip, nested


def tracks_with(armature: bpy.types.Object, action: bpy.types.Action) -> list[bpy.types.NlaTrack]:
    """The tracks that play an Action, from the lowest to the uppermost."""
    return list(dict.fromkeys(one.track for one in laid_strips(armature, action)))


def check_strips(armature: bpy.types.Object, action: bpy.types.Action) -> None:
    """Refuse an Action or tracks that belong to another file, or that cannot be reached.

    Raises:
        AqgtError: the Action or its tracks are linked, or its strips lie inside a meta strip.
    """
    if not action.is_editable:
        raise AqgtError(
            f"“{action.name}” is linked from another file.",
            "Change it there, or make it local (Object ▸ Relations ▸ Make Local).",
            "not-editable",
        )
    laid = laid_strips(armature, action)
    if not armature.is_editable or (
        armature.override_library is not None and any(one.track.is_override_data for one in laid)
    ):
        raise AqgtError(
            f"The tracks of “{action.name}” are linked from another file.",
            "Change them there.",
            "not-editable",
        )
    if any(one.nested for one in laid):
        raise AqgtError(
            f"“{action.name}” lies inside a meta strip.",
            "Ungroup it in the NLA editor (Alt G) first.",
            "meta-strip",
        )


def remove_strips(armature: bpy.types.Object, action: bpy.types.Action) -> None:
    """Take the strips of an Action away, and each track that then holds nothing."""
    tracks = armature.animation_data.nla_tracks
    for track in tracks_with(armature, action):
        for strip in [strip for strip in track.strips if strip.action == action]:
            track.strips.remove(strip)
        if not len(track.strips):
            tracks.remove(track)


def name_strips(armature: bpy.types.Object, action: bpy.types.Action, name: str, between: str) -> None:
    """Give the strips of an Action, and the tracks that hold nothing else, its name.

    Args:
        armature: whose tracks.
        action: what they play.
        name: of all; where several slots play on tracks of their own, that of the slot follows.
        between: what stands between both.
    """
    laid = laid_strips(armature, action)
    slots = {one.strip.action_slot_handle for one in laid}
    for one in laid:
        slot = one.strip.action_slot
        full = f"{name}{between}{slot.name_display}" if len(slots) > 1 and slot is not None else name
        one.strip.name = full
        if all(strip.action == action for strip in one.track.strips):
            one.track.name = full


@dataclass(frozen=True)
class Placement:
    """Which frame of an Action is seen at which frame of the scene, as its strips lie now.

    Attributes:
        strips: of each strip, in order of time: first and last frame in the scene, first and last of the
            Action, frames of the scene per frame of the Action, repetitions, whether it runs backwards.
    """

    strips: tuple[tuple[float, float, float, float, float, float, bool], ...]

    @property
    def first(self) -> float:
        """First frame of the scene."""
        return self.strips[0][0]

    @property
    def last(self) -> float:
        """Last frame of the scene."""
        return max(strip[1] for strip in self.strips)

    @property
    def shift(self) -> float | None:
        """Frames by which the Action is moved, where nothing else was done to it; else None."""
        shifts = {round(strip[0] - strip[2], 3) for strip in self.strips}
        plain = all(strip[4:] == (1.0, 1.0, False) for strip in self.strips)
        whole = all(
            after[0] - before[1] < 1e-3 for before, after in zip(self.strips, self.strips[1:], strict=False)
        )
        return shifts.pop() if plain and whole and len(shifts) == 1 else None

    def action_frames(self, frames: ArrayLike) -> NDArray[np.float64]:
        """The Action's frame at each frame of the scene `[N]`; beside the strips the nearest one's end."""
        frames = np.asarray(frames, dtype=np.float64)
        away = np.stack([np.maximum(one[0] - frames, frames - one[1]) for one in self.strips])
        nearest = np.argmin(np.maximum(away, 0.0), axis=0)
        seen = np.stack([_inside(one, frames) for one in self.strips])
        return np.asarray(np.take_along_axis(seen, nearest[None], axis=0)[0])

    def scene_frame(self, action_frame: float) -> float | None:
        """Where on the scene a frame of the Action is seen first; None where it is not."""
        for first, _, start, end, scale, _, backwards in self.strips:
            if start <= action_frame <= end:
                return first + (end - action_frame if backwards else action_frame - start) * scale
        return None


def _inside(one: tuple[float, ...], frames: NDArray[np.float64]) -> NDArray[np.float64]:
    first, last, start, end, scale, repeat, backwards = one
    passed = (np.clip(frames, first, last) - first) / (scale or 1.0)
    if repeat != 1.0:
        length = max(end - start, 1e-6)
        # The strip's very last frame shows the end of a whole repetition, not the beginning of one more.
        at_end = (np.clip(frames, first, last) == last) & (passed % length == 0)
        passed = np.where(at_end, length, passed % length)
    return end - passed if backwards else start + passed


def placement(armature: bpy.types.Object, action: bpy.types.Action) -> Placement:
    """How the strips of an Action lie; of several tracks the uppermost counts.

    Raises:
        AqgtError: no strip plays it, or one of them has a time of its own, keyed.
    """
    laid = laid_strips(armature, action)
    if not laid:
        raise AqgtError(
            f"“{armature.name}” does not play “{action.name}”.", "Choose a take of this character.", "no-take"
        )
    strips = [one.strip for one in laid if one.track == laid[-1].track]
    if any(strip.use_animated_time for strip in strips):
        raise AqgtError(
            f"The strip of “{action.name}” has its time keyed.",
            "Turn Animated Time off in the strip.",
            "retimed",
        )
    ordered = sorted(strips, key=lambda strip: strip.frame_start)
    return Placement(
        tuple(
            (
                strip.frame_start,
                strip.frame_end,
                strip.action_frame_start,
                strip.action_frame_end,
                strip.scale,
                strip.repeat,
                strip.use_reverse,
            )
            for strip in ordered
        )
    )
