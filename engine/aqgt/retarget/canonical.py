# SPDX-License-Identifier: GPL-3.0-or-later
"""Bone names without what differs from tool to tool: case, separators, namespaces, the writing of sides."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_SIDE_WORDS = {
    "left": "left", "l": "left", "lf": "left", "lft": "left", "links": "left",
    "right": "right", "r": "right", "rt": "right", "rgt": "right", "rechts": "right",
}  # fmt: skip
_CENTRE = {"c", "ctr", "center", "centre"}
_ENDS = {"end", "nub", "site", "tip", "leaf", "effector"}
_NOISE = {"jnt", "joint", "bone", "bn", "jt"}


@dataclass(frozen=True)
class Name:
    """What is left of a bone name.

    Attributes:
        side: ``left``, ``right`` or empty.
        base: letters and digits in lower case; two numbers in a row are kept apart by ``_``.
        end: whether it is a leaf that importers add behind the last bone (``Head_end``, ``Toe0Nub``).
        words: the words of ``base``.
    """

    side: str
    base: str
    end: bool
    words: tuple[str, ...]

    @property
    def loose(self) -> str:
        """``base`` with leading zeros of its numbers dropped."""
        return without_zeros(self.base)


def without_zeros(base: str) -> str:
    """A base with leading zeros of its numbers dropped: ``index01`` → ``index1``."""
    return re.sub(r"(?<!\d)0+(\d)", r"\1", base)


@lru_cache(maxsize=16384)
def canonical(name: str) -> Name:
    """The canonical form of a bone name: ``mixamorig:LeftForeArm`` and ``fore_arm.L`` → left, ``forearm``."""
    short = re.split(r"[:|]", name)[-1] or name
    tokens = [token.lower() for token in _TOKEN.findall(short)]
    sides = {_SIDE_WORDS[token] for token in tokens if token in _SIDE_WORDS}
    side = sides.pop() if len(sides) == 1 else ""
    if side:
        tokens = [token for token in tokens if token not in _SIDE_WORDS]
    elif not sides and tokens:
        side, tokens = _glued_side(tokens)
    end = len(tokens) > 1 and tokens[-1] in _ENDS
    tokens = tokens[:-1] if end else tokens
    tokens = [token for token in tokens if token not in _NOISE | _CENTRE] or tokens
    return Name(side, _join(tokens), end, tuple(tokens))


def _glued_side(tokens: list[str]) -> tuple[str, list[str]]:
    """A side written without any boundary: ``lefthand``, ``handleft``."""
    for word in ("left", "right"):
        if tokens[0].startswith(word):
            return word, [tokens[0].removeprefix(word), *tokens[1:]]
        if tokens[-1].endswith(word):
            return word, [*tokens[:-1], tokens[-1].removesuffix(word)]
    return "", tokens


def _join(tokens: list[str]) -> str:
    base = ""
    for token in tokens:
        base += f"_{token}" if base[-1:].isdigit() and token.isdigit() else token
    return base
