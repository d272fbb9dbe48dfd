# SPDX-License-Identifier: GPL-3.0-or-later
"""NLA tracks: a take lies on a new one above everything, and what was there before stays as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from aqgt.errors import AqgtError

from .actions import LINEAR, curves


def check_editable(armature: bpy.types.Object) -> None:
    """Refuse an armature whose NLA tracks cannot take one more.

    Raises:
        AqgtError: it is linked from another file, or in tweak mode.
    """
    if not armature.is_editable:
        raise AqgtError(
            f"“{armature.name}” is linked from another file.",
            "Make a library override of it (Object ▸ Library Override ▸ Make) and choose that.",
            "not-editable",
        )
    check_not_tweaked(armature)


def check_not_tweaked(armature: bpy.types.Object) -> None:
    """Refuse an armature whose Action Blender does not let be changed.

    Raises:
        AqgtError: it is in tweak mode.
    """
    if armature.animation_data is not None and armature.animation_data.use_tweak_mode:
        raise AqgtError(
            f"An NLA strip of “{armature.name}” is being tweaked.",
            "Leave tweak mode in the NLA editor (Tab) and try again.",
            "tweak-mode",
        )


def is_animated(armature: bpy.types.Object) -> bool:
    """Whether an Action or an NLA strip already moves the armature."""
    data = armature.animation_data
    return data is not None and (data.action is not None or any(track.strips for track in data.nla_tracks))


@contextmanager
def restored_on_failure(armature: bpy.types.Object) -> Iterator[None]:
    """Tracks and active Action of an armature as they were, if what is done within fails."""
    had_data = armature.animation_data is not None
    data = armature.animation_data or armature.animation_data_create()
    tracks = len(data.nla_tracks)
    action, slot = data.action, data.action_slot
    try:
        yield
    except BaseException:
        for track in list(data.nla_tracks)[tracks:]:
            data.nla_tracks.remove(track)
        if action is not None and data.action is None:
            data.action = action
            data.action_slot = slot
        if not had_data:
            armature.animation_data_clear()
        raise


def push_down_active_action(armature: bpy.types.Object) -> str | None:
    """Move the active Action to an NLA track of its own, as Blender's Push Down does; it plays as before.

    An active Action is evaluated above all tracks and would hide the take.

    Returns:
        The name of the Action, or None where there was none.
    """
    data = armature.animation_data
    if data is None or data.action is None:
        return None
    action, slot = data.action, data.action_slot
    track = data.nla_tracks.new()
    track.name = action.name
    strip = track.strips.new(action.name, int(action.frame_range[0]), action)
    strip.action_slot = slot
    strip.frame_start = strip.action_frame_start
    strip.extrapolation = data.action_extrapolation
    strip.blend_type = data.action_blend_type
    strip.influence = data.action_influence
    data.action = None
    return action.name


@dataclass(frozen=True)
class Laying:
    """How a strip lies on its track.

    Attributes:
        frames: first and last frame of its keys.
        fade: frames over which it fades in and out over what lies below.
        hold: whether its first and last pose last before and after it; then nothing fades.
        additive: whether it changes what lies below (COMBINE) instead of replacing it.
        influence: its share, 0 to 1; None where the user is given no slider.
    """

    frames: tuple[int, int]
    fade: float
    hold: bool
    additive: bool = False
    influence: float | None = None


def lay_on_new_track(
    armature: bpy.types.Object, action: bpy.types.Action, slot: Any, name: str, laying: Laying
) -> bpy.types.NlaTrack:
    """A strip with one slot of an Action on a new track above all others; ``name`` is that of both."""
    data = armature.animation_data or armature.animation_data_create()
    track = data.nla_tracks.new()
    track.name = name
    first, last = laying.frames
    strip = track.strips.new(name, first, action)
    strip.action_slot = slot
    # Without these Blender takes the range of the slot it guessed, which with several slots is none.
    strip.action_frame_start, strip.action_frame_end = first, max(last, first + 1)
    strip.frame_start, strip.frame_end = first, max(last, first + 1)
    strip.blend_type = "COMBINE" if laying.additive else "REPLACE"
    strip.extrapolation = "HOLD" if laying.hold else "NOTHING"
    fade = 0.0 if laying.hold else min(laying.fade, (last - first) / 2)
    if laying.influence is None:
        strip.blend_in = strip.blend_out = fade
    else:
        _key_influence(strip, laying.influence, fade)
    return track


def _key_influence(strip: Any, influence: float, fade: float) -> None:
    """A slider that can be moved and keyed; Blender ignores it where the strip fades by itself."""
    strip.use_animated_influence = True
    strip.influence = influence
    keys = [strip.frame_start, influence]
    if fade > 0:
        ends = strip.frame_start, strip.frame_end
        keys = [ends[0], 0.0, ends[0] + fade, influence, ends[1] - fade, influence, ends[1], 0.0]
    curve = strip.fcurves.find("influence")
    curve.keyframe_points.clear()
    curve.keyframe_points.add(len(keys) // 2)
    curve.keyframe_points.foreach_set("co", np.array(keys, dtype=np.float32))
    curve.keyframe_points.foreach_set("interpolation", np.full(len(keys) // 2, LINEAR, dtype=np.int32))
    curve.update()


def mute(armature: bpy.types.Object, actions: Sequence[bpy.types.Action]) -> None:
    """Mute the tracks whose strips play these Actions."""
    for track in armature.animation_data.nla_tracks:
        if any(strip.action in actions for strip in track.strips):
            track.mute = True


def animated_paths(armature: bpy.types.Object) -> set[str]:
    """Data paths that an Action or an NLA strip of the armature moves already."""
    data = armature.animation_data
    if data is None:
        return set()
    used = [(data.action, data.action_slot)] if data.action is not None else []
    used += [
        (strip.action, strip.action_slot)
        for track in data.nla_tracks
        if not track.mute
        for strip in track.strips
        if strip.action is not None and not strip.mute
    ]
    return {curve.data_path for action, slot in used for curve in curves(action, slot)}


def frame_range(armature: bpy.types.Object) -> tuple[int, int]:
    """First and last frame that an Action or an NLA strip of an armature animates."""
    data = armature.animation_data
    ranges: list[tuple[float, float]] = []
    if data.action is not None:
        ranges.append((data.action.frame_range[0], data.action.frame_range[1]))
    ranges += [
        (strip.frame_start, strip.frame_end)
        for track in data.nla_tracks
        if not track.mute
        for strip in track.strips
        if not strip.mute
    ]
    first, last = min(one[0] for one in ranges), max(one[1] for one in ranges)
    return round(first), round(last)


@contextmanager
def alone(armature: bpy.types.Object, action: bpy.types.Action) -> Iterator[tuple[int, int]]:
    """Within: the armature plays the strips of one Action and nothing else. Hands out their frames.

    Raises:
        AqgtError: no strip of the armature plays the Action, or one is being tweaked.
    """
    check_not_tweaked(armature)
    data = armature.animation_data
    tracks = list(data.nla_tracks) if data is not None else []
    chosen = [track for track in tracks if any(strip.action == action for strip in track.strips)]
    if not chosen:
        raise AqgtError(
            f"“{armature.name}” does not play “{action.name}”.", "Choose a take of this character.", "no-take"
        )
    strips = [strip for track in chosen for strip in track.strips if strip.action == action]
    before = [(track, track.mute, track.is_solo) for track in tracks]
    fades = [(strip, strip.mute, strip.blend_in, strip.blend_out) for strip in strips]
    active, slot = data.action, data.action_slot
    try:
        data.action = None
        for track in tracks:
            track.is_solo = False
            track.mute = track not in chosen
        for strip in strips:
            strip.mute = False
            # A fade from nothing would begin and end the file at rest.
            strip.blend_in = strip.blend_out = 0.0
        yield round(min(s.frame_start for s in strips)), round(max(s.frame_end for s in strips))
    finally:
        for strip, mute, blend_in, blend_out in fades:
            strip.mute, strip.blend_in, strip.blend_out = mute, blend_in, blend_out
        for track, mute, _ in before:
            track.mute = mute
        for track, _, solo in before:
            if solo:
                track.is_solo = True
        if active is not None:
            data.action = active
            data.action_slot = slot
