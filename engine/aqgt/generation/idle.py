# SPDX-License-Identifier: GPL-3.0-or-later
"""The small movements that a network trained by regression averages away: breathing, sway, nods on accents.

They are made by rules, seeded, and laid over a network's motion as rotations of trunk and head, where the
model's config asks for them. The corpus of the default model holds the same kind of movement; its network
can't tell when they come.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aqgt import rotations, skeleton
from aqgt.speech.prosody import analyse
from aqgt.words import Word

_BREATH_DEGREES, _BREATH_HERTZ = 0.5, (0.22, 0.3)
# Degrees and cycles per second of the slow noise of trunk and head; pitch, yaw and roll alike.
_SWAY_DEGREES, _SWAY_HERTZ = 1.0, (0.06, 0.3)
_HEAD_DEGREES, _HEAD_HERTZ = 2.2, (0.1, 0.6)
_HEAD_AXES = np.array([0.7, 1.4, 0.6])
_WAVES = 5
_NOD_DEGREES, _NOD_WIDTH, _NOD_SHARE, _NOD_PAUSE = 5.0, 0.13, 0.7, 0.6
_GROW_SECONDS = 1.0
NOD_REACH = 3 * _NOD_WIDTH
"""Seconds before its word at which a nod begins."""
_FORGOTTEN = 10.0
_HEAD_JOINTS = [skeleton.NOSE, skeleton.HEAD_TOP]


class IdleMotion:
    """Breathing, sway, head movement and nods of one clip, for every variant.

    Args:
        audio: `[N]` mono samples at 16 kHz.
        words: timed words; stressed ones get nods.
        seeds: one per variant.
        fps: frames per second.
        strength: 1 = usual, 0 = none.
        grows_from: second at which the movements begin, growing over a second, since the motion goes on from
            a given pose; None: they are there from the clip's beginning.
    """

    def __init__(
        self,
        audio: NDArray[np.float32],
        words: Sequence[Word],
        seeds: Sequence[int],
        fps: float,
        strength: float,
        *,
        grows_from: float | None = None,
    ) -> None:
        self.fps, self.strength, self._grows_from = fps, strength, grows_from
        stressed = [(word.peak, word.stress) for word in analyse(audio, words).words] if words else []
        self._performers = [_Performer(stressed, seed) for seed in seeds]

    def apply(self, vectors: NDArray[np.float32], first_frame: int) -> NDArray[np.float32]:
        """Bone vectors `[V, T, 53, 3]`, from frame ``first_frame`` of the clip on, with the movements."""
        times = (first_frame + np.arange(vectors.shape[1])) / self.fps
        strength = self._strength_at(times)[:, None]
        moved = np.empty_like(vectors)
        for variant, performer in enumerate(self._performers):
            trunk, head = (
                rotations.from_rotation_vector(np.radians(strength * degrees))[:, None]
                for degrees in performer.degrees(times)
            )
            moved[variant] = rotations.rotate(trunk, vectors[variant])
            moved[variant][:, _HEAD_JOINTS] = rotations.rotate(head, moved[variant][:, _HEAD_JOINTS])
        return moved

    def hear(self, audio: NDArray[np.float32], words: Sequence[Word], since: float, *, offset: float) -> None:
        """More of a clip that is still being said: its stressed words get nods, too.

        Args:
            audio: `[N]` the last seconds of sound.
            words: the words in it, timed from its beginning.
            since: second of the clip from which nods may still be added.
            offset: second of the clip at which ``audio`` begins.
        """
        said = analyse(audio, words).words if words else ()
        stressed = [(offset + word.peak, word.stress) for word in said]
        for performer in self._performers:
            performer.add_nods(stressed, since)

    def _strength_at(self, times: NDArray) -> NDArray:
        if self._grows_from is None:
            return np.full(len(times), self.strength)
        x = np.clip((times - self._grows_from) / _GROW_SECONDS, 0, 1)
        return self.strength * x * x * (3 - 2 * x)


class _Performer:
    """The movements of one variant: smooth functions of time, so that any stretch can be made alone."""

    def __init__(self, stressed: Sequence[tuple[float, float]], seed: int) -> None:
        random = np.random.default_rng([0x69646C65, seed])
        self._breath = (random.uniform(*_BREATH_HERTZ), random.uniform(0, 2 * np.pi))
        self._sway = _waves(random, _SWAY_HERTZ)
        self._head = _waves(random, _HEAD_HERTZ)
        self._nods = _choose_nods(stressed, random)
        self._random = random

    def add_nods(self, stressed: Sequence[tuple[float, float]], since: float) -> None:
        """Nods for words from a second on; those that are long past are forgotten."""
        nods = [nod for nod in self._nods if nod[0] > since - _FORGOTTEN]
        since = max(since, nods[-1][0] + _NOD_PAUSE if nods else since)
        self._nods = nods + _choose_nods(stressed, self._random, since)

    def degrees(self, times: NDArray) -> tuple[NDArray, NDArray]:
        """Rotation vectors `[T, 3]` in degrees of the trunk, and of the head on top of it."""
        trunk = _SWAY_DEGREES * _noise(self._sway, times)
        hertz, phase = self._breath
        trunk[:, 0] += _BREATH_DEGREES * np.sin(2 * np.pi * hertz * times + phase)
        head = _HEAD_DEGREES * _HEAD_AXES * _noise(self._head, times)
        for second, strength in self._nods:
            # Turning about the axis to the speaker's left by a positive angle lowers the nose.
            head[:, 0] += _NOD_DEGREES * strength * np.exp(-0.5 * ((times - second) / _NOD_WIDTH) ** 2)
        return trunk, head


def _choose_nods(
    stressed: Sequence[tuple[float, float]], random: np.random.Generator, since: float = 0.0
) -> list[tuple[float, float]]:
    """Times and strengths of the nods: most of the more stressed words, never two in quick succession."""
    if not stressed:
        return []
    threshold = float(np.median([stress for _, stress in stressed]))
    chosen: list[tuple[float, float]] = []
    for second, stress in sorted(stressed):
        wanted = second >= since and stress > threshold and random.random() < _NOD_SHARE
        if wanted and (not chosen or second - chosen[-1][0] >= _NOD_PAUSE):
            chosen.append((second, (0.5 + 0.8 * stress) * random.uniform(0.7, 1.2)))
    return chosen


def _waves(random: np.random.Generator, hertz: tuple[float, float]) -> tuple[NDArray, NDArray]:
    """Frequencies and phases `[waves, 3]` of a slow noise about three axes."""
    return random.uniform(*hertz, (_WAVES, 3)), random.uniform(0, 2 * np.pi, (_WAVES, 3))


def _noise(waves: tuple[NDArray, NDArray], times: NDArray) -> NDArray:
    """Sum of sines `[T, 3]` with a root mean square of 1."""
    hertz, phases = waves
    angles = 2 * np.pi * hertz * times[:, None, None] + phases
    return np.sin(angles).sum(axis=1) * np.sqrt(2 / _WAVES)
