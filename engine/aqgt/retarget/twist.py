# SPDX-License-Identifier: GPL-3.0-or-later
"""Twist bones: bones beside a limb that take a share of its roll, so that the skin does not collapse."""

from __future__ import annotations

from collections.abc import Mapping as MappingType

import numpy as np

from aqgt.retarget import roles
from aqgt.retarget.bone_map import BoneMap
from aqgt.retarget.by_words import is_twist
from aqgt.retarget.canonical import canonical
from aqgt.retarget.tree import Tree

_NEXT = {"upper_arm": "forearm_1", "forearm": "hand", "thigh": "shin_1", "shin": "foot"}

Twists = dict[str, tuple[tuple[str, float], ...]]


def twist_bones(tree: Tree, bones: MappingType[str, str], bone_map: BoneMap | None) -> Twists:
    """Role of a limb's part to its twist bones and their shares (see ``Mapping.twist``).

    Bones that the bone map lists, else those with a word for twist in their name that hang on the part and
    carry nothing that is mapped.
    """
    taken = set(bones.values())
    found: Twists = {}
    for role in bones:
        chain = role.rpartition("_")[0]
        if chain.partition("_")[2] not in roles.SIDE_CHAINS:
            continue
        listed = dict(bone_map.twist.get(role, ())) if bone_map else {}
        here = [
            (name, share) for name, share in listed.items() if name in tree.rig.index and name not in taken
        ]
        if not here:
            here = [(name, None) for name in _by_words(tree, bones[role]) if name not in taken]
        shares = tuple(
            (name, _share(tree, bones, chain, name) if share is None else float(share))
            for name, share in here
        )
        if shares:
            found[role] = shares
    return found


def _by_words(tree: Tree, bone: str) -> list[str]:
    names = tree.rig.names
    return [
        names[child]
        for child in tree.children[tree.rig.index[bone]]
        if is_twist(canonical(names[child])) and tree.reach[child] <= 1e-6
    ]


def _share(tree: Tree, bones: MappingType[str, str], chain: str, name: str) -> float:
    """How far along the whole limb the bone sits: 0 at the upper end, 1 at the lower."""
    side, _, limb = chain.partition("_")
    index = tree.rig.index
    start = tree.heads[index[bones[f"{chain}_1"]]] if f"{chain}_1" in bones else None
    end_role = f"{side}_{_NEXT[limb]}"
    if start is None or end_role not in bones:
        return 0.5
    way = tree.heads[index[bones[end_role]]] - start
    along = (tree.heads[index[name]] - start) @ way / max(float(way @ way), 1e-12)
    return round(float(np.clip(along, 0.0, 1.0)), 3)
