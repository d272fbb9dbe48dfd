# SPDX-License-Identifier: GPL-3.0-or-later
"""Finished windows on the character itself, by a temporary Action that plays above all else."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from aqgt.motion import Motion
from aqgt.retarget import Mapping, RetargetOptions, RigDescription, data_path, solve

from ..scene import actions
from ..scene.armature import find
from ..scene.context import frames_per_second
from ..steps import some
from . import temporary
from .buffer import Buffer
from .shown import Shown

NAME = "Preview of Gestures"
_CHUNK = 90
"""Frames of the motion that are solved in one tick at most."""
_CONTEXT = 8
"""Frames of the scene before a chunk that are solved along, so that smoothing knows what came before."""
_FADE = 12
"""Frames over which a chunk takes over from where the one before ended."""


class CharacterPreview:
    """Solves finished windows one after the other, and writes them curve by curve, a little at each tick."""

    def __init__(
        self, shown: Shown, buffer: Buffer, rig: RigDescription, mapping: Mapping, options: RetargetOptions
    ) -> None:
        self._shown, self._buffer = shown, buffer
        self._rig, self._mapping, self._options = rig, mapping, options
        self._frames: list[NDArray[np.float64]] = []
        self._chunks: dict[str, list[NDArray[np.float64]]] = {}
        self._bones: dict[str, str] = {}
        self._solved = 0
        self._action = ""
        self._written = 0
        self._pass: Any = None

    def tick(self, seconds: float) -> None:
        """Solve and write what has come, for about so many seconds.

        Raises:
            AqgtError: the character has gone.
            RuntimeError: it can't play the Action, for example because a strip is being tweaked.
        """
        armature = find(self._shown.character)
        if self._buffer.settled - self._solved > 0:
            self._solve(bpy.data.scenes[self._shown.scene])
        if self._pass is None and sum(map(len, self._frames)) > self._written:
            self._pass = self._write(armature)
        if self._pass is not None and some(self._pass, seconds):
            self._pass = None
            armature.update_tag()
            actions.find(self._action).update_tag()

    def suspend(self) -> None:
        """Take everything out of the file; the next tick begins to write anew."""
        self._pass, self._written = None, 0
        name, self._action = self._action, ""
        temporary.discard(name)

    remove = suspend

    def _solve(self, scene: bpy.types.Scene) -> None:
        """The frames of the scene that lie in the next frames of the motion."""
        fps, model_fps, start = frames_per_second(scene), self._shown.fps, self._shown.start
        until = min(self._buffer.settled, self._solved + _CHUNK)
        last = math.floor((start + (until - 1) / model_fps) * fps + 1e-6)
        first = int(self._frames[-1][-1]) + 1 if self._frames else math.ceil(start * fps - 1e-6)
        self._solved = until
        if last < first:
            return
        earliest = max(first - _CONTEXT, math.ceil(start * fps - 1e-6))
        frames = np.arange(earliest, last + 1, dtype=np.float64)
        low = max(0, math.floor((earliest / fps - start) * model_fps))
        part = Motion(model_fps, self._buffer.frames(low, until))
        sampled = Motion(fps, part.sample(frames / fps - start - low / model_fps))
        kept = frames >= first
        for channel in solve(sampled, self._rig, self._mapping, self._options).channels():
            before = self._chunks.setdefault(channel.data_path, [])
            again = channel.values[~kept]
            values = channel.values[kept]
            before.append(continued(before[-1][-1], again[-1], values) if before else values)
            self._bones[channel.data_path] = channel.bone
        self._frames.append(frames[kept])

    def _write(self, armature: bpy.types.Object) -> Iterator[bool]:
        """All curves as they are now; from the first time on the character plays them."""
        frames = np.concatenate(self._frames)
        switches = self._switches()
        new = not self._action
        if new:
            action = actions.new_action(NAME)
            temporary.mark(action)
            self._action = action.name
            _, channelbag = actions.add_slot(action, "Preview")
            for path, value in switches.items():
                actions.write_curves(channelbag, path, np.array([[value]]), frames[:1], "", actions.CONSTANT)
        for path, chunks in self._chunks.items():
            values = np.concatenate(chunks)
            for index in range(values.shape[1]):
                yield False
                channelbag = actions.channelbag_of(actions.find(self._action), 0)
                actions.rewrite_curve(
                    channelbag, path, index, values[: len(frames), index], frames, self._bones[path]
                )
        self._written = len(frames)
        if new:
            armature = find(self._shown.character)
            held = {path: _plain(armature.path_resolve(path)) for path in (*self._chunks, *switches)}
            temporary.play(armature, actions.find(self._action), held)

    def _switches(self) -> dict[str, float]:
        """Data path and value of the properties that have the rig follow the bones that are keyed."""
        return {
            f'{data_path(one.bone)}["{bpy.utils.escape_identifier(one.property)}"]': one.fk
            for one in self._mapping.switches
            if one.part in self._options.parts
        }


def continued(
    last: NDArray[np.float64], again: NDArray[np.float64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The same rotations, so that they go on from others without a jump.

    A chunk that is solved by itself may turn an outstretched arm otherwise than the one before.

    Args:
        last: `[C]` what was written for the frame before.
        again: `[C]` what was solved for that frame along with ``values``.
        values: `[T, C]`, quaternions or Euler angles.
    """
    if values.shape[1] == 4:
        sign = -1.0 if again @ last < 0 else 1.0
        again, values = sign * again, sign * values
    else:
        turns = 2 * math.pi * np.round((last - again) / (2 * math.pi))
        again, values = again + turns, values + turns
    fading = np.clip(1.0 - np.arange(1, len(values) + 1) / (_FADE + 1), 0.0, 1.0)[:, None]
    return values + fading * (last - again)


def _plain(value: Any) -> Any:
    return list(value) if hasattr(value, "__len__") else value
