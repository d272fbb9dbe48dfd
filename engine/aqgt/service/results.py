# SPDX-License-Identifier: GPL-3.0-or-later
"""Results whose client has not said yet that they arrived."""

from __future__ import annotations

from collections import OrderedDict

import zmq


class KeptResults:
    """The last answers, by the name of their job; the oldest goes where room or time is up.

    Args:
        most_bytes: for all of them.
        seconds: for each of them.
    """

    def __init__(self, most_bytes: int, seconds: float) -> None:
        self._most_bytes = most_bytes
        self._seconds = seconds
        self._kept: OrderedDict[str, tuple[bytes | zmq.Frame, float]] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, name: str, frame: bytes | zmq.Frame, now: float) -> None:
        """Keep an answer; one that is larger than all the room is not kept."""
        self.drop(name)
        if len(frame) > self._most_bytes:
            return
        self._kept[name] = (frame, now)
        self._bytes += len(frame)
        while self._bytes > self._most_bytes:
            self.drop(next(iter(self._kept)))

    def find(self, name: str) -> bytes | zmq.Frame | None:
        """The answer of a job."""
        kept = self._kept.get(name)
        return None if kept is None else kept[0]

    def drop(self, name: str) -> None:
        """Forget an answer."""
        kept = self._kept.pop(name, None)
        if kept is not None:
            self._bytes -= len(kept[0])

    def expire(self, now: float) -> None:
        """Forget what has been kept for too long."""
        while self._kept:
            name, (_, since) = next(iter(self._kept.items()))
            if now - since <= self._seconds:
                return
            self.drop(name)
