# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes without an engine: smooth, invented motions, laid on a character as a generation lays them."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Any

import bpy
import numpy as np

from aqgt import rotations as rot
from aqgt.motion import Motion
from aqgt.protocol.messages import Provenance
from aqgt.skeleton_pose import REST_VECTORS
from aqgt.words import Word
from tests.blender.conftest import EXTENSION
from tests.blender.helpers import snapshot


def part(name: str) -> Any:
    """A module of the extension."""
    return importlib.import_module(f"{EXTENSION}.{name}")


def waving(seed: int, seconds: float = 4.0, fps: float = 15.0) -> Motion:
    """Bones that swing, otherwise with each seed."""
    random = np.random.default_rng(seed)
    times = np.arange(round(seconds * fps)) / fps
    vectors = np.repeat(REST_VECTORS[None], len(times), axis=0)
    lengths = np.linalg.norm(REST_VECTORS, axis=-1)
    for joint in range(1, len(REST_VECTORS)):
        axis, phase = random.normal(size=3), random.uniform(0, 2 * np.pi)
        turn = rot.from_axis_angle(axis, 0.5 * np.sin(2 * np.pi * 0.8 * times + phase))
        vectors[:, joint] = rot.rotate(turn, REST_VECTORS[joint])
    return Motion(fps, vectors.astype(np.float32), lengths)


def lay(armature: Any, seed: int, start: float = 1.0, **changes: Any) -> Any:
    """A new take on a character; its Action."""
    origin = Provenance("debug", "ab" * 32, "CC0-1.0", True, seed, engine_version="0.1.0")
    words = tuple(Word(f"word{number}", number * 0.5, number * 0.5 + 0.4) for number in range(8))
    take = part("takes.provenance").Take(waving(seed), words, (), origin, start)
    name, _ = part("takes.apply").apply_take(bpy.context.scene, armature, replace(take, **changes))
    return bpy.data.actions[name]


def tracks(armature: Any) -> list[tuple[str, bool, bool, list[str]]]:
    """Name, mute, solo and strips of each NLA track."""
    return [
        (track.name, track.mute, track.is_solo, [strip.name for strip in track.strips])
        for track in armature.animation_data.nla_tracks
    ]


def others(state: dict[str, Any], *names: str) -> dict[str, Any]:
    """A snapshot without the named objects' tracks and poses, and without the named actions."""
    kept = dict(state)
    kept["data"] = {key: [one for one in value if one not in names] for key, value in state["data"].items()}
    kept["actions"] = {key: value for key, value in state["actions"].items() if key not in names}
    kept["objects"] = {
        key: (value[0], value[1], [(bone[0], bone[1], bone[3]) for bone in value[2]])
        if key in names
        else value
        for key, value in state["objects"].items()
    }
    return kept


def settled() -> dict[str, Any]:
    """A snapshot after Blender has evaluated what was changed."""
    bpy.context.view_layer.update()
    return snapshot()


def untouched(before: dict[str, Any], *names: str) -> None:
    """Nothing but the named objects' tracks and the named actions may differ from a snapshot."""
    now = others(settled(), *names)
    for key, value in others(before, *names).items():
        assert now[key] == value, key
