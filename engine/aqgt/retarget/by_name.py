# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bones of an armature a bone map names: as spelt, else whatever the case, separators and prefix."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aqgt.retarget.bone_map import BoneMap
from aqgt.retarget.canonical import canonical, without_zeros

_HELPERS = ("org", "mch", "wgt", "vis", "ik", "ref")
"""Prefixes of bones that serve a control rig and must not be posed."""
_TRIED = 6


@dataclass(frozen=True)
class Found:
    """What a bone map finds in an armature.

    Attributes:
        bones: role to bone name.
        exact: whether the names are spelt as in the bone map (but for case and its own prefixes).
    """

    bones: dict[str, str]
    exact: bool


def find_named(names: Sequence[str], bone_map: BoneMap) -> Found:
    """The bones that the map names, each once.

    Names as spelt in the map go first. Only where they find fewer roles are names compared in canonical form;
    a form that two bones share is used for neither.
    """
    exact = _as_spelt(names, bone_map)
    if bone_map.controls:
        return Found(exact, True)
    loose = _canonical(names, bone_map)
    return Found(exact, True) if len(exact) >= len(loose) else Found(loose, False)


def _as_spelt(names: Sequence[str], bone_map: BoneMap) -> dict[str, str]:
    """Role to bone name by the prefix that finds most; exact spelling goes before another case."""
    best: dict[str, str] = {}
    for prefix in _prefixes_in(names, bone_map):
        exact = {name[len(prefix) :]: name for name in names if name.startswith(prefix)}
        loose = {short.lower(): name for short, name in reversed(exact.items())}
        found: dict[str, str] = {}
        for role, wanted in bone_map.bones.items():
            hits = [exact[n] for n in wanted if n in exact] + [
                loose[n.lower()] for n in wanted if n.lower() in loose
            ]
            free = [hit for hit in hits if hit not in found.values()]
            if free:
                found[role] = free[0]
        if len(found) > len(best):
            best = found
    return best


def _prefixes_in(names: Iterable[str], bone_map: BoneMap) -> list[str]:
    """The literal prefixes that occur in the armature, in the order of the bone map's patterns."""
    literal: dict[str, None] = {}
    for pattern in bone_map.prefixes:
        compiled = re.compile(pattern)
        for name in names:
            hit = compiled.match(name)
            if hit:
                literal[hit.group()] = None
    return list(literal)


def _canonical(names: Sequence[str], bone_map: BoneMap) -> dict[str, str]:
    """Role to bone name by canonical form and the prefix that finds most."""
    wanted = {role: [canonical(one) for one in options] for role, options in bone_map.bones.items()}
    prefixes = common_prefixes(names, {one.base for options in wanted.values() for one in options})
    best: dict[str, str] = {}
    for prefix in prefixes:
        strict, loose = canonical_index(names, prefix)
        found: dict[str, str] = {}
        for role, options in wanted.items():
            hits = [strict.get((one.side, one.base)) for one in options]
            hits += [loose.get((one.side, one.loose)) for one in options]
            free = [hit for hit in hits if hit is not None and hit not in found.values()]
            if free:
                found[role] = free[0]
        if len(found) > len(best):
            best = found
    return best


def common_prefixes(names: Sequence[str], bases: set[str]) -> list[str]:
    """What stands before known bases in the canonical names of an armature, most frequent first."""
    counted: Counter[str] = Counter()
    for name in names:
        base = canonical(name).base
        for cut in range(1 if base in bases else len(base)):  # the “fore” of a forearm is no prefix
            if base[cut:] in bases and not base[:cut].startswith(_HELPERS):
                counted[base[:cut]] += 1
    return [prefix for prefix, _ in counted.most_common(_TRIED)]


Index = dict[tuple[str, str], str]


def canonical_index(names: Sequence[str], prefix: str) -> tuple[Index, Index]:
    """(side, base) to bone name, with numbers as written and without leading zeros.

    A key that two bones share is left out; a leaf (``…_end``) counts only where nothing else has its key.
    """
    strict: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    loose: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    ordered = sorted(names, key=lambda name: canonical(name).end)
    for name in ordered:
        one = canonical(name)
        if not one.base.startswith(prefix):
            continue
        short = one.base.removeprefix(prefix)
        for index, base in ((strict, short), (loose, without_zeros(short))):
            key = (one.side, base)
            if not (one.end and index[key]):
                index[key].append(name)
    return (
        {key: found[0] for key, found in strict.items() if len(found) == 1},
        {key: found[0] for key, found in loose.items() if len(found) == 1},
    )
