# SPDX-License-Identifier: GPL-3.0-or-later
"""Arms and legs by shape: which bones on a path are clavicle, upper and lower part, hand or foot."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from aqgt.retarget.digits import finger_chains
from aqgt.retarget.symmetry import Mirror
from aqgt.retarget.tree import Tree

Floats = NDArray[np.float64]

_ARM_RATIO, _LEG_RATIO, _SPREAD = 1.1, 1.0, 0.16
"""Upper over lower part of a limb, and the standard deviation of its logarithm (people: about 0.08)."""
_CLEAR = 1.5
"""How much worse (in squared deviations) the second best reading of a limb must be."""


def path_down(tree: Tree, first: int) -> list[int]:
    """From a limb's first bone down to its hand or foot's last bone, along the longest way."""
    path = [first]
    while tree.children[path[-1]]:
        here = path[-1]
        if _is_hand(tree, here):
            break
        below = max(
            tree.children[here],
            key=lambda c: (tree.reach[c] + tree.distance(c, here), tree.sizes[c]),
        )
        if tree.reach[below] + tree.distance(below, here) <= 1e-6:
            break
        path.append(below)
    return path


def _is_hand(tree: Tree, bone: int) -> bool:
    """Whether three chains or more part here, rather than further down."""
    return len(finger_chains(tree, bone)) >= 3 and all(
        len(finger_chains(tree, below)) < 3 for below in tree.children[bone]
    )


def find_arm(tree: Tree, mirror: Mirror, path: list[int]) -> dict[str, int]:
    """Clavicle, upper arm, forearm and hand on a path; empty where no reading is clearly the best."""
    with_fingers = _is_hand(tree, path[-1])
    wrists = [len(path) - 1] if with_fingers else range(2, len(path))
    readings: list[tuple[float, tuple[int, int, int]]] = []
    for wrist in wrists:
        for shoulder in range(0, wrist - 1):
            for elbow in range(shoulder + 1, wrist):
                cost = _limb_cost(tree, path, (shoulder, elbow, wrist), _ARM_RATIO)
                arm = _along(tree, path, shoulder, wrist)
                width = abs(mirror.offset(path[shoulder])) / arm
                cost += ((width - 0.33) / 0.14) ** 2
                rest = _along(tree, path, wrist, len(path) - 1) / arm
                cost += 0.0 if with_fingers else (max(rest - 0.35, 0.0) / 0.1) ** 2
                readings.append((cost, (shoulder, elbow, wrist)))
    chosen = _clearly_best(tree, path, readings)
    if chosen is None:
        return {}
    shoulder, elbow, wrist = chosen
    found = {"hand": path[wrist]}
    found.update({f"upper_arm_{k + 1}": bone for k, bone in enumerate(path[shoulder:elbow])})
    found.update({f"forearm_{k + 1}": bone for k, bone in enumerate(path[elbow:wrist])})
    if shoulder:
        found["clavicle"] = path[0]
    return found


def find_leg(tree: Tree, up: Floats, path: list[int]) -> dict[str, int]:
    """Thigh, shin, foot and toes on a path; empty where no reading is clearly the best."""
    readings: list[tuple[float, tuple[int, int, int]]] = []
    for ankle in range(2, len(path)):
        for hip in range(0, ankle - 1):
            for knee in range(hip + 1, ankle):
                leg = _along(tree, path, hip, ankle)
                before = _along(tree, path, 0, hip) / leg
                rest = _along(tree, path, ankle, len(path) - 1) / leg
                cost = _limb_cost(tree, path, (hip, knee, ankle), _LEG_RATIO)
                cost += (max(before - 0.1, 0.0) / 0.1) ** 2 + (max(rest - 0.35, 0.0) / 0.1) ** 2
                cost += _slant(tree, up, path[hip : ankle + 1])
                readings.append((cost, (hip, knee, ankle)))
    chosen = _clearly_best(tree, path, readings)
    if chosen is None:
        return {}
    hip, knee, ankle = chosen
    found = {"foot": path[ankle]}
    found.update({f"thigh_{k + 1}": bone for k, bone in enumerate(path[hip:knee])})
    found.update({f"shin_{k + 1}": bone for k, bone in enumerate(path[knee:ankle])})
    if ankle + 1 < len(path):
        found["toes"] = path[ankle + 1]
    return found


def _limb_cost(tree: Tree, path: list[int], joints: tuple[int, int, int], ratio: float) -> float:
    upper, lower = (_along(tree, path, a, b) for a, b in itertools.pairwise(joints))
    if min(upper, lower) <= 1e-9:
        return 1e9
    cost = float((np.log(upper / lower / ratio) / _SPREAD) ** 2)
    for start, stop in itertools.pairwise(joints):
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
    for a, b in itertools.pairwise(joints):
        way = tree.heads[a] - tree.heads[b]
        angle = float(np.arccos(np.clip(up @ way / max(float(np.linalg.norm(way)), 1e-12), -1.0, 1.0)))
        cost += (max(angle - 0.35, 0.0) / 0.15) ** 2
    return cost


def _clearly_best(
    tree: Tree, path: list[int], readings: list[tuple[float, tuple[int, int, int]]]
) -> tuple[int, int, int] | None:
    """The best reading, unless it is poor or another with other joints is about as good."""
    if not readings:
        return None
    readings.sort()
    best = readings[0]

    def differs(other: tuple[int, int, int]) -> bool:
        return any(
            tree.distance(path[a], path[b]) > 1e-3 * tree.reach[path[0]]
            for a, b in zip(best[1], other, strict=True)
        )

    rivals = [cost for cost, joints in readings[1:] if differs(joints)]
    clear = not rivals or rivals[0] > best[0] + _CLEAR
    return best[1] if best[0] < 9.0 and clear else None
