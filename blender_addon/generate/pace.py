# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the rest takes, by how long what is done took."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from bpy.app.translations import pgettext_iface as iface_

_MINUTE = 60
_LONG = 90
"""Seconds from which on minutes are told."""


@dataclass
class Pace:
    """Windows per second, measured from the first one that arrives: before it the engine may load a model."""

    clock: Callable[[], float] = time.monotonic
    _first: tuple[float, int] | None = None
    _last: int = 0

    def left(self, done: int, wanted: int) -> float | None:
        """Seconds until all windows are done; None as long as that can't be told."""
        now = self.clock()
        if self._first is None or done <= self._last:  # an engine that lost its worker begins again
            self._first = now, done
        self._last = done
        began, count = self._first
        if done == count:
            return None
        return (now - began) / (done - count) * (wanted - done)


def duration(seconds: float) -> str:
    """Time left, for people: whole seconds, or minutes where it is long."""
    if seconds > _LONG:
        return iface_("{} min left").format(math.ceil(seconds / _MINUTE))
    return iface_("{} s left").format(math.ceil(seconds))
