# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads SmartBody skeletons (.sk) and motions (.skm), and computes joint positions from them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations
from aqgt.errors import AqgtError

Floats = NDArray[np.float64]

_AXES = {"XPos": 0, "YPos": 1, "ZPos": 2}
_MARK = re.compile(r"^(ready|strokeStart|emphasis|stroke|relax) time:\s*(\S+)")
_PROXIES = {"NoseProxy": (0.0, 0.03, 0.10), "HeadTopProxy": (0.0, 0.17, 0.0)}
"""Points fixed to the skull, in metres from it at rest, that stand for the head's turns."""
_TIP = 0.8
"""Length of the last phalanx as a share of the middle one."""


@dataclass(frozen=True)
class SkeletonFile:
    """A skeleton: joint names, parents (−1 for the root), offsets `[J, 3]` in metres in the parent's frame,
    and fixed rotations `[J, 4]` before the animated ones. Parents precede children."""

    names: Sequence[str]
    parents: Sequence[int]
    offsets: Floats
    prerotations: Floats


@dataclass(frozen=True)
class MotionFile:
    """A motion: times `[T]` in seconds, channels as (joint, ``XPos``/``YPos``/``ZPos``/``Quat``), their
    values `[T, N]` (a ``Quat`` takes three: axis times angle), and marks in seconds."""

    name: str
    times: Floats
    channels: Sequence[tuple[str, str]]
    values: Floats
    marks: dict[str, float]


def read_skeleton(path: str | Path) -> SkeletonFile:
    """Read a .sk file.

    Raises:
        AqgtError: the file is missing or is no skeleton.
    """
    names: list[str] = []
    parents: list[int] = []
    offsets: list[list[float]] = []
    turns: list[Floats] = []
    open_joints: list[int] = []
    for words in _lines(path):
        if words[0] in ("root", "joint") and len(words) > 1:
            parents.append(open_joints[-1] if open_joints else -1)
            names.append(words[1])
            offsets.append([0.0, 0.0, 0.0])
            turns.append(rotations.IDENTITY)
        if "{" in words:
            open_joints.append(len(names) - 1)
        if "offset" in words and names:
            at = words.index("offset")
            offsets[-1] = [float(x) for x in words[at + 1 : at + 4]]
        if words[0] == "prerot" and names:
            at, angle = words.index("axis"), words.index("ang")
            axis = [float(x) for x in words[at + 1 : at + 4]]
            turns[-1] = rotations.from_axis_angle(np.array(axis), np.deg2rad(float(words[angle + 1])))
        if words[0] == "}" and open_joints:
            open_joints.pop()
    if not names:
        raise AqgtError(f"“{path}” is no SmartBody skeleton.", "Give a .sk file.", "bad-skeleton")
    return SkeletonFile(names, parents, np.array(offsets), np.array(turns))


def read_motion(path: str | Path) -> MotionFile:
    """Read a .skm file.

    Raises:
        AqgtError: the file is missing, is no motion, or its frames do not fit its channels.
    """
    channels: list[tuple[str, str]] = []
    frames: list[list[float]] = []
    times: list[float] = []
    marks: dict[str, float] = {}
    wanted = 0
    for words in _lines(path):
        if words[0] == "channels":
            wanted = int(words[1])
        elif len(channels) < wanted and len(words) == 2:
            channels.append((words[0], words[1]))
        elif words[0] == "kt":
            times.append(float(words[1]))
            frames.append([float(x) for x in words[3:]])
        elif found := _MARK.match(" ".join(words)):
            marks[found[1]] = float(found[2])
    width = sum(3 if kind == "Quat" else 1 for _, kind in channels)
    if not frames or any(len(frame) != width for frame in frames):
        raise AqgtError(
            f"“{path}” is no complete SmartBody motion.",
            "Give a .skm file whose frames fit its channels.",
            "bad-motion",
        )
    return MotionFile(Path(path).stem, np.array(times), channels, np.array(frames), marks)


def joint_positions(skeleton: SkeletonFile, motion: MotionFile) -> dict[str, Floats]:
    """Name → world positions `[T, 3]` of joints, head proxies and finger tips; metres, y up, facing +z."""
    index = {name: i for i, name in enumerate(skeleton.names)}
    n_frames, n_joints = len(motion.times), len(skeleton.names)
    offsets = np.broadcast_to(skeleton.offsets, (n_frames, n_joints, 3)).copy()
    turns = rotations.identity(n_frames, n_joints)
    column = 0
    for joint, kind in motion.channels:
        width = 3 if kind == "Quat" else 1
        values = motion.values[:, column : column + width]
        column += width
        if joint not in index:
            continue
        if kind == "Quat":
            turns[:, index[joint]] = rotations.from_rotation_vector(values)
        elif kind in _AXES:
            offsets[:, index[joint], _AXES[kind]] += values[:, 0]
    positions, world = _forward(skeleton, offsets, turns)
    rest, rest_world = _forward(skeleton, skeleton.offsets[None], rotations.identity(1, n_joints))
    found = {name: positions[:, i] for name, i in index.items()}

    def carried(joint: str, rest_offset: Floats) -> Floats:
        i = index[joint]
        turn = rotations.multiply(world[:, i], rotations.conjugate(rest_world[:, i]))
        return positions[:, i] + rotations.rotate(turn, rest_offset)

    for name, offset in _PROXIES.items():
        found[name] = carried("JtSkullA", np.array(offset))
    for finger in ("Thumb", "Index", "Middle", "Ring", "Little"):
        for side in ("Lf", "Rt"):
            last, before = f"Jt{finger}C{side}", f"Jt{finger}B{side}"
            if last in index and before in index:
                bone = rest[0, index[last]] - rest[0, index[before]]
                found[f"{finger}Tip{side}"] = carried(last, _TIP * bone)
    return found


def _forward(skeleton: SkeletonFile, offsets: Floats, turns: Floats) -> tuple[Floats, Floats]:
    """World positions `[T, J, 3]` and rotations `[T, J, 4]`."""
    positions, world = np.zeros_like(offsets), np.zeros((*offsets.shape[:2], 4))
    local = rotations.multiply(skeleton.prerotations, turns)
    for joint, parent in enumerate(skeleton.parents):
        if parent < 0:
            positions[:, joint], world[:, joint] = offsets[:, joint], local[:, joint]
        else:
            world[:, joint] = rotations.multiply(world[:, parent], local[:, joint])
            step = rotations.rotate(world[:, parent], offsets[:, joint])
            positions[:, joint] = positions[:, parent] + step
    return positions, world


def _lines(path: str | Path) -> Iterator[list[str]]:
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise AqgtError(f"“{path}” cannot be read.", "Check the path.", "no-file") from error
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if words:
            yield words
