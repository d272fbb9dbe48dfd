# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is in the picture: faces followed through a scene, and which of them speaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FAR = 1.5
"""A face further than this many of its heights from its last place is another one's."""


@dataclass(eq=False)
class Person:
    """One face through a scene.

    Attributes:
        seen: numbers of the looks at which it was found.
        faces: per look `[x, y, width, height]` of the face, in pixels.
    """

    seen: list[int] = field(default_factory=list)
    faces: list[NDArray[np.float64]] = field(default_factory=list)

    @property
    def size(self) -> float:
        """Median height of the face."""
        return float(np.median([face[3] for face in self.faces]))

    @property
    def centre(self) -> float:
        """Median horizontal place of the face's middle."""
        return float(np.median([face[0] + face[2] / 2 for face in self.faces]))


def follow(looks: Sequence[NDArray[np.float64]], smallest_share: float) -> list[Person]:
    """The people of a scene, from left to right.

    Args:
        looks: for each look at the scene the faces `[N, 4]` that were found.
        smallest_share: whose face is found in fewer of the looks does not count: mistaken, or passing by.
    """
    people: list[Person] = []
    for number, faces in enumerate(looks):
        free = [person for person in people if person.seen[-1] < number]
        for face in sorted(faces, key=lambda one: -one[3]):
            near = min(free, key=lambda person: _apart(person, face), default=None)
            if near is None or _apart(near, face) > FAR:
                near = Person()
                people.append(near)
            else:
                free.remove(near)
            near.seen.append(number)
            near.faces.append(face)
    enough = [person for person in people if len(person.seen) >= max(1, smallest_share * len(looks))]
    return sorted(enough, key=lambda person: person.centre)


def _apart(person: Person, face: NDArray[np.float64]) -> float:
    last = person.faces[-1]
    distance = np.hypot(*(last[:2] + last[2:] / 2 - face[:2] - face[2:] / 2))
    return float(distance / max(last[3], face[3], 1e-6))


def speaker_of(people: Sequence[Person], rule: str, width: int) -> int:
    """Who is taken for the speaker, by number: ``largest``, ``central``, ``leftmost`` or ``rightmost``."""
    if rule == "leftmost":
        return 0
    if rule == "rightmost":
        return len(people) - 1
    if rule == "central":
        return min(range(len(people)), key=lambda one: abs(people[one].centre - width / 2))
    return max(range(len(people)), key=lambda one: people[one].size * len(people[one].seen))


def columns_of(people: Sequence[Person], chosen: int, width: int) -> tuple[int, int]:
    """The columns of the picture that belong to one of the people: up to the middle to each neighbour."""
    left, right = 0, width
    if chosen > 0:
        left = round((people[chosen - 1].centre + people[chosen].centre) / 2)
    if chosen < len(people) - 1:
        right = round((people[chosen].centre + people[chosen + 1].centre) / 2)
    return left, right
