# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads SmartBody skeletons (.sk, .bvh) and motions (.skm), and computes joint positions from them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations
from aqgt.errors import AqgtError
from aqgt.formats.bvh_text import read_bvh_animation

Floats = NDArray[np.float64]

_AXES = {"XPos": 0, "YPos": 1, "ZPos": 2}
_MARK = re.compile(r"^(ready|strokeStart|emphasis|stroke|relax) time:\s*(\S+)")
_PROXIES = {"NoseProxy": (0.0, 0.03, 0.10), "HeadTopProxy": (0.0, 0.17, 0.0)}
"""Points fixed to the skull, in metres from it at rest, that stand for the head's turns."""
_TIP = 0.8
"""Length of the last phalanx as a share of the middle one."""


@dataclass(frozen=True)
class SkeletonFile:
    """A skeleton: joint names, parents (−1 for the root), offsets `[J, 3]` in the file's unit in the parent's
    frame, and fixed rotations `[J, 4]` before the animated ones. Parents precede children."""

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

    def renamed(self, joints: Mapping[str, str]) -> MotionFile:
        """With channels under other names, given as new name → this file's; the first one of each counts."""
        new = {own: name for name, own in reversed(list(joints.items()))}
        return replace(self, channels=[(new.get(joint, joint), kind) for joint, kind in self.channels])


def read_skeleton(path: str | Path) -> SkeletonFile:
    """Read a .sk file, or the hierarchy of a .bvh file, whose motion is left.

    Raises:
        AqgtError: the file is missing or is no skeleton.
    """
    if Path(path).suffix.lower() == ".bvh":
        joints = read_bvh_animation(Path(path)).joints
        offsets_of = np.array([joint.offset for joint in joints])
        return SkeletonFile(
            [joint.name for joint in joints],
            [joint.parent for joint in joints],
            offsets_of,
            rotations.identity(len(joints)),
        )
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


@dataclass(frozen=True)
class JointMotion:
    """Where the joints of a motion are: name → world positions `[T, 3]` in metres, y up, of joints, head
    proxies and finger tips; and ``forward`` `[T, 3]`, where the pelvis, or else the root, faces."""

    positions: dict[str, Floats]
    forward: Floats


def joint_positions(skeleton: SkeletonFile, motion: MotionFile, metres: float = 1.0) -> JointMotion:
    """The joints of a motion by forward kinematics; joints that its channels don't name stay at rest.

    Args:
        skeleton: under ChrBrad's names, see `smartbody_names.renamed`.
        motion: its channels have the same names.
        metres: of one unit of both files.

    Raises:
        AqgtError: the skeleton lacks the skull.
    """
    index = {name: i for i, name in enumerate(skeleton.names)}
    if "JtSkullA" not in index:
        raise AqgtError(
            f"The skeleton of “{motion.name}” has no joint JtSkullA.",
            "Give the skeletons that belong to the motions.",
            "bad-skeleton",
        )
    n_frames, n_joints = len(motion.times), len(skeleton.names)
    rest_offsets = skeleton.offsets * metres
    offsets = np.broadcast_to(rest_offsets, (n_frames, n_joints, 3)).copy()
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
            offsets[:, index[joint], _AXES[kind]] += values[:, 0] * metres
    positions, world = _forward(skeleton, offsets, turns)
    rest, rest_world = _forward(skeleton, rest_offsets[None], rotations.identity(1, n_joints))
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
            if last in index and before in index and f"{finger}Tip{side}" not in index:
                bone = rest[0, index[last]] - rest[0, index[before]]
                found[f"{finger}Tip{side}"] = carried(last, _TIP * bone)
    body = "JtPelvis" if "JtPelvis" in index else skeleton.names[0]
    return JointMotion(found, carried(body, np.array([0.0, 0.0, 1.0])) - found[body])


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
