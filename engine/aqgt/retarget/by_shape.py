# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bone plays which role by hierarchy and rest pose alone: mirrored limbs, their lengths, five fingers.

Proportions are those of human skeletons with room for cartoons. What is not clearly one thing is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aqgt.retarget import roles
from aqgt.retarget.digits import find_fingers, has_leaves
from aqgt.retarget.limbs import find_arms, find_legs, is_hand, path_down
from aqgt.retarget.rig import RigDescription
from aqgt.retarget.symmetry import Mirror, find_mirror
from aqgt.retarget.tree import Tree
from aqgt.retarget.trunk import Limbs, common_ancestor, find_trunk

Floats = NDArray[np.float64]

_LONG = 0.15
"""A limb's reach is at least this share of the rig's size."""


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
    arm_paths = [path_down(tree, one) for one in arms.first]
    leg_paths = [path_down(tree, one) for one in legs.first]
    arm_roles = find_arms(tree, mirror, arm_paths)
    leg_roles = find_legs(tree, up, leg_paths)
    if not any(arm_roles):
        return shape
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
    hand = next((one["hand"] for one in arm_roles if "hand" in one), None)
    leafy = None if hand is None else has_leaves(tree, hand)
    found.update(find_trunk(tree, mirror, up, arms, legs, leafy, shape.doubts))
    if not shape.sides_known:
        reason = "The rest pose does not show where the front is; left and right are a guess"
        shape.doubts.update({role: reason for role in found if role.split("_")[0] in roles.SIDES})
    shape.bones = {role: rig.names[bone] for role, bone in found.items()}
    return shape


def _arms_and_legs(tree: Tree, mirror: Mirror) -> tuple[Limbs, Limbs] | None:
    """The two long mirrored pairs of a body; of several, arms with fingers and the longest limbs."""
    size = mirror.size
    pairs: list[Limbs] = []
    for bone in range(len(tree.parents)):
        if not mirror.is_centre(bone):
            continue
        right = [c for c in tree.children[bone] if mirror.half[c] < 0]
        for left in [c for c in tree.children[bone] if mirror.half[c] > 0]:
            twin = mirror.twin(left, right)
            if twin is not None and min(tree.reach[left], tree.reach[twin]) > _LONG * size:
                pairs.append(Limbs(bone, (left, twin)))
    best: tuple[tuple[bool, float], Limbs, Limbs] | None = None
    for arms in pairs:
        for legs in pairs:
            if arms is legs or not _is_body(tree, mirror, arms, legs):
                continue
            reach = float(tree.reach[arms.first[0]] + tree.reach[legs.first[0]])
            score = (is_hand(tree, path_down(tree, arms.first[0])[-1]), reach)
            if best is None or score > best[0]:
                best = (score, arms, legs)
    return None if best is None else (best[1], best[2])


def _is_body(tree: Tree, mirror: Mirror, arms: Limbs, legs: Limbs) -> bool:
    """Whether the arms hang on a bone further from the root than the legs, which lead straight away."""
    if arms.attach == common_ancestor(tree, arms.attach, legs.attach):
        return False
    first = legs.first[0]
    sideways = abs(mirror.offset(path_down(tree, first)[-1]) - mirror.offset(first))
    ratio = tree.reach[first] / tree.reach[arms.first[0]]
    return sideways < 0.4 * tree.reach[first] and 0.7 < ratio < 2.2


def _up(tree: Tree, mirror: Mirror, arms: Limbs, legs: Limbs) -> Floats | None:
    """The axis of the armature that leads from the feet over the hips to the shoulders."""
    shoulders = tree.heads[list(arms.first)].mean(axis=0)
    hips = tree.heads[list(legs.first)].mean(axis=0)
    feet = tree.heads[[path_down(tree, one)[-1] for one in legs.first]].mean(axis=0)
    trunk, leg = shoulders - hips, hips - feet
    trunk[mirror.axis] = leg[mirror.axis] = 0.0
    axis = int(np.argmax(np.abs(trunk)))
    up: Floats = np.eye(3)[axis] * np.sign(trunk[axis])
    straight = up @ trunk > 0.7 * np.linalg.norm(trunk) and up @ leg > 0.7 * np.linalg.norm(leg)
    return up if straight else None


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
