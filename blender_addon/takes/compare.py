# SPDX-License-Identifier: GPL-3.0-or-later
"""Two takes side by side: one plays, a click has the other play; afterwards all tracks are as before.

The other takes are muted meanwhile. Whatever is no take plays on below, so each is seen where it belongs;
Blender's own solo would hide that, and plays one track alone.
"""

from __future__ import annotations

import json
from typing import Any

import bpy

from aqgt.errors import AqgtError

from ..scene.nla import check_editable
from ..scene.strips import tracks_with
from ..translations import tip
from .provenance import takes_of


def begin(armature: bpy.types.Object, one: bpy.types.Action, two: bpy.types.Action) -> None:
    """Compare two takes; the first plays.

    Raises:
        AqgtError: they are one take, or not both the character's; nothing has changed.
    """
    check_editable(armature)
    group: Any = armature.aqgt_takes
    if one == two:
        raise AqgtError("A take can't be compared with itself.", "Choose another one.", "same-take")
    for action in (one, two):
        if not tracks_with(armature, action):
            raise AqgtError(
                f"“{armature.name}” does not play “{action.name}”.", "Choose two of its takes.", "no-take"
            )
    if group.comparing:
        end(armature)
    states = [[track.name, track.mute, track.is_solo] for track in armature.animation_data.nla_tracks]
    group.before = json.dumps(states)
    group.take_a, group.take_b, group.comparing = one, two, True
    show(armature, "A")


def show(armature: bpy.types.Object, which: str) -> str:
    """Have take ``"A"`` or ``"B"`` play; its name.

    Raises:
        AqgtError: nothing is compared, or one of both takes is gone.
    """
    problem = broken(armature)
    if problem:
        raise AqgtError(problem, "End the comparison.", "no-comparison")
    group: Any = armature.aqgt_takes
    shown = group.take_a if which == "A" else group.take_b
    playing = tracks_with(armature, shown)
    for track in _take_tracks(armature):
        track.mute = track not in playing
    for track in armature.animation_data.nla_tracks:
        if track.is_solo:
            track.is_solo = False
    group.shown = which
    return str(shown.name)


def end(armature: bpy.types.Object, *, keep: bool = False) -> None:
    """Mute and solo as they were before; with ``keep`` the shown take plays on, the others stay muted."""
    group: Any = armature.aqgt_takes
    tracks = list(armature.animation_data.nla_tracks) if armature.animation_data is not None else []
    if group.comparing and not keep:
        states = json.loads(group.before or "[]")
        same = [track.name for track in tracks] == [state[0] for state in states]
        before = dict(zip(tracks, states, strict=True)) if same else _by_name(tracks, states)
        ours = _take_tracks(armature)
        for track in tracks:
            if track in before:
                track.mute = before[track][1]
            elif track in ours:  # made meanwhile
                track.mute = False
        for track, state in before.items():
            if state[2] and not track.is_solo:
                track.is_solo = True
    group.comparing, group.before, group.shown = False, "", "A"
    group.take_a = group.take_b = None


def leave(armature: bpy.types.Object, action: bpy.types.Action) -> None:
    """End the comparison where it is about this take, which is about to go."""
    group: Any = armature.aqgt_takes
    if group.comparing and action in (group.take_a, group.take_b):
        end(armature)


def broken(armature: bpy.types.Object) -> str:
    """Why the comparison cannot go on, in a sentence; empty where it can."""
    group: Any = armature.aqgt_takes
    if not group.comparing:
        return tip("No takes are compared.")
    for letter, action in (("A", group.take_a), ("B", group.take_b)):
        if action is None or not tracks_with(armature, action):
            return tip("Take {letter} is no longer there.", letter=letter)
    return ""


def playing(armature: bpy.types.Object | None) -> tuple[str, str] | None:
    """Letter and name of the take that plays while two are compared; None where none are."""
    if armature is None or not armature.aqgt_takes.comparing:
        return None
    group: Any = armature.aqgt_takes
    shown = group.take_a if group.shown == "A" else group.take_b
    return (group.shown, shown.name) if shown is not None else None


def letter_of(armature: bpy.types.Object, action: bpy.types.Action) -> str:
    """``"A"`` or ``"B"`` where the take is one of those compared, else nothing."""
    group: Any = armature.aqgt_takes
    if not group.comparing:
        return ""
    return "A" if action == group.take_a else "B" if action == group.take_b else ""


def _take_tracks(armature: bpy.types.Object) -> list[bpy.types.NlaTrack]:
    return [track for _, action in takes_of(armature) for track in tracks_with(armature, action)]


def _by_name(tracks: list[bpy.types.NlaTrack], states: list[Any]) -> dict[bpy.types.NlaTrack, Any]:
    """Tracks that were there before, found by name since some were added, removed or renamed by hand."""
    left = list(states)
    found = {}
    for track in tracks:
        state = next((state for state in left if state[0] == track.name), None)
        if state is not None:
            left.remove(state)
            found[track] = state
    return found
