# SPDX-License-Identifier: GPL-3.0-or-later
"""NLA tracks: a take lies on a new one above everything, and what was there before stays as it was."""

from __future__ import annotations

from typing import Any

import bpy

from aqgt.errors import AqgtError


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
    if armature.animation_data is not None and armature.animation_data.use_tweak_mode:
        raise AqgtError(
            f"An NLA strip of “{armature.name}” is being tweaked.",
            "Leave tweak mode in the NLA editor (Tab) and generate again.",
            "tweak-mode",
        )


def is_animated(armature: bpy.types.Object) -> bool:
    """Whether an Action or an NLA strip already moves the armature."""
    data = armature.animation_data
    return data is not None and (data.action is not None or any(track.strips for track in data.nla_tracks))


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


def lay_on_new_track(
    armature: bpy.types.Object,
    action: bpy.types.Action,
    slot: Any,
    name: str,
    blend_frames: float,
    hold: bool,
) -> bpy.types.NlaTrack:
    """A strip with the Action on a new track above all others.

    Args:
        armature: the character.
        action: what the strip plays, from its first to its last key.
        slot: the Action's slot for this armature.
        name: of track and strip.
        blend_frames: frames over which the take fades in and out over what lies below.
        hold: whether the first and last pose last before and after the strip.
    """
    data = armature.animation_data or armature.animation_data_create()
    track = data.nla_tracks.new()
    track.name = name
    strip = track.strips.new(name, round(action.frame_range[0]), action)
    strip.action_slot = slot
    strip.blend_type = "REPLACE"
    strip.extrapolation = "HOLD" if hold else "NOTHING"
    if not hold:
        length = strip.frame_end - strip.frame_start
        strip.blend_in = min(blend_frames, length / 2)
        strip.blend_out = min(blend_frames, length / 2)
    return track
