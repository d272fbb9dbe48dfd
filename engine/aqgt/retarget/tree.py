# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions about the tree of an armature's bones, and about the order of roles in a body."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from aqgt.retarget import roles
from aqgt.retarget.rig import RigDescription
from aqgt.skeleton import FINGERS


class Tree:
    """Parents, children and distances of a rig's bones, by index."""

    def __init__(self, rig: RigDescription) -> None:
        self.rig = rig
        self.parents = rig.parents
        self.heads = rig.heads
        self.children: list[list[int]] = [[] for _ in rig.names]
        for bone, parent in enumerate(rig.parents):
            if parent >= 0:
                self.children[parent].append(bone)

    def ancestors(self, bone: int) -> list[int]:
        """The bones above, nearest first."""
        found: list[int] = []
        while (bone := int(self.parents[bone])) >= 0:
            found.append(bone)
        return found

    def is_below(self, bone: int, above: int) -> bool:
        """Whether ``above`` is an ancestor of ``bone``."""
        return above in self.ancestors(bone)

    def path(self, above: int, bone: int) -> list[int]:
        """The bones from ``above`` down to ``bone``, both included; empty if it is not below."""
        chain = [bone, *self.ancestors(bone)]
        return chain[: chain.index(above) + 1][::-1] if above in chain else []

    def subtree(self, bone: int) -> list[int]:
        """The bone and all below it, parents first."""
        found = [bone]
        for one in found:
            found.extend(self.children[one])
        return found

    def distance(self, a: int, b: int) -> float:
        """Between the heads of two bones."""
        return float(np.linalg.norm(self.heads[a] - self.heads[b]))

    @cached_property
    def reach(self) -> NDArray[np.float64]:
        """`[B]` length of the longest way from a bone's head down to a head below it."""
        reach = np.zeros(len(self.parents))
        for bone in range(len(self.parents) - 1, -1, -1):
            parent = int(self.parents[bone])
            if parent >= 0:
                reach[parent] = max(reach[parent], reach[bone] + self.distance(bone, parent))
        return reach

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """`[B]` number of bones in the subtree of each bone, itself included."""
        sizes = np.ones(len(self.parents), dtype=np.int64)
        for bone in range(len(self.parents) - 1, -1, -1):
            if self.parents[bone] >= 0:
                sizes[self.parents[bone]] += sizes[bone]
        return sizes


_ARM = ("clavicle", "upper_arm", "forearm", "hand")
_LEG = ("thigh", "shin", "foot", "toes")


def _limb_above(rest: str, order: tuple[str, ...]) -> list[str]:
    """Roles of a limb that lie above one of its roles, nearest first; sides left out."""
    chain, _, number = rest.rpartition("_") if rest[-1].isdigit() else (rest, "", "1")
    found = [f"{chain}_{k}" for k in range(int(number) - 1, 0, -1)]
    for name in reversed(order[: order.index(chain)]):
        found += (
            [f"{name}_{k}" for k in range(roles.MAX_CHAIN, 0, -1)] if name in roles.SIDE_CHAINS else [name]
        )
    return found


_TRUNK = [f"spine_{k}" for k in range(roles.MAX_CHAIN, 0, -1)]


def roles_above(role: str) -> list[str]:
    """The roles that lie above a role in a body, nearest first."""
    if role == "hips":
        return []
    if role == "head":
        return [f"neck_{k}" for k in range(roles.MAX_CHAIN, 0, -1)] + _TRUNK
    chain, _, number = role.rpartition("_")
    if chain in roles.CENTRE_CHAINS:
        below = [f"{chain}_{k}" for k in range(int(number) - 1, 0, -1)]
        return below + (_TRUNK if chain == "neck" else [])
    side, _, rest = role.partition("_")
    word = rest.split("_")[0]
    if word in FINGERS:
        above = [f"{word}_{k}" for k in range(int(rest[-1]) - 1, 0, -1)] + [
            "hand",
            *_limb_above("hand", _ARM),
        ]
    elif word in roles.LEG:
        above = _limb_above(rest, _LEG)
    else:
        above = _limb_above(rest, _ARM)
    return [f"{side}_{name}" for name in above] + ([] if word in roles.LEG else _TRUNK)


def carrier_role(role: str, bones: MappingType[str, str]) -> str | None:
    """The mapped role that carries a role in a body: the hand carries ``index_1``, the clavicle the arm."""
    return next((above for above in roles_above(role) if above in bones), None)


def misplaced(tree: Tree, bones: MappingType[str, str]) -> dict[str, str]:
    """Roles whose bone does not hang below the bone that should carry it, each with that role."""
    index = tree.rig.index
    wrong: dict[str, str] = {}
    for role, bone in bones.items():
        above = carrier_role(role, bones)
        if above is not None and not tree.is_below(index[bone], index[bones[above]]):
            wrong[role] = above
    return wrong
