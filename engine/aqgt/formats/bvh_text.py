# SPDX-License-Identifier: GPL-3.0-or-later
"""The BVH text itself, for any skeleton: reading, writing, and where its joints are."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations as rot
from aqgt.errors import AqgtError
from aqgt.formats.files import PathLike, read_bytes

Floats = NDArray[np.float64]

_CHANNELS = {
    f"{axis}{kind}".lower(): (kind, "XYZ".index(axis)) for axis in "XYZ" for kind in ("position", "rotation")
}


@dataclass(frozen=True)
class BvhJoint:
    """One joint of a BVH hierarchy; an end site is a joint without channels.

    Attributes:
        name: its name; an end site is called after its parent, with ``_end``.
        parent: index of its parent, or -1.
        offset: where it stands from its parent at rest, in the file's unit.
        channels: in the file's order, such as ``("Zrotation", "Xrotation", "Yrotation")``.
        is_end: whether it is an end site.
    """

    name: str
    parent: int
    offset: tuple[float, float, float]
    channels: tuple[str, ...] = ()
    is_end: bool = False


@dataclass(frozen=True)
class BvhAnimation:
    """What a BVH file holds.

    Attributes:
        joints: parents before children.
        values: `[T, C]` the channels of all joints in order; rotations in degrees.
        fps: frames per second.
    """

    joints: tuple[BvhJoint, ...]
    values: Floats
    fps: float

    def positions(self) -> Floats:
        """Where the joints are, `[T, J, 3]`, in the file's axes and unit."""
        return self._forward()[0]

    def rotations(self) -> Floats:
        """World rotations of the joints, `[T, J, 4]`."""
        return self._forward()[1]

    def _forward(self) -> tuple[Floats, Floats]:
        n_frames = len(self.values)
        positions = np.zeros((n_frames, len(self.joints), 3))
        world = rot.identity(n_frames, len(self.joints))
        column = 0
        for index, joint in enumerate(self.joints):
            values = self.values[:, column : column + len(joint.channels)]
            column += len(joint.channels)
            place, turn = _local(joint, values)
            if joint.parent < 0:
                positions[:, index], world[:, index] = place, turn
            else:
                base = world[:, joint.parent]
                positions[:, index] = positions[:, joint.parent] + rot.rotate(base, place)
                world[:, index] = rot.multiply(base, turn)
        return positions, world


def _local(joint: BvhJoint, values: Floats) -> tuple[Floats, Floats]:
    """Place and turn of a joint in its parent; position channels replace the offset, as is usual."""
    place = np.tile(np.array(joint.offset), (len(values), 1))
    turn = rot.identity(len(values))
    for column, channel in enumerate(joint.channels):
        kind, axis = _CHANNELS[channel.lower()]
        if kind == "position":
            place[:, axis] = values[:, column]
        else:
            turn = rot.multiply(turn, rot.from_axis_angle(np.eye(3)[axis], np.radians(values[:, column])))
    return place, turn


def format_bvh(animation: BvhAnimation) -> str:
    """The text of a BVH file."""
    children: list[list[int]] = [[] for _ in animation.joints]
    for index, joint in enumerate(animation.joints):
        if joint.parent >= 0:
            children[joint.parent].append(index)
    lines = ["HIERARCHY"]
    _format_joint(animation.joints, children, 0, 0, lines)
    lines += ["MOTION", f"Frames: {len(animation.values)}", f"Frame Time: {1 / animation.fps:.10f}"]
    table = io.StringIO()
    np.savetxt(table, animation.values, fmt="%.6f")
    return "\n".join(lines) + "\n" + table.getvalue()


def _format_joint(
    joints: Sequence[BvhJoint], children: Sequence[Sequence[int]], index: int, depth: int, lines: list[str]
) -> None:
    joint, indent = joints[index], "\t" * depth
    title = "End Site" if joint.is_end else f"{'ROOT' if joint.parent < 0 else 'JOINT'} {joint.name}"
    lines += [f"{indent}{title}", f"{indent}{{"]
    lines.append(f"{indent}\tOFFSET " + " ".join(f"{value:.6f}" for value in joint.offset))
    if not joint.is_end:
        lines.append(f"{indent}\tCHANNELS {len(joint.channels)} " + " ".join(joint.channels))
    for child in children[index]:
        _format_joint(joints, children, child, depth + 1, lines)
    lines.append(f"{indent}}}")


def read_bvh_animation(path: PathLike) -> BvhAnimation:
    """Read any BVH file with one skeleton.

    Raises:
        AqgtError: the file is missing, no BVH, or damaged; the message names the line.
    """
    return _Parser(read_bytes(path).decode("utf-8-sig", "replace"), str(path)).parse()


class _Parser:
    """Reads the lines of a BVH file in order."""

    def __init__(self, text: str, path: str) -> None:
        self.path = path
        self.lines = text.splitlines()
        self.at = 0
        self.joints: list[BvhJoint] = []

    def parse(self) -> BvhAnimation:
        if [word.upper() for word in self._next()] != ["HIERARCHY"]:
            raise self._bad("it does not begin with HIERARCHY")
        self._hierarchy()
        n_frames = self._header("Frames:", 1)
        seconds = self._header("Frame Time:", 2)
        if n_frames < 0 or n_frames != int(n_frames) or not seconds > 0:
            raise self._bad("its number of frames or frame time is impossible")
        return BvhAnimation(tuple(self.joints), self._table(int(n_frames)), _rounded(1 / seconds))

    def _next(self) -> list[str]:
        while self.at < len(self.lines):
            words = self.lines[self.at].split()
            self.at += 1
            if words:
                return words
        raise self._bad("it ends too early")

    def _hierarchy(self) -> None:
        open_joints: list[int] = []
        while True:
            words = self._next()
            keyword = words[0].upper()
            if keyword == "MOTION" and self.joints and not open_joints:
                return
            if keyword == "}" and open_joints:
                open_joints.pop()
            elif keyword in ("ROOT", "JOINT", "END") and (keyword == "ROOT") == (not open_joints):
                if keyword == "ROOT" and self.joints:
                    raise self._bad("it holds more than one skeleton")
                self._joint(words, open_joints)
            else:
                raise self._bad(f"“{' '.join(words)[:40]}” is out of place")

    def _joint(self, words: list[str], open_joints: list[int]) -> None:
        parent = open_joints[-1] if open_joints else -1
        is_end = words[0].upper() == "END"
        name = f"{self.joints[parent].name}_end" if is_end else " ".join(words[1:])
        if words[-1] == "{":
            name = name.removesuffix("{").strip()
        elif self._next() != ["{"]:
            raise self._bad("a “{” is missing")
        offset = self._next()
        if offset[0].upper() != "OFFSET" or len(offset) != 4:
            raise self._bad("an OFFSET is missing")
        x, y, z = (self._number(word) for word in offset[1:])
        channels: tuple[str, ...] = ()
        if not is_end:
            entry = self._next()
            channels = tuple(entry[2:])
            if entry[0].upper() != "CHANNELS" or entry[1:2] != [str(len(channels))]:
                raise self._bad("CHANNELS are missing")
            if any(channel.lower() not in _CHANNELS for channel in channels):
                raise self._bad("a channel is neither position nor rotation")
        open_joints.append(len(self.joints))
        self.joints.append(BvhJoint(name, parent, (x, y, z), channels, is_end))

    def _header(self, title: str, n_words: int) -> float:
        words = self._next()
        if " ".join(words[:n_words]).lower() != title.lower() or len(words) != n_words + 1:
            raise self._bad(f"“{title}” is missing")
        return self._number(words[-1])

    def _table(self, n_frames: int) -> Floats:
        n_channels = sum(len(joint.channels) for joint in self.joints)
        words = " ".join(self.lines[self.at :]).split()
        if len(words) != n_frames * n_channels:
            raise self._bad(f"its {n_frames} frames of {n_channels} channels hold {len(words)} numbers")
        try:
            values = np.array(words, dtype=np.float64).reshape(n_frames, n_channels)
        except ValueError:
            raise self._bad("a frame holds something else than numbers") from None
        if not np.isfinite(values).all():
            raise self._bad("a frame holds NaN or infinite values")
        return values

    def _number(self, word: str) -> float:
        try:
            value = float(word)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self._bad(f"“{word[:40]}” is no number")
        return value

    def _bad(self, reason: str) -> AqgtError:
        return AqgtError(
            f"“{self.path}” is no readable BVH file: {reason} (line {self.at}).",
            "Export it again.",
            "bad-file",
        )


def _rounded(fps: float) -> float:
    """Frame times are written with few digits: 0.0333333 means 30 frames per second."""
    return float(round(fps)) if abs(fps - round(fps)) < 1e-3 * fps and round(fps) > 0 else fps
