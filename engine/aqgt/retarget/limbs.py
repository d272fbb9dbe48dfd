# SPDX-License-Identifier: GPL-3.0-or-later
"""Arms and legs by shape: which bones on a path are clavicle, upper and lower part, hand or foot."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from aqgt.retarget.digits import finger_chains
from aqgt.retarget.symmetry import Mirror
from aqgt.retarget.tree import Tree

Floats = NDArray[np.float64]
Joints = tuple[int, int, int]
"""Places on a path: where the upper part begins, where the lower, and where the limb ends."""

_ARM_RATIO, _LEG_RATIO, _SPREAD = 1.1, 1.0, 0.16
"""Upper over lower part of a limb, and the standard deviation of its logarithm (people: about 0.08)."""
_NO_CLAVICLE = 2.0
"""Cost of an arm without a clavicle: rare, and easily taken for one with a long upper arm."""
_CLEAR = 1.5
"""How much worse (in squared deviations) the second best reading of a limb must be."""
_POOR = 9.0
"""A reading that costs more is not believed."""


def path_down(tree: Tree, first: int) -> list[int]:
    """From a limb's first bone down to its hand or foot's last bone, along the longest way."""
    path = [first]
    while tree.children[path[-1]]:
        here = path[-1]
        if is_hand(tree, here):
            break
        below = max(
            tree.children[here],
            key=lambda c: (tree.reach[c] + tree.distance(c, here), tree.sizes[c]),
        )
        if tree.reach[below] + tree.distance(below, here) <= 1e-6:
            break
        path.append(below)
    return path


def is_hand(tree: Tree, bone: int) -> bool:
    """Whether three chains or more part here, rather than further down."""
    return len(finger_chains(tree, bone)) >= 3 and all(
        len(finger_chains(tree, below)) < 3 for below in tree.children[bone]
    )


def find_arms(tree: Tree, mirror: Mirror, paths: list[list[int]]) -> list[dict[str, int]]:
    """Clavicle, upper arm, forearm and hand on both paths; empty where no reading is clearly the best."""
    found: list[dict[str, int]] = []
    for path, joints in zip(
        paths, _agreed(tree, paths, [_arm(tree, mirror, path) for path in paths]), strict=True
    ):
        found.append({})
        if joints is None:
            continue
        shoulder, _, wrist = joints
        found[-1] = _parts(path, joints, "upper_arm", "forearm") | {"hand": path[wrist]}
        if shoulder:
            found[-1]["clavicle"] = path[0]
    return found


def find_legs(tree: Tree, up: Floats, paths: list[list[int]]) -> list[dict[str, int]]:
    """Thigh, shin, foot and toes on both paths; empty where no reading is clearly the best."""
    found: list[dict[str, int]] = []
    for path, joints in zip(
        paths, _agreed(tree, paths, [_leg(tree, up, path) for path in paths]), strict=True
    ):
        found.append({})
        if joints is None:
            continue
        ankle = joints[2]
        found[-1] = _parts(path, joints, "thigh", "shin") | {"foot": path[ankle]}
        if ankle + 1 < len(path) and len(finger_chains(tree, path[ankle])) < 2:
            found[-1]["toes"] = path[ankle + 1]
    return found


def _parts(path: list[int], joints: Joints, upper: str, lower: str) -> dict[str, int]:
    start, middle, end = joints
    found = {f"{upper}_{k + 1}": bone for k, bone in enumerate(path[start:middle])}
    return found | {f"{lower}_{k + 1}": bone for k, bone in enumerate(path[middle:end])}


def _arm(tree: Tree, mirror: Mirror, path: list[int]) -> dict[Joints, float]:
    """Costs of all ways to see shoulder, elbow and wrist on a path."""
    with_fingers = is_hand(tree, path[-1])
    costs: dict[Joints, float] = {}
    for wrist in [len(path) - 1] if with_fingers else range(2, len(path)):
        for shoulder, elbow in combinations(range(wrist), 2):
            arm = _along(tree, path, shoulder, wrist)
            width = abs(mirror.offset(path[shoulder])) / arm
            cost = _limb_cost(tree, path, (shoulder, elbow, wrist), _ARM_RATIO)
            cost += ((width - 0.33) / 0.14) ** 2 + (_NO_CLAVICLE if shoulder == 0 else 0.0)
            rest = _along(tree, path, wrist, len(path) - 1) / arm
            cost += 0.0 if with_fingers else (max(rest - 0.35, 0.0) / 0.1) ** 2
            costs[shoulder, elbow, wrist] = cost
    return costs


def _leg(tree: Tree, up: Floats, path: list[int]) -> dict[Joints, float]:
    """Costs of all ways to see hip, knee and ankle on a path."""
    costs: dict[Joints, float] = {}
    for hip, knee, ankle in combinations(range(len(path)), 3):
        leg = _along(tree, path, hip, ankle)
        before = _along(tree, path, 0, hip) / leg
        rest = _along(tree, path, ankle, len(path) - 1) / leg
        cost = _limb_cost(tree, path, (hip, knee, ankle), _LEG_RATIO)
        cost += (max(before - 0.1, 0.0) / 0.1) ** 2 + (max(rest - 0.35, 0.0) / 0.1) ** 2
        costs[hip, knee, ankle] = cost + _slant(tree, up, path[hip : ankle + 1])
    return costs


def _agreed(tree: Tree, paths: list[list[int]], costs: list[dict[Joints, float]]) -> list[Joints | None]:
    """The best reading of each side: one and the same for both where their paths are alike."""
    if set(costs[0]) == set(costs[1]):
        mean = {joints: (costs[0][joints] + costs[1][joints]) / 2 for joints in costs[0]}
        chosen = _clearly_best(tree, paths[0], mean)
        return [chosen, chosen]
    return [_clearly_best(tree, path, one) for path, one in zip(paths, costs, strict=True)]


def _limb_cost(tree: Tree, path: list[int], joints: tuple[int, int, int], ratio: float) -> float:
    upper, lower = (_along(tree, path, a, b) for a, b in pairwise(joints))
    if min(upper, lower) <= 1e-9:
        return 1e9
    cost = float((np.log(upper / lower / ratio) / _SPREAD) ** 2)
    for start, stop in pairwise(joints):
        parts = [
            tree.distance(a, b) for a, b in zip(path[start:stop], path[start + 1 : stop + 1], strict=True)
        ]
        cost += (max(0.4 - min(parts) / max(parts), 0.0) / 0.1) ** 2  # split limbs have parts of like length
    return cost


def _along(tree: Tree, path: list[int], start: int, stop: int) -> float:
    return max(
        sum(tree.distance(a, b) for a, b in zip(path[start:stop], path[start + 1 : stop + 1], strict=True)),
        1e-9,
    )


def _slant(tree: Tree, up: Floats, joints: list[int]) -> float:
    """Cost of parts of a leg that don't lead down: a bone from the hips to the leg, a foot."""
    cost = 0.0
    for a, b in pairwise(joints):
        way = tree.heads[a] - tree.heads[b]
        angle = float(np.arccos(np.clip(up @ way / max(float(np.linalg.norm(way)), 1e-12), -1.0, 1.0)))
        cost += (max(angle - 0.35, 0.0) / 0.15) ** 2
    return cost


def _clearly_best(tree: Tree, path: list[int], costs: dict[Joints, float]) -> Joints | None:
    """The best reading, unless it is poor or another with other joints is about as good."""
    if not costs:
        return None
    best = min(costs, key=lambda joints: costs[joints])

    def differs(other: Joints) -> bool:
        return any(
            tree.distance(path[a], path[b]) > 1e-3 * tree.reach[path[0]]
            for a, b in zip(best, other, strict=True)
        )

    rivals = [cost for joints, cost in costs.items() if differs(joints)]
    clear = not rivals or min(rivals) > costs[best] + _CLEAR
    return best if costs[best] < _POOR and clear else None
