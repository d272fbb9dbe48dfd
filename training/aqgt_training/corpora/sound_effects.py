# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sound of a moment says to a composed motion: how loud it is, and how hard it sets in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import maximum_filter1d

from aqgt.planner.sound import RATE, Sound
from aqgt_training.corpora.compose_config import SoundEffects

_AROUND = 0.15
"""Seconds before and after a moment that count as its own."""
_RISE = 0.05
"""Seconds over which the rise of the loudness is taken."""
_NOD_SHARE = 0.6


class Heard:
    """Loudness and onsets of one clip against what is usual in its speech.

    Args:
        sound: of the clip.
        effects: how much of it the motion follows.
    """

    def __init__(self, sound: Sound, effects: SoundEffects) -> None:
        self.effects = effects
        width = 2 * int(_AROUND * RATE) + 1
        self._level = maximum_filter1d(sound.loudness, width, mode="nearest")
        step = int(_RISE * RATE)
        rise = np.zeros(len(sound.loudness))
        rise[step:] = np.maximum(sound.loudness[step:] - sound.loudness[:-step], 0.0)
        self._rise = maximum_filter1d(rise, width, mode="nearest")
        spoken = sound.speech if sound.speech.any() else np.ones(len(rise), bool)
        self._usual_level = float(np.median(self._level[spoken]))
        self._usual_rise = max(float(np.median(self._rise[spoken])), 1e-6)

    def louder(self, second: float) -> float:
        """By how many times 10 dB a moment is louder than usual, -1.5 to 1.5."""
        return float(np.clip((self._level[self._frame(second)] - self._usual_level) / 10, -1.5, 1.5))

    def harder(self, second: float) -> float:
        """How hard the sound sets in around a moment: 0 as usual, towards 1 harder, towards -1 softer."""
        return float(np.tanh(self._rise[self._frame(second)] / self._usual_rise - 1))

    def size(self, second: float) -> float:
        """Factor on the size of a gesture that arrives there."""
        return 1 + self.effects.size * self.louder(second)

    def sharpness(self, second: float) -> float:
        """Sharpness of a stroke that arrives there, see `PlacedGesture`."""
        return self.effects.sharpness * self.harder(second)

    def accented(self, accents: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        """Accents (second, strength), louder ones stronger."""
        gain = self.effects.accents
        return [(t, strength * max(0.0, 1 + gain * self.louder(t))) for t, strength in accents]

    def nods(
        self, accents: Sequence[tuple[float, float]], random: np.random.Generator
    ) -> list[tuple[float, float]]:
        """Accents that the head marks: 60 %, the loudest or by chance, at least half a second apart."""
        levels = [self.louder(second) for second, _ in accents]
        enough = float(np.quantile(levels, 1 - _NOD_SHARE)) if levels else 0.0
        chosen: list[tuple[float, float]] = []
        for (second, strength), level in zip(accents, levels, strict=True):
            share = (1 - self.effects.nods) * _NOD_SHARE + self.effects.nods * (level >= enough)
            if random.random() < share and (not chosen or second - chosen[-1][0] > 0.5):
                chosen.append((second, strength))
        return chosen

    def _frame(self, second: float) -> int:
        return int(np.clip(second * RATE, 0, len(self._level) - 1))
