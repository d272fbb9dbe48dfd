# SPDX-License-Identifier: GPL-3.0-or-later
"""Joints of SmartBody's other skeletons under the names of its ChrBrad, by which the clips are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations
from aqgt_training.corpora.smartbody_files import SkeletonFile

Floats = NDArray[np.float64]
Between = tuple[str, str, float]
"""A point on the way from one joint to another: both names and the share of the way."""

_SIDE = "{side}"
_UP = np.array([0.0, 1.0, 0.0])


def own_names(table: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Between]]:
    """What a skeleton calls ChrBrad's joints, and which of them it has not, but between two others.

    Args:
        table: ChrBrad's name → the skeleton's, or two of ChrBrad's and a share. ``side`` holds what stands
            for left and right where a name says ``{side}``; ChrBrad's then end in ``Lf`` and ``Rt``.
    """
    joints: dict[str, str] = {}
    between: dict[str, Between] = {}
    for name, value in table.items():
        if name == "side":
            continue
        if isinstance(value, str):
            sided = _SIDE in value
            for short, word in zip(("Lf", "Rt"), table["side"], strict=True) if sided else (("", ""),):
                joints[name + short] = value.replace(_SIDE, word)
            continue
        first, last, share = value
        sided = first + "Lf" in joints
        for short in ("Lf", "Rt") if sided else ("",):
            between[name + short] = (first + short, last + short, float(share))
    return joints, between


def renamed(skeleton: SkeletonFile, joints: Mapping[str, str]) -> SkeletonFile:
    """The same skeleton under ChrBrad's names; a second name of a joint becomes a joint at its place.

    Joints without a name there keep their own.
    """
    names = list(skeleton.names)
    parents = list(skeleton.parents)
    offsets, turns = list(skeleton.offsets), list(skeleton.prerotations)
    taken: set[int] = set()
    for wanted, own in joints.items():
        if own not in skeleton.names:
            continue
        at = list(skeleton.names).index(own)
        if at not in taken:
            names[at] = wanted
            taken.add(at)
            continue
        names.append(wanted)
        parents.append(at)
        offsets.append(np.zeros(3))
        turns.append(rotations.IDENTITY)
    return SkeletonFile(names, parents, np.array(offsets), np.array(turns))


def turned_to_the_front(positions: Floats, forward: Floats) -> Floats:
    """Positions `[T, J, 3]` turned about the vertical, so that ``forward`` `[T, 3]` is +z on average."""
    mean = forward.mean(axis=0)
    yaw = np.arctan2(mean[0], mean[2])
    return rotations.rotate(rotations.from_axis_angle(_UP, -yaw), positions)
