# SPDX-License-Identifier: GPL-3.0-or-later
"""What broker and workers say to each other: the kind of message, then its parts, a frame each.

Requests and answers pass the broker as the bytes that client and worker wrote, so it never packs a motion.

* worker → broker: ``READY token hello facts`` · ``FAILED token error`` · ``PROGRESS number answer`` ·
  ``DONE number outcome answer`` · ``FREE models`` · ``TAKEN number`` (a ``LIVE`` or ``FEED`` was seen to)
* broker → worker: ``RUN number request [number request …]`` · ``CANCEL number`` · ``LIVE number request`` ·
  ``FEED number chunk``
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import msgpack

READY, FAILED, PROGRESS, DONE, FREE, TAKEN = b"ready", b"failed", b"progress", b"done", b"free", b"taken"
RUN, CANCEL, LIVE, FEED = b"run", b"cancel", b"live", b"feed"
OK, ERROR, CANCELLED = b"ok", b"error", b"cancelled"


@dataclass(frozen=True)
class Facts:
    """What a worker says of itself when it is ready.

    Attributes:
        devices: how many devices like its own the machine has.
        batchable: models whose jobs it runs together.
        models: models it holds in memory.
    """

    devices: int = 1
    batchable: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    def pack(self) -> bytes:
        """As a frame."""
        packed: bytes = msgpack.packb(asdict(self))
        return packed

    @classmethod
    def unpack(cls, frame: bytes) -> Facts:
        """From a frame."""
        values: dict[str, Any] = msgpack.unpackb(frame, use_list=False)
        return cls(**values)
