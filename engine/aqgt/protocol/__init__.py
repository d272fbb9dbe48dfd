# SPDX-License-Identifier: GPL-3.0-or-later
"""What client and engine say to each other: messages, their wire form, and the client."""

from aqgt.protocol.client import EngineClient as Client
from aqgt.protocol.connection import Timing

__all__ = ["Client", "Timing"]
