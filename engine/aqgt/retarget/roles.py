# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles that a bone can play, and which of them belong together."""

from __future__ import annotations

import re

from aqgt.skeleton import FINGERS

SIDES = ("left", "right")

CENTRE_CHAINS = ("spine", "neck")
SIDE_CHAINS = ("upper_arm", "forearm", "thigh", "shin")
MAX_CHAIN = 9

PARTS = ("torso", "head", "left_arm", "right_arm", "left_hand", "right_hand", "left_fingers", "right_fingers")
"""Parts that can be left out or weighted; the arm holds the clavicle, the hand only the hand's own bone."""

LEG = ("thigh", "shin", "foot", "toes")
"""Words of the roles below the hips: known, so that a rig is understood, never moved."""

_SIDELESS = re.compile(
    r"(hips|head|(spine|neck)_[1-9])"
    r"|((clavicle|hand|foot|toes|(upper_arm|forearm|thigh|shin)_[1-9]|(" + "|".join(FINGERS) + r")_[123]))"
)


def template_is_sided(role: str) -> bool | None:
    """Whether a role of a bone map file exists once per side; None if there is no such role."""
    found = _SIDELESS.fullmatch(role)
    return None if found is None else found.group(1) is None


def is_role(role: str) -> bool:
    """Whether it is a role with its side spelt out, such as ``left_hand`` or ``head``."""
    side, _, rest = role.partition("_")
    return template_is_sided(rest) is True if side in SIDES else template_is_sided(role) is False


def part_of(role: str) -> str | None:
    """The part a role such as ``left_index_2`` belongs to; None for hips and legs, which never move."""
    if role == "hips":
        return None
    if role.startswith("spine_"):
        return "torso"
    if role == "head" or role.startswith("neck_"):
        return "head"
    side, _, rest = role.partition("_")
    first = rest.split("_")[0]
    if rest == "hand":
        return f"{side}_hand"
    if first in FINGERS:
        return f"{side}_fingers"
    return None if first in LEG else f"{side}_arm"


def chain_roles(name: str) -> list[str]:
    """All roles a chain may have, root first: ``left_upper_arm`` → left_upper_arm_1, left_upper_arm_2, …"""
    return [f"{name}_{k}" for k in range(1, MAX_CHAIN + 1)]


def standard_roles() -> list[str]:
    """The roles of a common humanoid with five fingers, in the order a user reads them."""
    arm = ("clavicle", "upper_arm_1", "forearm_1", "hand", *(f"{f}_{k}" for f in FINGERS for k in (1, 2, 3)))
    leg = ("thigh_1", "shin_1", "foot", "toes")
    return ["hips", "spine_1", "neck_1", "head"] + [
        f"{side}_{role}" for part in (arm, leg) for side in SIDES for role in part
    ]


def describe(role: str) -> str:
    """A role in words: ``left_upper_arm_1`` → “left upper arm”."""
    side, _, rest = role.partition("_")
    words = (role if side not in SIDES else f"{side}_{rest}").replace("_", " ")
    chain = role.rpartition("_")[0].removeprefix("left_").removeprefix("right_")
    return words[:-2] if chain in CENTRE_CHAINS + SIDE_CHAINS and words.endswith(" 1") else words


def other_side(role: str) -> str:
    """The same role on the other side; a role of the middle is returned as it is."""
    side, _, rest = role.partition("_")
    return f"{SIDES[1 - SIDES.index(side)]}_{rest}" if side in SIDES else role


_ORDER = ("hips", "spine", "neck", "head", "clavicle", "upper_arm", "forearm", "hand", *FINGERS, *LEG)


def sort_key(role: str) -> tuple[bool, bool, str, int, str]:
    """Orders roles as a user reads them: trunk, then arm and fingers of each side, then legs."""
    side, _, rest = role.partition("_")
    rest = rest if side in SIDES else role
    chain = rest.rpartition("_")[0] if rest[-1].isdigit() else rest
    return chain in LEG, side in SIDES, side if side in SIDES else "", _ORDER.index(chain), role
