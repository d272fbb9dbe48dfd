# SPDX-License-Identifier: GPL-3.0-or-later
"""The mirror plane of a rest pose, and which half of the body each bone belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aqgt.retarget.tree import Tree

_CLOSE = 0.02
"""How far, in sizes of the rig, a bone may be from where its mirror image is."""
_OFF = 0.01
"""How far from the plane, in sizes of the rig, a bone is no longer in the middle."""
_PAIRED = 0.7
"""Share of the bones off the plane that must have a mirror image."""


@dataclass(frozen=True)
class Mirror:
    """The plane, and what lies on which half.

    Attributes:
        tree: the rig.
        axis: of the armature, square to the plane.
        place: of the plane on that axis.
        size: of the rig: its largest extent.
        half: `[B]` 1 or -1 where a bone and all below it lie on one half, 0 where they don't.
    """

    tree: Tree
    axis: int
    place: float
    size: float
    half: NDArray[np.int64]

    def offset(self, bone: int) -> float:
        """Signed distance of a bone's head from the plane."""
        return float(self.tree.heads[bone, self.axis] - self.place)

    def is_centre(self, bone: int) -> bool:
        """Whether bones of both halves hang below it."""
        below = self.half[self.tree.subtree(bone)[1:]]
        return bool((below > 0).any() and (below < 0).any())

    def is_middle(self, bone: int) -> bool:
        """Whether it lies in the plane, with nothing or both halves below."""
        return self.half[bone] == 0 and abs(self.offset(bone)) < 2 * _OFF * self.size

    def twin(self, bone: int, others: list[int]) -> int | None:
        """The mirror image of a bone among others, by place and by what hangs below."""
        image = self.tree.heads[bone].copy()
        image[self.axis] = 2 * self.place - image[self.axis]
        near = [
            (float(np.linalg.norm(self.tree.heads[one] - image)), one)
            for one in others
            if abs(self.tree.sizes[one] - self.tree.sizes[bone]) <= 0.2 * self.tree.sizes[bone]
        ]
        found = min(near, default=None)
        return None if found is None or found[0] > 2 * _CLOSE * self.size else found[1]


def find_mirror(tree: Tree) -> Mirror | None:
    """The axis plane that maps most bones off it onto others; None if the rest pose is not symmetric."""
    heads = tree.heads
    size = float(np.ptp(heads, axis=0).max())
    if size <= 0:
        return None
    best: tuple[int, int, float] | None = None
    for axis in range(3):
        for place in _places(tree, axis):
            off = np.flatnonzero(np.abs(heads[:, axis] - place) > _OFF * size)
            images = heads[off].copy()
            images[:, axis] = 2 * place - images[:, axis]
            gaps = np.linalg.norm(images[:, None] - heads[None], axis=-1)
            paired = int((gaps.min(axis=1, initial=np.inf) < _CLOSE * size).sum())
            both = (heads[off, axis] > place).any() and (heads[off, axis] < place).any()
            if both and paired >= max(6, _PAIRED * len(off)) and (best is None or paired > best[0]):
                best = (paired, axis, place)
    if best is None:
        return None
    _, axis, place = best
    half = np.zeros(len(heads), dtype=np.int64)
    offsets = heads[:, axis] - place
    for bone in range(len(heads)):
        below = offsets[tree.subtree(bone)]
        if (below > -_OFF * size).all() and (below > _OFF * size).any():
            half[bone] = 1
        elif (below < _OFF * size).all() and (below < -_OFF * size).any():
            half[bone] = -1
    return Mirror(tree, axis, place, size, half)


def _places(tree: Tree, axis: int) -> list[float]:
    """Where the plane may cut an axis: at the bone that most hangs on, at the middle of all."""
    values = tree.heads[:, axis]
    root = int(np.argmax(tree.sizes))
    branching = max(range(len(values)), key=lambda bone: (len(tree.children[bone]) >= 3, tree.sizes[bone]))
    middle = float(values.min() + values.max()) / 2
    return sorted({float(values[root]), float(values[branching]), float(np.median(values)), middle})
