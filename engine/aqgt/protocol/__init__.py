# SPDX-License-Identifier: GPL-3.0-or-later
"""What client and engine say to each other: messages, their wire form, and the client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aqgt.protocol.client import EngineClient as Client
    from aqgt.protocol.connection import Timing

__all__ = ["Client", "Timing"]


def __getattr__(name: str) -> Any:
    # Whoever needs the messages alone (generation, formats of requests) loads no ZeroMQ for them.
    if name == "Client":
        from aqgt.protocol.client import EngineClient

        return EngineClient
    if name == "Timing":
        from aqgt.protocol.connection import Timing

        return Timing
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
