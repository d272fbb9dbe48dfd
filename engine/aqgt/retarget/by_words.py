# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bone plays which role by the words in its name, for rigs that no bone map knows.

The words are data (``rigs/words/synonyms.toml``). A word may fit two roles; the order of the bones along a
limb then decides. What stays open is left out.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping as MappingType
from functools import lru_cache
from itertools import pairwise, product
from typing import Any

from aqgt.resources import data_path
from aqgt.retarget import roles
from aqgt.retarget.by_name import common_prefixes
from aqgt.retarget.canonical import Name, canonical
from aqgt.retarget.tree import Tree

_SPLIT = ("upper_arm", "forearm", "thigh", "shin")
_BODY = ("trunk", "arm", "leg")
_LONGEST = 8
"""Bones of a limb that are looked at."""


@lru_cache(maxsize=1)
def words() -> dict[str, dict[str, list[str]]]:
    """The dictionary: group, role or kind, words."""
    data: dict[str, Any] = tomllib.loads(
        data_path("rigs", "words", "synonyms.toml").read_text(encoding="utf-8")
    )
    return {group: table for group, table in data.items() if isinstance(table, dict)}


def is_twist(name: Name) -> bool:
    """Whether a bone's words say that it only twists with a limb."""
    return any(word in words()["other"]["twist"] for word in name.words)


def find_by_words(tree: Tree) -> dict[str, str]:
    """Role to bone name, by words and by the order along trunk, limbs and fingers."""
    names = tree.rig.names
    bases = {word for group in _BODY for table in words()[group].values() for word in table}
    best: dict[str, str] = {}
    for prefix in common_prefixes([re.sub(r"\d+$", "", name) for name in names], bases)[:3]:
        found = _Search(tree, prefix).roles()
        if len(found) > len(best):
            best = found
    return best


class _Search:
    """One prefix tried on one armature."""

    def __init__(self, tree: Tree, prefix: str) -> None:
        self.tree = tree
        self.names = [canonical(name) for name in tree.rig.names]
        self.words = [self._word(name, prefix) for name in self.names]

    @staticmethod
    def _word(name: Name, prefix: str) -> str:
        if (
            name.end
            or not name.base.startswith(prefix)
            or any(w in words()["other"]["helper"] for w in name.words)
        ):
            return ""
        base = name.base.removeprefix(prefix)
        for twist in words()["other"]["twist"]:
            base = re.sub(rf"{twist}(?=\d*$)", "", base) if base != twist else base
        return re.sub(r"[\d_]+$", "", base)

    def roles(self) -> dict[str, str]:
        """Everything that the words settle."""
        found: dict[str, int] = {}
        for side in roles.SIDES:
            arm = self._limb(side, "arm", ("upper_arm", "forearm"), "hand")
            leg = self._limb(side, "leg", ("thigh", "shin"), "foot")
            found.update({f"{side}_{role}": bone for role, bone in (arm | leg).items()})
            if "hand" in arm:
                found.update(
                    {f"{side}_{role}": bone for role, bone in self._fingers(side, arm["hand"]).items()}
                )
        found.update(self._trunk(found))
        return {role: self.tree.rig.names[bone] for role, bone in found.items()}

    def _limb(self, side: str, group: str, needed: tuple[str, ...], end: str) -> dict[str, int]:
        """Numbered roles of the limb on the path that reaches its end and holds most of it."""
        table = words()[group]
        of_limb = {word for one in table.values() for word in one}
        best: list[int] = []
        best_rank = (False, 0)
        for bone, word in enumerate(self.words):
            if self.names[bone].side == side and word in of_limb:
                path = [
                    one
                    for one in [*reversed(self.tree.ancestors(bone)), bone]
                    if self.names[one].side == side and self.words[one] in of_limb
                ]
                rank = (any(self.words[one] in table[end] for one in path), len(path))
                if rank > best_rank:
                    best, best_rank = path, rank
        taken = assign(best, [self.words[one] for one in best], table, needed)
        if not taken or not self._gapless([bone for _, bone in taken]) or self._begins_late(taken):
            return {}
        if self._hangs_on_unknown(taken[0][1]) and len(self._readings(taken[0][1], table)) > 1:
            taken = taken[1:]
        return number(taken)

    def _readings(self, bone: int, table: MappingType[str, list[str]]) -> list[str]:
        return [role for role, spelt in table.items() if self.words[bone] in spelt]

    def _gapless(self, chain: list[int]) -> bool:
        """Whether nothing but twist and palm bones, or bones with words of a body, lies between."""
        return all(self._is_known(bone) for a, b in pairwise(chain) for bone in self.tree.path(a, b)[1:-1])

    def _is_known(self, bone: int) -> bool:
        other = words()["other"]
        kinds = other["palm"] + other["twist"]
        if any(word in kinds for word in self.names[bone].words):
            return True
        return any(self.words[bone] in one for group in _BODY for one in words()[group].values())

    def _begins_late(self, taken: list[tuple[str, int]]) -> bool:
        """Whether the first of a limb's parts carries a number that says there is one before it."""
        for chain in _SPLIT:
            first = next((bone for role, bone in taken if role == chain), None)
            last = re.search(r"(\d+)$", "" if first is None else self.names[first].base)
            if last and int(last.group(1)) > 1:
                return True
        return False

    def _hangs_on_unknown(self, bone: int) -> bool:
        parent = int(self.tree.parents[bone])
        return parent >= 0 and not self._is_known(parent)

    def _fingers(self, side: str, hand: int) -> dict[str, int]:
        below = self.tree.subtree(hand)[1:]
        found: dict[str, int] = {}
        for finger, spellings in words()["fingers"].items():
            chain = [
                bone
                for bone in below
                if self._is_finger(self.names[bone], spellings) and self.names[bone].side in (side, "")
            ]
            if not 2 <= len(chain) <= 3:
                continue
            between = [bone for bone in self.tree.path(hand, chain[-1])[1:] if bone not in chain]
            straight = all(self.tree.is_below(b, a) for a, b in pairwise(chain))
            if straight and all(self._is_palm(bone) for bone in between):
                found.update({f"{finger}_{k + 1}": bone for k, bone in enumerate(chain)})
        return found

    def _is_palm(self, bone: int) -> bool:
        return any(word in words()["other"]["palm"] for word in self.names[bone].words)

    @staticmethod
    def _is_finger(name: Name, spellings: list[str]) -> bool:
        if name.end or any(
            word in words()["other"]["palm"] + words()["other"]["helper"] for word in name.words
        ):
            return False
        return any(word in name.words or (len(word) > 4 and word in name.base) for word in spellings)

    def _trunk(self, limbs: MappingType[str, int]) -> dict[str, int]:
        """Hips, spine, neck and head: the named bones from the hips to arms and head."""
        table = words()["trunk"]

        def called(role: str) -> list[int]:
            return [
                bone
                for bone, word in enumerate(self.words)
                if word in table[role] and not self.names[bone].side
            ]

        found: dict[str, int] = {}
        arms = [
            limbs[role]
            for side in roles.SIDES
            for role in (f"{side}_clavicle", f"{side}_upper_arm_1")
            if role in limbs
        ]
        legs = [limbs[f"{side}_thigh_1"] for side in roles.SIDES if f"{side}_thigh_1" in limbs]
        heads = called("head")
        if len(heads) == 1:
            found["head"] = heads[0]
            chest = next((one for one in self.tree.ancestors(heads[0]) if self._carries(one, arms)), -1)
            necks = self.tree.path(chest, heads[0])[1:-1] if arms and chest >= 0 else []
            if all(bone in called("neck") for bone in necks):
                found.update({f"neck_{k + 1}": bone for k, bone in enumerate(necks)})
        if not arms:
            return found
        carries = [bone for bone in called("spine") if self._carries(bone, arms)]
        spine = [bone for bone in carries if not any(self.tree.is_below(leg, bone) for leg in legs)]
        spine.sort(key=self._depth)
        hips = [bone for bone in called("hips") if not spine or self.tree.is_below(spine[0], bone)]
        hips = hips or [bone for bone in carries if bone not in spine]
        if hips:
            found["hips"] = max(hips, key=self._depth)
            way = self.tree.path(found["hips"], arms[0])[1:-1]
            trunk = [bone for bone in way if self._carries(bone, arms)]
            if trunk == spine:
                found.update({f"spine_{k + 1}": bone for k, bone in enumerate(spine[: roles.MAX_CHAIN])})
        return found

    def _carries(self, bone: int, limbs: list[int]) -> bool:
        return all(self.tree.is_below(limb, bone) for limb in limbs)

    def _depth(self, bone: int) -> int:
        return len(self.tree.ancestors(bone))


def assign(
    path: list[int],
    spelt: list[str],
    table: MappingType[str, list[str]],
    needed: tuple[str, ...],
) -> list[tuple[str, int]]:
    """Roles for the bones of a path, from the root, so that their order is the body's.

    Only the parts of a limb may repeat, and only with the same word. Of two readings equally good, neither is
    taken.
    """
    order = list(table)
    options = [[role for role in order if word in table[role]] for word in spelt]
    best: list[tuple[str, int]] = []
    best_score, tie = 0.0, False
    for choice in product(*[[*one, ""] for one in options[:_LONGEST]]):
        taken = [(role, k) for k, role in enumerate(choice) if role]
        if not _in_order(taken, spelt, order) or not all(role in choice for role in needed):
            continue
        score = sum(1.0 - 0.05 * table[role].index(spelt[k]) for role, k in taken)
        if score > best_score + 1e-9:
            best, best_score, tie = [(role, path[k]) for role, k in taken], score, False
        elif abs(score - best_score) <= 1e-9:
            tie = True
    return [] if tie else best


def _in_order(taken: list[tuple[str, int]], spelt: list[str], order: list[str]) -> bool:
    for (role, k), (following, n) in pairwise(taken):
        if role == following:
            if role not in _SPLIT or spelt[k] != spelt[n]:
                return False
        elif order.index(role) > order.index(following):
            return False
    return True


def number(taken: list[tuple[str, int]]) -> dict[str, int]:
    """Roles with the numbers of their chains: forearm, forearm → forearm_1, forearm_2."""
    found: dict[str, int] = {}
    for role, bone in taken:
        if role in _SPLIT:
            k = 1 + sum(1 for one, _ in taken[: taken.index((role, bone))] if one == role)
            found[f"{role}_{k}"] = bone
        else:
            found[role] = bone
    return found
