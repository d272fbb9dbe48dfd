# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotations of bones as a take: a new Action on new NLA tracks. Nothing else in the file changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np

from aqgt.retarget import Channel, Mapping, RigAnimation, as_additive, data_path, reduce_keys
from aqgt.retarget.roles import part_of

from ..preview import temporary
from ..scene import actions, nla
from ..scene.context import frames_per_second
from ..scene.pose import rotations_at
from ..steps import Steps, aside, drain
from .provenance import Take, pack_motion, remember

BLEND_SECONDS = 0.4
"""How long a take fades in and out over what lies below it: about one retraction."""
REST_OF_BODY = "body"
"""Name of the track of bones that belong to no part, such as legs held still."""


@dataclass(frozen=True)
class Writing:
    """How rotations become keys and strips.

    Attributes:
        key_error: degrees by which keys left out may change a rotation; 0 keys every frame.
        additive: lay the take over the pose at its first frame as a change, so that what moves below goes on.
        split: one track per part of the body, each with an influence slider.
        influence: of each part, where the take is split; 1 where none is given.
    """

    key_error: float = 0.0
    additive: bool = False
    split: bool = False
    influence: MappingType[str, float] = field(default_factory=dict)


@dataclass
class _Layer:
    """What one strip plays: curves with the frames of their keys, and properties that are set."""

    name: str
    additive: bool = False
    influence: float | None = None
    curves: list[tuple[Channel, np.ndarray]] = field(default_factory=list)
    switches: list[Channel] = field(default_factory=list)


@dataclass
class Written:
    """An Action that is complete, and that nothing plays yet.

    Attributes:
        name: of the Action.
        layers: name, whether additive, and influence of each slot, in their order.
        frames: its first and last.
    """

    name: str
    layers: list[tuple[str, bool, float | None]]
    frames: tuple[int, int]


def write_take(
    scene: bpy.types.Scene,
    armature: bpy.types.Object,
    name: str,
    animation: RigAnimation,
    frames: np.ndarray,
    mapping: Mapping,
    writing: Writing,
    take: Take,
) -> tuple[str, list[str]]:
    """Write an animation as one Action and lay it above everything the armature plays.

    Args:
        scene: whose frame rate counts.
        armature: the character.
        name: of the Action.
        animation: what ``solve`` returned, one frame for each of ``frames``.
        frames: `[T]` whole frames of the scene.
        mapping: what it was solved with; its switches are keyed.
        writing: how.
        take: what the Action is to remember.

    Returns:
        The Action's name, and sentences for the user.

    Raises:
        Exception: whatever went wrong; the file is then as it was before.
    """
    written = drain(writing_take(scene, armature, name, animation, frames, mapping, writing, take))
    return written.name, lay_takes(scene, armature, [written])


def writing_take(
    scene: bpy.types.Scene,
    armature: bpy.types.Object,
    name: str,
    animation: RigAnimation,
    frames: np.ndarray,
    mapping: Mapping,
    writing: Writing,
    take: Take,
) -> Steps[Written]:
    """Write an animation as an Action that nothing plays yet, a curve at each step; arguments: `write_take`.

    Until `lay_takes` it counts as temporary, so that no file keeps half a take. Given up, it is removed.
    """
    frame_rate, below = frames_per_second(scene), {}
    if writing.additive:
        below = _pose_below(scene, armature, animation, frames, nla.animated_paths(armature))
    layers, packed = yield from aside(
        lambda: (
            _layers(
                as_additive(animation, below) if writing.additive else animation, frames, mapping, writing
            ),
            pack_motion(take.motion),
        )
    )
    action = actions.new_action(name)
    temporary.mark(action)
    called = action.name
    try:
        remember(action, take, frame_rate, packed)
        for number, layer in enumerate(layers):
            actions.add_slot(action, layer.name or "Gestures")
            for path, values, keys, group, interpolation in _curves(layer, frames):
                for index in range(values.shape[1]):
                    yield False
                    # The Action may have gone meanwhile.
                    channelbag = actions.channelbag_of(actions.find(called), number)
                    actions.write_curves(
                        channelbag, path, values[:, index : index + 1], keys, group, interpolation, index
                    )
    except BaseException:
        temporary.discard(called)
        raise
    return Written(
        called,
        [(layer.name, layer.additive, layer.influence) for layer in layers],
        (int(frames[0]), int(frames[-1])),
    )


def lay_takes(scene: bpy.types.Scene, armature: bpy.types.Object, takes: Sequence[Written]) -> list[str]:
    """Lay complete Actions above everything the armature plays, each above the one before, all or none.

    Returns:
        Sentences for the user.

    Raises:
        Exception: whatever went wrong; the Actions are then removed, and the file is as it was before.
    """
    fade = BLEND_SECONDS * frames_per_second(scene)
    hold = not nla.is_animated(armature)
    try:
        with nla.restored_on_failure(armature):
            pushed = nla.push_down_active_action(armature)
            for take in takes:
                action = actions.find(take.name)
                for (name, additive, influence), slot in zip(take.layers, action.slots, strict=True):
                    laying = nla.Laying(take.frames, fade, hold, additive, influence)
                    track = f"{action.name} · {name}" if name else action.name
                    nla.lay_on_new_track(armature, action, slot, track, laying)
            for take in takes:
                temporary.unmark(actions.find(take.name))
    except BaseException:
        for take in takes:
            temporary.discard(take.name)
        raise
    if pushed is None:
        return []
    return [f"The action “{pushed}” now plays from an NLA track below the take"]


def _pose_below(
    scene: bpy.types.Scene,
    armature: bpy.types.Object,
    animation: RigAnimation,
    frames: np.ndarray,
    moved: set[str],
) -> dict[str, np.ndarray]:
    """What lies below at the take's first frame; a bone that nothing moves counts as at rest."""
    held = rotations_at(scene, armature, animation.bones, int(frames[0]))
    paths = {channel.bone: channel.data_path for channel in animation.channels()}
    return {bone: values for bone, values in held.items() if paths[bone] in moved}


def _layers(animation: RigAnimation, frames: np.ndarray, mapping: Mapping, writing: Writing) -> list[_Layer]:
    channels = animation.channels()
    kept: list[Any] = [slice(None)] * len(channels)
    if writing.key_error > 0:
        kept = list(reduce_keys(animation, writing.key_error))
    part = _parts(mapping)
    layers: dict[str, _Layer] = {}
    for channel, keys in zip(channels, kept, strict=True):
        name = (part.get(channel.bone) or REST_OF_BODY) if writing.split else ""
        if name not in layers:
            influence = writing.influence.get(name, 1.0) if writing.split else None
            layers[name] = _Layer(name.replace("_", " "), writing.additive, influence)
        reduced = Channel(channel.bone, channel.data_path, channel.values[keys])
        layers[name].curves.append((reduced, frames[keys]))
    moved_parts = {part.get(channel.bone) for channel in channels}
    switches = [
        Channel(
            one.bone,
            f'{data_path(one.bone)}["{bpy.utils.escape_identifier(one.property)}"]',
            np.array([[one.fk]]),
        )
        for one in mapping.switches
        if one.part in moved_parts
    ]
    if switches and not (writing.additive or writing.split):
        layers[""].switches = switches
    elif switches:
        # A switch is a state and no change: added to what lies below, or in part, it would mean nothing.
        layers["switches"] = _Layer("switches", switches=switches)
    return list(layers.values())


def _parts(mapping: Mapping) -> dict[str, str | None]:
    """Bone to the part of the body it belongs to."""
    parts = {bone: part_of(role) for role, bone in mapping.bones.items()}
    parts |= {bone: part_of(role) for role, twists in mapping.twist.items() for bone, _ in twists}
    return parts


def _curves(layer: _Layer, frames: np.ndarray) -> Iterator[tuple[str, np.ndarray, np.ndarray, str, int]]:
    """Data path, values `[T, C]`, frames `[T]`, group and interpolation of what a strip plays."""
    for channel, keys in layer.curves:
        yield channel.data_path, channel.values, keys, channel.bone, actions.LINEAR
    for switch in layer.switches:
        yield switch.data_path, switch.values, frames[:1], switch.bone, actions.CONSTANT
