# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bone plays which role by hierarchy and rest pose alone: mirrored limbs, their lengths, five fingers.

Proportions are those of human skeletons with room for cartoons. Whatever is not clearly one thing is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aqgt.retarget import roles
from aqgt.retarget.digits import find_fingers, finger_chains
from aqgt.retarget.rig import RigDescription
from aqgt.retarget.symmetry import Mirror, find_mirror
from aqgt.retarget.tree import Tree

Floats = NDArray[np.float64]

_LONG = 0.15
"""A limb's reach is at least this share of the rig's size."""
_ARM_RATIO, _LEG_RATIO, _SPREAD = 1.1, 1.0, 0.16
"""Upper over lower part of a limb, and the standard deviation of its logarithm (people: about 0.08)."""
_CLEAR = 1.5
"""How much worse (in squared deviations) the second best reading of a limb must be."""


@dataclass
class Shape:
    """What the rest pose tells.

    Attributes:
        bones: role to bone name.
        doubts: role to the reason why it may be wrong.
        sides_known: whether the rest pose itself shows where the front is, so that left is not a convention.
    """

    bones: dict[str, str] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)
    sides_known: bool = False


@dataclass(frozen=True)
class _Limbs:
    """A mirrored pair of limbs: where it is attached, and its first bones on both halves of the body."""

    attach: int
    first: tuple[int, int]


def find_by_shape(rig: RigDescription) -> Shape:
    """Role to bone name from hierarchy and rest joint positions; empty if no mirrored body is found."""
    shape = Shape()
    if len(rig) < 8:
        return shape
    tree = Tree(rig)
    mirror = find_mirror(tree)
    if mirror is None:
        return shape
    pair = _arms_and_legs(tree, mirror)
    if pair is None:
        return shape
    arms, legs = pair
    up = _up(tree, mirror, arms, legs)
    if up is None:
        return shape
    arm_paths = [_path_down(tree, one) for one in arms.first]
    leg_paths = [_path_down(tree, one) for one in legs.first]
    arm_roles = [_arm(tree, mirror, path) for path in arm_paths]
    leg_roles = [_leg(tree, path) for path in leg_paths]
    sides = _sides(tree, mirror, up, arm_roles, leg_roles)
    if sides is None:
        return shape
    order, shape.sides_known = sides
    found: dict[str, int] = {}
    for half, side in enumerate(order):
        for part in (arm_roles[half], leg_roles[half]):
            found.update({f"{side}_{role}": bone for role, bone in part.items()})
        if "hand" in arm_roles[half]:
            digits, doubts = find_fingers(tree, arm_roles[half]["hand"])
            found.update({f"{side}_{role}": bone for role, bone in digits.items()})
            shape.doubts.update({f"{side}_{role}": reason for role, reason in doubts.items()})
    found.update(_trunk(tree, mirror, up, arms, legs, shape.doubts))
    if not shape.sides_known:
        reason = "The rest pose does not show where the front is; left and right are a guess"
        shape.doubts.update({role: reason for role in found if role.split("_")[0] in roles.SIDES})
    shape.bones = {role: rig.names[bone] for role, bone in found.items()}
    return shape


def _arms_and_legs(tree: Tree, mirror: Mirror) -> tuple[_Limbs, _Limbs] | None:
    """The two long mirrored pairs that make a body: arms hang further from the root than legs and spread wider."""
    size = mirror.size
    pairs: list[_Limbs] = []
    for bone in range(len(tree.parents)):
        if not mirror.is_centre(bone):
            continue
        right = [c for c in tree.children[bone] if mirror.half[c] < 0]
        for left in [c for c in tree.children[bone] if mirror.half[c] > 0]:
            twin = mirror.twin(left, right)
            if twin is not None and min(tree.reach[left], tree.reach[twin]) > _LONG * size:
                pairs.append(_Limbs(bone, (left, twin)))
    best: tuple[float, _Limbs, _Limbs] | None = None
    for arms in pairs:
        for legs in pairs:
            if arms is legs or not _is_body(tree, mirror, arms, legs):
                continue
            score = tree.reach[arms.first[0]] + tree.reach[legs.first[0]]
            if best is None or score > best[0]:
                best = (float(score), arms, legs)
    return None if best is None else (best[1], best[2])


def _is_body(tree: Tree, mirror: Mirror, arms: _Limbs, legs: _Limbs) -> bool:
    """Whether legs hang straight and arms to the side of a bone that is further from the hips."""
    root = _common(tree, arms.attach, legs.attach)
    if arms.attach == root:
        return False
    ends = [_path_down(tree, pair.first[0])[-1] for pair in (arms, legs)]
    spread = [
        abs(mirror.offset(end) - mirror.offset(pair.first[0])) / max(float(tree.reach[pair.first[0]]), 1e-9)
        for end, pair in zip(ends, (arms, legs), strict=True)
    ]
    ratio = tree.reach[legs.first[0]] / tree.reach[arms.first[0]]
    return spread[0] > spread[1] and spread[1] < 0.4 and 0.7 < ratio < 2.2


def _common(tree: Tree, a: int, b: int) -> int:
    """The nearest bone above both (or one of them); -1 if there is none."""
    above = [b, *tree.ancestors(b)]
    return next((one for one in [a, *tree.ancestors(a)] if one in above), -1)


def _up(tree: Tree, mirror: Mirror, arms: _Limbs, legs: _Limbs) -> Floats | None:
    """The axis of the armature that leads from the feet over the hips to the shoulders."""
    shoulders = tree.heads[list(arms.first)].mean(axis=0)
    hips = tree.heads[list(legs.first)].mean(axis=0)
    feet = tree.heads[[_path_down(tree, one)[-1] for one in legs.first]].mean(axis=0)
    trunk, leg = shoulders - hips, hips - feet
    trunk[mirror.axis] = leg[mirror.axis] = 0.0
    axis = int(np.argmax(np.abs(trunk)))
    up: Floats = np.eye(3)[axis] * np.sign(trunk[axis])
    straight = up @ trunk > 0.7 * np.linalg.norm(trunk) and up @ leg > 0.7 * np.linalg.norm(leg)
    return up if straight else None


def _path_down(tree: Tree, first: int) -> list[int]:
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


def _arm(tree: Tree, mirror: Mirror, path: list[int]) -> dict[str, int]:
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


def _leg(tree: Tree, path: list[int]) -> dict[str, int]:
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
                cost += (_tilt(tree, path, hip, ankle) / 0.4) ** 2
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
    upper, lower = (_along(tree, path, a, b) for a, b in zip(joints, joints[1:], strict=False))
    if min(upper, lower) <= 1e-9:
        return 1e9
    return float((np.log(upper / lower / ratio) / _SPREAD) ** 2)


def _along(tree: Tree, path: list[int], start: int, stop: int) -> float:
    return max(
        sum(tree.distance(a, b) for a, b in zip(path[start:stop], path[start + 1 : stop + 1], strict=True)),
        1e-9,
    )


def _tilt(tree: Tree, path: list[int], start: int, stop: int) -> float:
    """How far the way between two joints is from straight: 0 for a straight limb."""
    return 1.0 - tree.distance(path[start], path[stop]) / _along(tree, path, start, stop)


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


def _sides(
    tree: Tree, mirror: Mirror, up: Floats, arms: list[dict[str, int]], legs: list[dict[str, int]]
) -> tuple[tuple[str, str], bool] | None:
    """Which half is left, and whether the rest pose shows it. None where its signs contradict each other."""
    third = ({0, 1, 2} - {mirror.axis, int(np.argmax(np.abs(up)))}).pop()
    votes = 0.0
    for limbs, strong in ((legs, 1.0), (arms, -1.0)):
        for one in limbs:
            middle, end = ("shin_1", "foot") if strong > 0 else ("forearm_1", "hand")
            start = "thigh_1" if strong > 0 else "upper_arm_1"
            if not {start, middle, end} <= set(one):
                continue
            a, b, c = (tree.heads[one[role]] for role in (start, middle, end))
            share = (b - a) @ (c - a) / max((c - a) @ (c - a), 1e-12)
            bend = (b - a - share * (c - a))[third] / np.linalg.norm(c - a)
            votes += strong * np.sign(bend) * (abs(bend) > 0.01)  # knees point ahead, elbows back
            below = tree.subtree(one[end])[1:]
            if below and end == "foot":
                ahead = (tree.heads[below].mean(axis=0) - c)[third] / np.linalg.norm(c - a)
                votes += 2.0 * np.sign(ahead) * (abs(ahead) > 0.05)
    if votes != 0.0 and abs(votes) < 2.0:
        return None
    front = np.zeros(3)
    # Without a sign, characters look along -y where z is up (Blender), along +z where y is up (glTF, FBX).
    front[third] = np.sign(votes) if votes else (-1.0 if third == 1 else 1.0)
    left = np.cross(up, front)[mirror.axis]
    return (("left", "right") if left > 0 else ("right", "left")), bool(votes)


def _trunk(
    tree: Tree, mirror: Mirror, up: Floats, arms: _Limbs, legs: _Limbs, doubts: dict[str, str]
) -> dict[str, int]:
    """Hips, spine, neck and head."""
    hips = _common(tree, arms.attach, legs.attach)
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
    found.update(_neck_and_head(tree, above, trunk, doubts))
    return found


def _carries_face(tree: Tree, mirror: Mirror, bone: int) -> bool:
    """Whether bones on both halves (eyes, ears, brows) hang on it or on short bones below it."""
    halves = {int(np.sign(mirror.half[c])) for c in tree.subtree(bone)[1:]}
    branches = len(tree.children[bone])
    return {-1, 1} <= halves and branches >= 2


def _neck_and_head(tree: Tree, above: list[int], trunk: float, doubts: dict[str, str]) -> dict[str, int]:
    if not above:
        return {}
    if len(above) == 1:
        doubts["head"] = "Only one bone stands above the shoulders: it may be the neck"
        return {"head": above[0]}
    last = tree.distance(above[-1], above[-2])
    leaf = not tree.children[above[-1]]
    if len(above) == 2:
        if leaf and last > 0.33 * trunk:
            return {"head": above[0]}
    else:
        neck = tree.distance(above[0], above[-2])
        if leaf and last > 1.3 * neck:
            above = above[:-1]
        if leaf and 1.1 < last / max(neck, 1e-9) < 1.5:
            doubts["head"] = "The last bone of the neck may be the top of the head"
    found = {f"neck_{k + 1}": bone for k, bone in enumerate(above[:-1])}
    return found | {"head": above[-1]}
