# SPDX-License-Identifier: GPL-3.0-or-later
"""Fingers by shape: five chains below a hand, the thumb rooted nearest the wrist, the others side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aqgt.retarget.tree import Tree
from aqgt.skeleton import FINGERS

Floats = NDArray[np.float64]

_PALM = 1.0
"""A first bone whose head is nearer to the wrist than it is long lies in the palm."""
_THUMB, _ALONE = 0.75, 0.85
"""The thumb's root is at most this share of the other knuckles' distance from the wrist, all others more."""


def finger_chains(tree: Tree, hand: int) -> list[list[int]]:
    """Unbranched chains of two bones or more that end below a hand, root first, without bones they share."""
    chains: list[list[int]] = []
    for leaf in tree.subtree(hand)[1:]:
        if tree.children[leaf]:
            continue
        chain = [leaf]
        while True:
            parent = int(tree.parents[chain[-1]])
            if parent == hand or len(tree.children[parent]) > 1:
                break
            chain.append(parent)
        chain = [bone for k, bone in enumerate(chain) if k == 0 or tree.distance(bone, chain[k - 1]) > 1e-9]
        if len(chain) >= 2:
            chains.append(chain[::-1])
    return chains


def find_fingers(tree: Tree, hand: int) -> tuple[dict[str, int], dict[str, str]]:
    """Finger roles without their side to bones, and doubts; empty unless there are five fingers."""
    chains = finger_chains(tree, hand)
    if len(chains) != len(FINGERS):
        return {}, {}
    wrist = tree.heads[hand]
    bare = [_without_palm(tree, wrist, chain) for chain in chains]
    thumb = _thumb(tree, wrist, chains, bare)
    if thumb is None:
        return {}, {}
    rest = _side_by_side(tree, chains, bare, thumb)
    if rest is None:
        return {}, {}
    found: dict[str, int] = {}
    doubts: dict[str, str] = {}
    chosen = [chains[thumb] if len(bare[thumb]) < 3 else bare[thumb], *(bare[one] for one in rest)]
    for finger, chain in zip(FINGERS, chosen, strict=True):
        for k, bone in enumerate(chain[:3]):
            found[f"{finger}_{k + 1}"] = bone
            if len(chain) < 3:
                doubts[f"{finger}_{k + 1}"] = "The finger has fewer than three bones"
    return found, doubts


def has_leaves(tree: Tree, hand: int) -> bool | None:
    """Whether one more bone stands behind each last phalanx, as importers add them; None without fingers."""
    chains = finger_chains(tree, hand)
    if len(chains) != len(FINGERS):
        return None
    bare = [_without_palm(tree, tree.heads[hand], chain) for chain in chains]
    return sum(len(chain) > 3 for chain in bare) >= 3


def _without_palm(tree: Tree, wrist: Floats, chain: list[int]) -> list[int]:
    """A chain less its metacarpal bone."""
    if len(chain) < 4:
        return chain
    first = float(np.linalg.norm(tree.heads[chain[0]] - wrist))
    return chain[1:] if first < _PALM * tree.distance(chain[0], chain[1]) else chain


def _thumb(tree: Tree, wrist: Floats, chains: list[list[int]], bare: list[list[int]]) -> int | None:
    """The chain whose knuckle lies clearly nearest to the wrist."""
    knuckles = [float(np.linalg.norm(tree.heads[chain[0]] - wrist)) for chain in bare]
    # A thumb with four bones looks as if its first lay in the palm: judge it by its own root.
    order = np.argsort(knuckles)
    nearest, second = int(order[0]), int(order[1])
    others = float(np.median([knuckles[one] for one in order[2:]]))
    if knuckles[nearest] < _THUMB * others and knuckles[second] > _ALONE * others:
        return nearest
    spread = [_away(tree, chains, one) for one in range(len(chains))]
    widest = int(np.argmax(spread))
    rest = [value for one, value in enumerate(spread) if one != widest]
    return widest if spread[widest] > 2.0 * float(np.median(rest)) else None


def _away(tree: Tree, chains: list[list[int]], one: int) -> float:
    """Angle between a chain and the mean of the others, in radians."""
    ways = [tree.heads[chain[-1]] - tree.heads[chain[0]] for chain in chains]
    ways = [way / max(float(np.linalg.norm(way)), 1e-12) for way in ways]
    mean = np.sum([way for k, way in enumerate(ways) if k != one], axis=0)
    mean = mean / max(float(np.linalg.norm(mean)), 1e-12)
    return float(np.arccos(np.clip(ways[one] @ mean, -1.0, 1.0)))


def _side_by_side(tree: Tree, chains: list[list[int]], bare: list[list[int]], thumb: int) -> list[int] | None:
    """The other four from index to little: along their knuckles, beginning on the thumb's side."""
    rest = [one for one in range(len(chains)) if one != thumb]
    knuckles = np.array([tree.heads[bare[one][0]] for one in rest])
    centred = knuckles - knuckles.mean(axis=0)
    line = np.linalg.svd(centred)[2][0]
    places = centred @ line
    to_thumb = (tree.heads[chains[thumb][-1]] - knuckles.mean(axis=0)) @ line
    if to_thumb > 0:
        places = -places
    order = np.argsort(places)
    gaps = np.diff(places[order])
    if abs(to_thumb) < 0.5 * np.ptp(places) or gaps.min() < 0.25 * gaps.max():
        return None
    return [rest[int(k)] for k in order]
