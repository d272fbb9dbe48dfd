# SPDX-License-Identifier: GPL-3.0-or-later
"""Hips, spine, neck and head by shape: the chain in the mirror plane between legs, arms and the top."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aqgt.retarget import roles
from aqgt.retarget.symmetry import Mirror
from aqgt.retarget.tree import Tree

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Limbs:
    """A mirrored pair of limbs: where it is attached, and its first bones on both halves of the body."""

    attach: int
    first: tuple[int, int]


def common_ancestor(tree: Tree, a: int, b: int) -> int:
    """The nearest bone above both (or one of them); -1 if there is none."""
    above = [b, *tree.ancestors(b)]
    return next((one for one in [a, *tree.ancestors(a)] if one in above), -1)


def find_trunk(
    tree: Tree,
    mirror: Mirror,
    up: Floats,
    arms: Limbs,
    legs: Limbs,
    leafy: bool | None,
    doubts: dict[str, str],
) -> dict[str, int]:
    """Hips, spine, neck and head."""
    hips = common_ancestor(tree, arms.attach, legs.attach)
    if hips < 0:
        return {}
    found = {"hips": hips}
    spine = tree.path(hips, arms.attach)[1:]
    found.update({f"spine_{k + 1}": bone for k, bone in enumerate(spine[: roles.MAX_CHAIN])})
    trunk = float(up @ (tree.heads[list(arms.first)].mean(axis=0) - tree.heads[hips]))
    above: list[int] = []
    here = arms.attach
    while True:
        upward = [
            c
            for c in tree.children[here]
            if mirror.is_middle(c) and float(up @ (tree.heads[c] - tree.heads[here])) > 0.02 * trunk
        ]
        if not upward:
            break
        here = max(upward, key=lambda c: (tree.sizes[c], up @ tree.heads[c]))
        above.append(here)
        if _carries_face(tree, mirror, here):
            break
    found.update(_neck_and_head(tree, above, trunk, leafy, doubts))
    return found


def _carries_face(tree: Tree, mirror: Mirror, bone: int) -> bool:
    """Whether bones on both halves (eyes, ears, brows) hang on it or on short bones below it."""
    halves = {int(np.sign(mirror.half[c])) for c in tree.subtree(bone)[1:]}
    branches = len(tree.children[bone])
    return {-1, 1} <= halves and branches >= 2


def _neck_and_head(
    tree: Tree, above: list[int], trunk: float, leafy: bool | None, doubts: dict[str, str]
) -> dict[str, int]:
    """The bones above the shoulders; the last one may be only the top of the head."""
    if len(above) >= 2 and not tree.children[above[-1]]:
        last = tree.distance(above[-1], above[-2])
        neck = tree.distance(above[0], above[-2]) if len(above) > 2 else 0.25 * trunk
        if leafy or last > 1.3 * neck:
            above = above[:-1]
        elif leafy is None and last > 0.7 * neck:
            doubts["head"] = "It may be the top of the head, and the head the bone below"
    if not above:
        return {}
    if len(above) == 1:
        doubts["head"] = "Only one bone stands above the shoulders: it may be the neck"
    found = {f"neck_{k + 1}": bone for k, bone in enumerate(above[:-1])}
    return found | {"head": above[-1]}
