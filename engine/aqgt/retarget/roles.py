# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles that a bone can play, and which of them belong together."""

from __future__ import annotations

import re

from aqgt.skeleton import FINGERS

SIDES = ("left", "right")

CENTRE_CHAINS = ("spine", "neck")
SIDE_CHAINS = ("upper_arm", "forearm")
MAX_CHAIN = 9

PARTS = ("torso", "head", "left_arm", "right_arm", "left_hand", "right_hand", "left_fingers", "right_fingers")
"""Parts that can be left out or weighted; the arm holds the clavicle, the hand only the hand's own bone."""

_SIDELESS = re.compile(
    r"(hips|head|(spine|neck)_[1-9])"
    r"|((clavicle|hand|(upper_arm|forearm)_[1-9]|(" + "|".join(FINGERS) + r")_[123]))"
)


def template_is_sided(role: str) -> bool | None:
    """Whether a role of a bone map file exists once per side; None if there is no such role."""
    found = _SIDELESS.fullmatch(role)
    return None if found is None else found.group(1) is None


def part_of(role: str) -> str | None:
    """The part a role such as ``left_index_2`` belongs to; None for the hips, which never move."""
    if role == "hips":
        return None
    if role.startswith("spine_"):
        return "torso"
    if role == "head" or role.startswith("neck_"):
        return "head"
    side, _, rest = role.partition("_")
    if rest == "hand":
        return f"{side}_hand"
    if rest.split("_")[0] in FINGERS:
        return f"{side}_fingers"
    return f"{side}_arm"


def chain_roles(name: str) -> list[str]:
    """All roles a chain may have, root first: ``left_upper_arm`` → left_upper_arm_1, left_upper_arm_2, …"""
    return [f"{name}_{k}" for k in range(1, MAX_CHAIN + 1)]


def describe(role: str) -> str:
    """A role in words: ``left_upper_arm_1`` → “left upper arm”."""
    side, _, rest = role.partition("_")
    words = (role if side not in SIDES else f"{side}_{rest}").replace("_", " ")
    chain = role.rpartition("_")[0].removeprefix("left_").removeprefix("right_")
    return words[:-2] if chain in CENTRE_CHAINS + SIDE_CHAINS and words.endswith(" 1") else words
