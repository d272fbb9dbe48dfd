# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bone of one armature plays which role, how that was found, and what else of the rig matters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from aqgt.retarget import roles

HOW = ("preset", "humanoid map", "name", "geometry", "manual", "")
"""How a bone was found: bone map, map inside the file, words of its name, shape and place, by hand, not."""

_NEEDED = ("upper_arm_1", "forearm_1")


@dataclass(frozen=True)
class Row:
    """One line of the table that a user reads and corrects.

    Attributes:
        role: such as ``left_upper_arm_1``.
        bone: the bone that plays it; empty if none does.
        how: one of ``HOW``; empty if there is no bone.
        confidence: 0 (a guess) to 1 (certain).
        doubtful: whether the user should look at it.
        reason: why it is doubtful, in words; empty if it is not.
    """

    role: str
    bone: str = ""
    how: str = ""
    confidence: float = 1.0
    doubtful: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Switch:
    """A custom property that decides whether the mapped control bones move a part of the character.

    Attributes:
        part: one of ``roles.PARTS``.
        bone: the pose bone that holds the property.
        property: its name.
        fk: value at which the mapped bones move the part; this is what gets keyed.
        ik: value at which they do not (IK, or a control that keeps its direction).
    """

    part: str
    bone: str
    property: str
    fk: float
    ik: float


@dataclass(frozen=True)
class Mapping:
    """Which bone of one armature plays which role.

    Attributes:
        bones: role to bone name.
        bone_map: name of the bone map that was used; empty where none was.
        missing: roles of a common rig that have no bone.
        report: sentences for the user.
        twist: role of a limb (``left_forearm_1``) to its twist bones, each with its share: how much of the
            roll between the two ends of the whole limb it takes, 0 at the upper end, 1 at the lower. Twist
            bones lie beside the limb; bones in line with it are roles of their own (``left_forearm_2``).
        switches: properties to be keyed so that the mapped bones move the character.
        controls: whether the bones are an animator's controls, joined by constraints: then each turns with
            the mapped bone above it in the body (upper arm with clavicle; ``tree.carrier_role`` tells which),
            whatever its parent in the armature.
        rows: one per role, those without a bone included.
    """

    bones: dict[str, str]
    bone_map: str = ""
    missing: tuple[str, ...] = ()
    report: tuple[str, ...] = ()
    twist: dict[str, tuple[tuple[str, float], ...]] = field(default_factory=dict)
    switches: tuple[Switch, ...] = ()
    controls: bool = False
    rows: tuple[Row, ...] = ()

    def chain(self, name: str) -> list[str]:
        """The roles of a chain (``spine``, ``neck``, ``left_upper_arm``, …) that are there, root first."""
        return [role for role in roles.chain_roles(name) if role in self.bones]

    def without(self, leave_out: Callable[[str], bool]) -> Mapping:
        """The same mapping less the roles for which ``leave_out(role)`` holds."""
        return replace(
            self,
            bones={role: bone for role, bone in self.bones.items() if not leave_out(role)},
            twist={role: bones for role, bones in self.twist.items() if not leave_out(role)},
        )

    def sides(self) -> list[str]:
        """The sides whose arm can be moved."""
        return [s for s in roles.SIDES if all(f"{s}_{role}" in self.bones for role in _NEEDED)]
